"""What the last whole reads of the sources tell of people, beside what is read now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import pandas as pd

from ledger import Ledger, Snapshot
from provisioning.decide.people import DEPARTED, derive_presence
from provisioning.decide.renamed import follow_renamed
from provisioning.model.frames import Identities, complete, concat
from provisioning.model.guessed_rows import guessed_rows
from provisioning.model.keys import positions
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot

LOOKED_AT = 10
"""Earlier reads in which people are looked for who are in none of the last ones."""
_JUST_BEFORE = timedelta(microseconds=1)


def follow_people(
    ledger: Ledger,
    memory: Memory,
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    at: datetime,
) -> Memory:
    """The memory with the identifiers that people go by now, where a source has somebody at work no more.

    How they were known is told by the last reads that listed them.
    """
    decided = ledger.last_planned(target.target)
    for name, snapshot in sources.items():
        linked = memory.links[memory.links["source"] == name]
        people = snapshot.identities
        doubted = memory.doubted["source"].eq(name).any()
        # Most sources tell no such number, and of them the last read need not be loaded.
        if not snapshot.complete or (people["employee_number"].isna().all() and not doubted):
            continue
        working = people.loc[derive_presence(people, at) != DEPARTED, "source_id"]
        if linked["source_id"].isin(working).all() and not doubted:
            continue
        missing = linked[~linked["source_id"].isin(people["source_id"])]
        before = _list_as_known(ledger, name, missing, memory, decided) if len(missing) else None
        memory = follow_renamed(memory, name, before, people, target.accounts, at)
    return memory


def _list_as_known(
    ledger: Ledger, name: str, missing: pd.DataFrame, memory: Memory, decided: datetime | None
) -> pd.DataFrame | None:
    """The read that the target was last decided by, and whom it did not list either as earlier ones did.

    There may be newer reads, made while the target could not be reached. One whose files are lost says
    nothing.
    """
    last = ledger.last_complete(name, at=decided)
    if last is None or last.absent():
        return None
    known = complete(Identities, last.frame("identities"))
    for read in islice(_earlier(ledger, name, missing, memory, last), LOOKED_AT):
        wanted = missing[~missing["source_id"].isin(known["source_id"])]
        if wanted.empty:
            break
        listed = complete(Identities, read.frame("identities"))
        known = concat(Identities, [known, listed[listed["source_id"].isin(wanted["source_id"])]])
    return known


def _earlier(
    ledger: Ledger, name: str, missing: pd.DataFrame, memory: Memory, last: Snapshot
) -> Iterator[Snapshot]:
    """Reads that may list those who are missing: before each was first missed, and one after another."""
    since = missing["account_id"].map(memory.leavers).dropna()
    moments = sorted({moment - _JUST_BEFORE for moment in since}, reverse=True)
    found = [ledger.last_complete(name, at=moment) for moment in moments[:LOOKED_AT]]
    if len(since) < len(missing):
        # Whoever is missed without having left was held for a row that could not be read.
        step: Snapshot | None = last
        while step is not None and len(found) < LOOKED_AT:
            step = ledger.last_complete(name, before=step.digest)
            found.append(step)
    return (read for read in found if read is not None and not read.absent())


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
