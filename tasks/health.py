"""Whether what Seatwise remembers is whole and fresh: ledger, snapshots, age of reads, who writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ledger import Snapshot
from ledger.errors import LedgerUnavailable
from provisioning.model.findings import Finding
from tasks.session import Session

OLD = timedelta(hours=48)
"""A source that is read every hour, or every night, has been read since."""
ROOM = 1_000_000_000
"""Bytes that should be free where snapshots are written."""


def check_memory(session: Session) -> Iterator[Finding]:
    """What the ledger of an open session has to say; that it is open is the first of it."""
    yield Finding("ok", "ledger", "can be read and has the tables of this version")
    yield _check_store(session)
    for name in (*session.source_names, *session.target_names):
        yield from _check_read(session, name)
    yield from _check_leases(session)


def _check_store(session: Session) -> Finding:
    try:
        free = session.ledger.room()
    except LedgerUnavailable as error:
        return Finding("error", "snapshots", error.message, error.remedy)
    if free is None:
        return Finding("ok", "snapshots", "can be reached")
    if free < ROOM:
        remedy = "Make room, for instance with `seatwise prune --yes`."
        return Finding("error", "snapshots", f"{free / 1e6:,.0f} MB are free where they are kept", remedy)
    return Finding("ok", "snapshots", f"{free / 1e9:,.0f} GB are free where they are kept")


def _check_read(session: Session, name: str) -> Iterator[Finding]:
    last = session.ledger.last_complete(name)
    if last is None:
        yield Finding("warning", name, "was never read whole", "Run `seatwise reconcile`.")
        return
    if lost := last.absent():
        remedy = "Restore the files from a backup, or run `seatwise reconcile --full`."
        yield Finding("error", name, f"{', '.join(lost)} of the last read are lost", remedy)
    yield _judge_age(session, name, last)


def _judge_age(session: Session, name: str, last: Snapshot) -> Finding:
    words = f"read whole or by changes at {last.taken_at:%Y-%m-%d %H:%M} UTC"
    if session.now - last.taken_at <= OLD:
        return Finding("ok", name, words)
    days = (session.now - last.taken_at).days
    remedy = "See `seatwise history` for what became of the runs since, and whether the schedule is on."
    return Finding("error", name, f"{words}, {days} days ago", remedy)


def _check_leases(session: Session) -> Iterator[Finding]:
    for target, run in session.ledger.leases().items():
        where = f"run {run.run_id} on {run.host}, process {run.pid}"
        if session.ledger.is_alive(run, session.moment()):
            yield Finding("ok", target, f"is being written by {where}")
        else:
            remedy = "The next run takes over and settles what it had begun; `seatwise release` does it now."
            yield Finding("warning", target, f"was being written by {where}, which fell silent", remedy)
