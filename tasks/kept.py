"""Reads in the ledger: the measure for later runs, and what another attempt at this run begins with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.runtime import deployment

from ledger import FeedPosition, Snapshot
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from tasks.incremental import digest_options
from tasks.session import Session

Read = SourceSnapshot | TargetSnapshot


def keep_read(session: Session, name: str, read: Read, parts: Iterable[str]) -> None:
    """Keep a read as soon as it is whole, where the run can be tried again; it is no measure yet.

    Args:
        session: the open session.
        name: the source or target.
        read: what was read.
        parts: names of its frames.
    """
    if deployment.id and session.remembers and read.as_of is None:
        _save(session, name, read, parts, complete=False)
        session.kept.add(name)


def find_read(session: Session, name: str) -> Snapshot | None:
    """What an earlier attempt read of a source or target, while it is fresh; None to read it now.

    A target that was written since, and what would be read with other options, is read afresh.
    """
    earlier = session.earlier_attempts
    if not earlier or not session.remembers:
        return None
    kept = session.ledger.read_by(earlier, name, since=session.now - session.policy.reuse_reads)
    if kept is None or kept.options != digest_options(session, name):
        return None
    return None if session.ledger.wrote_since(name, kept.taken_at, others_than=()) else kept


def remember_read(
    session: Session, name: str, read: Read, parts: Iterable[str], *, complete: bool, measured: Any = None
) -> None:
    """Catalogue a read for later runs.

    Args:
        session: the open session.
        name: the source or target.
        read: what was read.
        parts: names of its frames.
        complete: whether later runs may measure by it.
        measured: what they compare with.
    """
    if name in session.kept:
        session.ledger.judge_read(session.run_id, name, complete=complete, measured=measured)
    else:
        _save(session, name, read, parts, complete=complete, measured=measured)


def _save(
    session: Session, name: str, read: Read, parts: Iterable[str], *, complete: bool, measured: Any = None
) -> None:
    session.ledger.save_snapshot(
        name,
        {part: getattr(read, part) for part in (*parts, "rejects")},
        complete=complete,
        at=read.taken_at,
        run_id=session.run_id,
        feed=_position(session, name, read),
        measured=measured,
    )


def _position(session: Session, name: str, read: Read) -> FeedPosition:
    options = digest_options(session, name)
    if isinstance(read, SourceSnapshot):
        return FeedPosition(read.read_whole_at, read.checkpoint, options)
    return FeedPosition(read.known_at, options=options)
