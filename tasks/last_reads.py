"""What the last whole reads of the sources tell of people, beside what is read now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ledger import Ledger
from provisioning.model.guessed_rows import guessed_rows
from provisioning.model.keys import positions
from provisioning.model.snapshots import Memory, SourceSnapshot


def recall_unlisted(ledger: Ledger, memory: Memory, sources: Mapping[str, SourceSnapshot]) -> Memory:
    """The memory with whom the last reads did not list, of sources in which a row may be anybody's.

    A read whose files are lost lists nobody.
    """
    unlisted = {}
    for name, snapshot in sources.items():
        linked = memory.links.loc[memory.links["source"] == name, "source_id"]
        missing = linked[positions(linked, snapshot.identities["source_id"]) < 0]
        if missing.empty or guessed_rows(snapshot.rejects).empty:
            continue
        last = ledger.last_complete(name)
        if last is not None and not last.absent():
            missing = missing[positions(missing, last.frame("identities")["source_id"]) < 0]
        unlisted[name] = frozenset(missing)
    return replace(memory, unlisted=unlisted)
