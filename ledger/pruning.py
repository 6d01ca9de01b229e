"""Forgetting: old reads, old runs, and what is remembered of people who are long gone.

What later runs decide by stays: the last complete read of each origin, the last run that wrote each target,
every run whose writes are not settled, and every plan that one of these still needs. What stays in a plan of
someone who is long gone has neither name nor address, and can no longer be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, exists, false, func, not_, select, update

from ledger import tables
from ledger.errors import SnapshotDamaged
from ledger.history_gone import forget_history
from ledger.people_gone import PeopleGone, Present
from ledger.snapshots import Snapshots
from ledger.store import chunks

ORPHANED = timedelta(days=1)
"""Age at which a file that no snapshot holds belongs to no run any more; a young one may be about to."""


class Moments(NamedTuple):
    """What is older than these goes; no run since `undo` loses anything."""

    undo: datetime
    snapshots: datetime
    runs: datetime
    people: datetime
    seats: datetime


class Pruned(NamedTuple):
    """How much went, or would go."""

    snapshots: int
    runs: int
    plans: int
    people: int
    """Rows about people who are long gone: links, ownership, changes, names in the history of seats."""
    files: int
    """Files of reads that no snapshot holds any more."""


class Pruning(Snapshots):
    """The part of the ledger that forgets."""

    def prune(self, now: datetime, before: Moments, origins: Collection[str], *, really: bool) -> Pruned:
        """Forget what is older than these moments, or say what would be forgotten.

        Args:
            now: aware time of now.
            before: the moments.
            origins: sources and targets that the policy names; the last read of any other goes too.
            really: whether it is done; the ledger is as it was otherwise.
        """
        present = {name: self._present(name) for name in origins}
        with self._writing() as connection:
            pruned = Pruned(
                snapshots=_forget_snapshots(connection, before.snapshots, origins),
                people=_forget_people(connection, before, present),
                runs=_forget_runs(connection, min(before.runs, before.undo)),
                plans=_forget_plans(connection),
                files=0,
            )
            _forget_policies(connection, before.runs)
            held = {
                digest
                for files in connection.scalars(select(tables.snapshots.c.files))
                for digest in files.values()
            }
            held |= set(connection.scalars(select(tables.link_copies.c.file)))
            if not really:
                connection.rollback()
        orphans = self._frame_files.forget(held, now - ORPHANED, really=really)
        if really:
            self._give_back_space()
        return pruned._replace(files=orphans)

    def _present(self, origin: str) -> set[str] | None:
        """Identifiers that the last complete read of an origin lists; None where there is none."""
        last = self.last_complete(origin)
        if last is None:
            return None
        part, key = ("accounts", "account_id") if "accounts" in last.files else ("identities", "source_id")
        try:
            return set(last.frame(part)[key])
        except SnapshotDamaged:
            return None

    def _give_back_space(self) -> None:
        """What was deleted stays in the pages of a SQLite file until it is written anew."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect() as connection:
            plain: Any = connection.connection.driver_connection
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                plain.execute(statement).close()


def _forget_snapshots(connection: Connection, before: datetime, origins: Collection[str]) -> int:
    """Delete old reads but the last, and the last complete, of each origin."""
    c = tables.snapshots.c
    last = select(func.max(c.seq)).where(c.origin.in_(origins)).group_by(c.origin)
    whole = last.where(c.complete)
    old = delete(tables.snapshots).where(c.taken_at < before, c.seq.not_in(last), c.seq.not_in(whole))
    return connection.execute(old).rowcount


def _forget_people(connection: Connection, before: Moments, present: Present) -> int:
    """Forget people who are long gone, and what the history of seats need not keep."""
    gone = PeopleGone(connection, min(before.people, before.undo), present).forget()
    return gone + forget_history(connection, before.seats.date(), before.people.date())


def _forget_runs(connection: Connection, before: datetime) -> int:
    """Delete old runs that nothing needs, with all that refers to them."""
    kept = _needed_runs(connection, before)
    c = tables.runs.c
    doomed = [
        run for run in connection.scalars(select(c.run_id).where(c.started_at < before)) if run not in kept
    ]
    for part in chunks(doomed):
        for table in reversed(tables.metadata.sorted_tables):
            for column in _refers_to(table, tables.runs):
                mine = table.c[column].in_(part)
                if table.c[column].nullable:
                    connection.execute(update(table).where(mine).values({column: None}))
                else:
                    connection.execute(delete(table).where(mine))
        connection.execute(delete(tables.runs).where(c.run_id.in_(part)))
    return len(doomed)


def _needed_runs(connection: Connection, before: datetime) -> set[str]:
    """Runs that write, wrote last, or came to a plan that one of these, or a younger run, wrote."""
    runs, intents, outcomes, planned = tables.runs, tables.intents, tables.outcomes, tables.planned
    needed = set(connection.scalars(select(tables.leases.c.run_id)))
    needed |= set(connection.scalars(select(intents.c.run_id).where(intents.c.settled == false())))
    last = select(func.max(outcomes.c.seq)).join(
        tables.changes,
        (tables.changes.c.fingerprint == outcomes.c.fingerprint)
        & (tables.changes.c.change_id == outcomes.c.change_id),
    )
    last = last.group_by(tables.changes.c.target)
    needed |= set(connection.scalars(select(outcomes.c.run_id).where(outcomes.c.seq.in_(last))))
    young = set(connection.scalars(select(runs.c.run_id).where(runs.c.started_at >= before)))
    used: set[str] = set()
    for table in (intents, outcomes, planned):
        for part in chunks(sorted(needed | young)):
            query = select(table.c.fingerprint).where(table.c.run_id.in_(part)).distinct()
            used |= set(connection.scalars(query))
    for part in chunks(sorted(used)):
        newest = select(func.max(planned.c.seq)).where(planned.c.fingerprint.in_(part))
        newest = newest.group_by(planned.c.fingerprint)
        needed |= set(connection.scalars(select(planned.c.run_id).where(planned.c.seq.in_(newest))))
    return needed


def _forget_plans(connection: Connection) -> int:
    """Delete plans that no run came to or wrote any more, with their changes and approvals."""
    p = tables.plans.c
    users = (tables.planned, tables.intents, tables.outcomes)
    unused = [not_(exists().where(table.c.fingerprint == p.fingerprint)) for table in users]
    doomed = list(connection.scalars(select(p.fingerprint).where(*unused)))
    for part in chunks(doomed):
        for table in reversed(tables.metadata.sorted_tables):
            for column in _refers_to(table, tables.plans):
                connection.execute(delete(table).where(table.c[column].in_(part)))
        connection.execute(delete(tables.plans).where(p.fingerprint.in_(part)))
    return len(doomed)


def _forget_policies(connection: Connection, before: datetime) -> None:
    """Delete which policies were applied, but the last to each target."""
    c = tables.policies.c
    last = select(func.max(c.seq)).group_by(c.target)
    connection.execute(delete(tables.policies).where(c.at < before, c.seq.not_in(last)))


def _refers_to(table: Table, other: Table) -> Iterator[str]:
    """Columns of a table that hold the key of another."""
    for constraint in table.foreign_key_constraints:
        if constraint.referred_table is other:
            yield from constraint.column_keys
