"""What was read at a day that is past, from the snapshots of that day: nobody can read it afresh."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from errors import SeatwiseError
from ledger import Ledger, Snapshot
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from tasks.clock import as_utc
from tasks.memory import restore_source, restore_target
from tasks.session import Session
from tasks.state import Earlier


class NothingRead(SeatwiseError):
    """The ledger has no complete snapshot to judge by."""

    remedy = "Run `seatwise reconcile` or `licences` once; they read everything and write nothing outside."


class NothingReadThen(NothingRead):
    """There is no complete snapshot of that day or an earlier one."""

    remedy = "Name a later day with --as-of; `seatwise history` lists the runs."


class DayToCome(SeatwiseError):
    """A report is to be compared with a day that is not before its own."""

    remedy = "Name an earlier day with --compare; `seatwise history` lists the runs."


def restore_reads(session: Session) -> tuple[dict[str, SourceSnapshot], dict[str, TargetSnapshot]]:
    """Every source and target as it was last read before the moment of a rehearsal.

    Raises:
        NothingReadThen: one of them had not been read whole yet.
        SnapshotDamaged: what was read is lost.
    """
    return _restore(session, session.past)


def refuse_day_to_come(session: Session, at: datetime | None) -> None:
    """Refuse a comparison with a day of which nothing can have been read, before hours are spent on reading.

    Raises:
        DayToCome: the day lies after the report's.
    """
    if at is not None and as_utc(at) > session.now:
        raise DayToCome(
            f"{as_utc(at):%Y-%m-%d %H:%M} UTC is no earlier day: the report is of "
            f"{session.now:%Y-%m-%d %H:%M} UTC"
        )


def recall_earlier(session: Session, at: datetime | None) -> None:
    """Take from the ledger what was read by an earlier day, for the report to compare with.

    Args:
        session: the open session.
        at: the day; None compares with nothing.

    Raises:
        NothingReadThen: one of the sources and targets had not been read whole yet.
        SnapshotDamaged: what was read is lost.
    """
    if at is not None:
        moment = as_utc(at)
        session.state.earlier = Earlier(moment, *_restore(session, moment))


def _restore(
    session: Session, at: datetime | None
) -> tuple[dict[str, SourceSnapshot], dict[str, TargetSnapshot]]:
    sources = {name: restore_source(last_read(session.ledger, name, at)) for name in session.source_names}
    targets = {name: restore_target(last_read(session.ledger, name, at)) for name in session.target_names}
    return sources, targets


def last_read(ledger: Ledger, name: str, at: datetime | None) -> Snapshot:
    """The last whole read of a source or target, for reports too.

    Args:
        ledger: the open ledger.
        name: the source or target.
        at: only what was read then or before counts; of a day without an hour also what was read on it, where
            that is all there is; None means ever.

    Raises:
        NothingRead: there is none.
    """
    snapshot = ledger.last_shown(name, at)
    if snapshot is None and at is not None and at.time() == time():
        snapshot = ledger.last_shown(name, at + timedelta(days=1))
    if snapshot is not None:
        return snapshot
    if at is None or ledger.last_shown(name, None) is None:
        raise NothingRead(f"the ledger has no complete snapshot of {name} yet")
    raise NothingReadThen(
        f"the ledger has no complete snapshot of {name} of {at:%Y-%m-%d %H:%M} UTC or before"
    )
