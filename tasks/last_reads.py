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

    How they were known is told by the read that the target was last decided by, for there may be newer ones,
    made while it could not be reached; of whom it did not list either, by the last reads that did. One whose
    files are lost says nothing.
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
        if (positions(linked["source_id"], working) >= 0).all() and not doubted:
            continue
        missing = linked[positions(linked["source_id"], people["source_id"]) < 0]
        last = ledger.last_complete(name, at=decided) if len(missing) else None
        before = None if last is None or last.absent() else complete(Identities, last.frame("identities"))
        if last is not None and before is not None and _somebody_came(people, linked, before):
            before = _with_earlier(ledger, name, missing, memory, last, before)
        memory = follow_renamed(memory, name, before, people, target.accounts, at)
    return memory


def _somebody_came(people: pd.DataFrame, linked: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether anybody with a number is listed who is not linked and was not listed before."""
    new = people.loc[people["employee_number"].notna(), "source_id"]
    known = pd.concat([linked["source_id"], before["source_id"]])
    return bool((positions(new, known) < 0).any())


def _with_earlier(
    ledger: Ledger, name: str, missing: pd.DataFrame, memory: Memory, last: Snapshot, known: pd.DataFrame
) -> pd.DataFrame:
    """What a read listed, and whom it did not list either as earlier reads did."""
    for read in islice(_earlier(ledger, name, missing, memory, last), LOOKED_AT):
        wanted = missing[positions(missing["source_id"], known["source_id"]) < 0]
        if wanted.empty:
            break
        if read is None or read.absent():
            continue
        listed = complete(Identities, read.frame("identities"))
        known = concat(Identities, [known, listed[positions(listed["source_id"], wanted["source_id"]) >= 0]])
    return known


def _earlier(
    ledger: Ledger, name: str, missing: pd.DataFrame, memory: Memory, last: Snapshot
) -> Iterator[Snapshot | None]:
    """Reads that may list those who are missing: before each was first missed, and one after another."""
    since = missing["account_id"].map(memory.leavers).dropna()
    for moment in sorted({moment - _JUST_BEFORE for moment in since}, reverse=True):
        yield ledger.last_complete(name, at=moment)
    if len(since) == len(missing):
        return
    # Whoever is missed without having left was held for a row that could not be read.
    step: Snapshot | None = last
    while step is not None:
        step = ledger.last_complete(name, before=step.digest)
        yield step


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
