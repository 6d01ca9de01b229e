"""Reads in the ledger: what steps give on, the measure for later runs, what another attempt begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

import pandas as pd
from prefect.runtime import deployment

from ledger import FeedPosition, Snapshot
from ledger.snapshots import digest_of
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from tasks.incremental import digest_options
from tasks.references import ReadReference
from tasks.session import Session
from tasks.state import Read


def give_read(
    session: Session,
    name: str,
    read: Read,
    parts: Iterable[str],
    *,
    files: Mapping[str, str] | None = None,
    lasts: bool = True,
) -> ReadReference:
    """Give a read on by reference: in the store as soon as it is whole, and in memory where it was read.

    Where the run can be tried again it is catalogued, too; it is no measure yet.

    Args:
        session: the open session.
        name: the source or target.
        read: what was read.
        parts: names of its frames.
        files: digests of their files where they are in the store already.
        lasts: whether later runs may want it.
    """
    lasts = lasts and session.keeps_reads
    again = bool(deployment.id) and lasts and session.remembers and read.as_of is None and files is None
    if files is None:
        # What leaves no trace stays in memory, unless another process is to have it.
        stored = lasts or session.elsewhere
        files = session.ledger.keep_frames(_frames(read, parts)) if stored else {}
    if again:
        _save(session, name, read, parts, complete=False, files=files)
    digest = digest_of(files) if files else uuid4().hex
    if not session.elsewhere:
        session.reads[name, digest] = read
    about = {"origin": name, "taken_at": read.taken_at, "as_of": read.as_of}
    about |= {"whole_at": read.whole_at, "checkpoint": read.checkpoint}
    return ReadReference.model_validate({**about, "digest": digest, "files": files, "catalogued": again})


def with_account(session: Session, given: ReadReference) -> ReadReference:
    """The reference, and what its step adds to the run's account."""
    return given.model_copy(update={"account": session.account()})


def take_source(session: Session, given: ReadReference) -> SourceSnapshot:
    """A read of a source that a step gave on; what was read here is not read back.

    Raises:
        FileLost: it was read elsewhere, and its files do not lie where this machine looks for them.
    """
    held = _take(session, given)
    if held is not None:
        assert isinstance(held, SourceSnapshot)
        return held
    return SourceSnapshot(given.origin, given.taken_at, complete=True, **_told(session, given))


def take_target(session: Session, given: ReadReference) -> TargetSnapshot:
    """A read of a target that a step gave on, as `take_source`."""
    held = _take(session, given)
    if held is not None:
        assert isinstance(held, TargetSnapshot)
        return held
    return TargetSnapshot(given.origin, given.taken_at, complete=True, **_told(session, given))


def _told(session: Session, given: ReadReference) -> dict[str, Any]:
    """The frames of a read and what is known of their age."""
    told = {"whole_at": given.whole_at, "checkpoint": given.checkpoint, "as_of": given.as_of}
    return {**session.ledger.kept_frames(given.files), **told}


def _take(session: Session, given: ReadReference) -> Read | None:
    session.add(given.account)
    session.taken_up[given.origin] = given
    return session.reads.pop((given.origin, given.digest), None)


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
    given = session.taken_up[name]
    if given.catalogued:
        session.ledger.judge_read(session.run_id, name, complete=complete, measured=measured)
    else:
        _save(session, name, read, parts, complete=complete, measured=measured, files=given.files)


def _frames(read: Read, parts: Iterable[str]) -> dict[str, pd.DataFrame]:
    return {part: getattr(read, part) for part in (*parts, "rejects")}


def _save(
    session: Session,
    name: str,
    read: Read,
    parts: Iterable[str],
    *,
    complete: bool,
    files: Mapping[str, str],
    measured: Any = None,
) -> None:
    session.ledger.save_snapshot(
        name,
        _frames(read, parts),
        complete=complete,
        at=read.taken_at,
        run_id=session.run_id,
        feed=_position(session, name, read),
        measured=measured,
        files=files,
    )


def _position(session: Session, name: str, read: Read) -> FeedPosition:
    options = digest_options(session, name)
    whole_at = read.read_whole_at if isinstance(read, SourceSnapshot) else read.known_at
    return FeedPosition(whole_at, read.checkpoint, options)
