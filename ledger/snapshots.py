"""Snapshots: whole reads of a source or target, catalogued here, their frames in files (`frame_files`)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, func, insert, select, update

from ledger import tables
from ledger.errors import SnapshotDamaged, UnknownSnapshot
from ledger.frame_files import FileLost, FrameFiles
from ledger.runs import require_run
from ledger.store import Store

SHOWN = (
    "origin",
    "digest",
    "taken_at",
    "complete",
    "whole_at",
    "checkpoint",
    "options",
    "run_id",
    "sizes",
    "measured",
    "files",
)


REPORT = "licences"
"""Runs of this flow make reports alone: nothing is decided by what they read."""
_REPORTS = select(tables.runs.c.run_id).where(tables.runs.c.flow == REPORT)


class FeedPosition(NamedTuple):
    """Where a read stands in its origin's feed of changes."""

    whole_at: datetime
    """Up to when everything is known: every page was read then, or its facts are of that moment."""
    checkpoint: str | None = None
    options: str | None = None
    """Digest of the connection's options it was read with."""


@dataclass(frozen=True)
class Snapshot:
    """One whole read; the frames are loaded only when asked for."""

    origin: str
    digest: str
    taken_at: datetime
    complete: bool
    whole_at: datetime
    """When every page was read; since then only what changed may have been."""
    checkpoint: str | None = field(repr=False)
    """Where in the origin's feed of changes it stands."""
    options: str | None
    """Digest of the connection's options it was read with."""
    run_id: str | None
    sizes: dict[str, int]
    """Rows of each frame."""
    measured: Any = field(repr=False)
    """What the next read is compared with."""
    files: dict[str, str] = field(repr=False)
    """Digest of each frame's file."""
    _frame_files: FrameFiles = field(repr=False)

    def frames(self) -> dict[str, pd.DataFrame]:
        """All frames, with the types they were saved with.

        Raises:
            SnapshotDamaged: a file is absent or altered.
        """
        return {name: self.frame(name) for name in self.files}

    def frame(self, name: str) -> pd.DataFrame:
        """One frame, with the types it was saved with.

        Raises:
            KeyError: the snapshot has no frame of that name.
            SnapshotDamaged: its file is absent or altered.
        """
        try:
            return self._frame_files.load(self.files[name])
        except FileLost as lost:
            raise SnapshotDamaged(
                f"the {name} read from {self.origin} at {self.taken_at:%Y-%m-%d %H:%M} are lost: "
                f"{lost.message}",
                "Restore the file from a backup, or run `seatwise reconcile --full` to take a new snapshot.",
            ) from lost

    def absent(self) -> list[str]:
        """Names of the frames whose file is not there."""
        return [name for name, digest in self.files.items() if not self._frame_files.holds(digest)]


def digest_of(files: Mapping[str, str]) -> str:
    """The digest of a snapshot, from those of its frames' files."""
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()


class Snapshots(Store):
    """The part of the ledger that keeps whole reads."""

    def keep_frames(self, frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
        """Keep frames that are not catalogued yet; the digest of each one's file."""
        return {name: self._frame_files.save(frames[name]) for name in sorted(frames)}

    def kept_frames(self, files: Mapping[str, str]) -> dict[str, pd.DataFrame]:
        """Frames by the digests that `keep_frames` gave.

        Raises:
            FileLost: a file is absent or altered.
        """
        return {name: self._frame_files.load(digest) for name, digest in files.items()}

    def save_snapshot(
        self,
        origin: str,
        frames: Mapping[str, pd.DataFrame],
        *,
        complete: bool,
        at: datetime,
        run_id: str | None,
        feed: FeedPosition | None = None,
        measured: Any = None,
        files: Mapping[str, str] | None = None,
    ) -> str:
        """Keep a read; equal frames are stored once, every read is catalogued.

        Args:
            origin: source or target that was read.
            frames: frames by name; their index is not kept.
            complete: whether every page of every listing was read.
            at: aware time of the read.
            run_id: run that read it.
            feed: where the read stands in the origin's feed of changes; none if left out.
            measured: what the next read is compared with; kept here, so that no lost file takes it away.
            files: digests of the frames' files where `keep_frames` has written them already.

        Returns:
            The digest of the content; equal content has the same.

        Raises:
            UnknownRun: no such run.
        """
        files = self.keep_frames(frames) if files is None else dict(files)
        digest, sizes = digest_of(files), {name: len(frames[name]) for name in files}
        read = {"origin": origin, "taken_at": at, "complete": complete, "run_id": run_id}
        stands = (feed or FeedPosition(at))._asdict()
        row = {**read, **stands, "digest": digest, "sizes": sizes, "measured": measured, "files": files}
        with self._writing() as connection:
            if run_id is not None:
                require_run(connection, run_id)
            connection.execute(insert(tables.snapshots), row)
        return digest

    def last_complete(
        self, origin: str, *, before: str | None = None, at: datetime | None = None
    ) -> Snapshot | None:
        """The newest complete snapshot of an origin; None when there is none.

        Args:
            origin: source or target.
            before: digest of a snapshot of the origin; only older reads than its last one count.
            at: aware time; only reads of then or before count.

        Raises:
            UnknownSnapshot: the origin has no snapshot of that digest.
        """
        c = tables.snapshots.c
        wanted = [c.origin == origin, c.complete]
        if before is not None:
            wanted.append(c.seq < self._last_seq(origin, before))
        if at is not None:
            wanted.append(c.taken_at <= at)
        return self._newest(*wanted)

    def first_complete(self, origin: str, *, since: datetime) -> Snapshot | None:
        """The oldest complete snapshot of an origin of some time; None when there is none.

        Args:
            origin: source or target.
            since: aware time; only reads of then or later count.
        """
        c = tables.snapshots.c
        return self._first(c.seq, c.origin == origin, c.complete, c.taken_at >= since)

    def last_shown(self, origin: str, at: datetime | None) -> Snapshot | None:
        """The newest read that a report may show: a complete one, or one that a report was made of.

        Args:
            origin: source or target.
            at: aware time; only reads of then or before count. None means ever.
        """
        c = tables.snapshots.c
        wanted = [c.origin == origin, c.complete | c.run_id.in_(_REPORTS)]
        if at is not None:
            wanted.append(c.taken_at <= at)
        found = self._newest(*wanted)
        # What a report read is no measure, and was read to its end all the same.
        return None if found is None else replace(found, complete=True)

    def read_by(self, runs: Collection[str], origin: str, *, since: datetime) -> Snapshot | None:
        """The newest read of an origin by one of these runs, complete or not; None when there is none.

        Args:
            runs: the runs.
            origin: source or target.
            since: aware time; only reads of then or later count.
        """
        c = tables.snapshots.c
        return self._newest(c.origin == origin, c.run_id.in_(runs), c.taken_at >= since)

    def _newest(self, *wanted: ColumnElement[bool]) -> Snapshot | None:
        """The newest read of which all of this is true."""
        return self._first(tables.snapshots.c.seq.desc(), *wanted)

    def _first(self, order: ColumnElement[Any], *wanted: ColumnElement[bool]) -> Snapshot | None:
        """The read that comes first in some order, of which all of this is true."""
        c = tables.snapshots.c
        query = select(*(c[name] for name in SHOWN)).where(*wanted).order_by(order).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Snapshot(**row._asdict(), _frame_files=self._frame_files)

    def _last_seq(self, origin: str, digest: str) -> int:
        """Where the last read of an origin with that content stands."""
        c = tables.snapshots.c
        mine = select(c.seq).where(c.origin == origin, c.digest == digest).order_by(c.seq.desc()).limit(1)
        with self._reading() as connection:
            found: int | None = connection.scalar(mine)
        if found is None:
            raise UnknownSnapshot(digest)
        return found

    def judge_read(self, run_id: str, origin: str, *, complete: bool, measured: Any) -> None:
        """Say of a read that was kept early whether later runs may measure by it, and what it measured."""
        c = tables.snapshots.c
        mine = update(tables.snapshots).where(c.run_id == run_id, c.origin == origin)
        with self._writing() as connection:
            connection.execute(mine.values(complete=complete, measured=measured))

    def measured(self, origin: str, *, since: datetime) -> list[dict[str, Any]]:
        """What complete reads of an origin were measured at, oldest first.

        Args:
            origin: source or target.
            since: aware time; only reads of then or later count.
        """
        c = tables.snapshots.c
        query = select(c.measured).where(c.origin == origin, c.complete, c.taken_at >= since)
        with self._reading() as connection:
            found = connection.execute(query.where(c.measured.is_not(None)).order_by(c.seq)).scalars()
            return list(found)

    def measured_lately(self, origin: str) -> list[dict[str, Any]]:
        """What the last complete read of an origin and those made since were measured at, oldest first."""
        c = tables.snapshots.c
        last = select(func.max(c.seq)).where(c.origin == origin, c.complete).scalar_subquery()
        query = select(c.measured).where(c.origin == origin, c.seq >= last, c.measured.is_not(None))
        with self._reading() as connection:
            return list(connection.execute(query.order_by(c.seq)).scalars())

    def accept(self, run_id: str) -> None:
        """Take every read of a run as the measure for later ones: a person has approved its plan.

        What a report read stays no measure, and so does what was never measured, for its run was killed.
        """
        c = tables.snapshots.c
        mine = update(tables.snapshots).where(
            c.run_id == run_id, c.run_id.not_in(_REPORTS), c.measured.is_not(None)
        )
        with self._writing() as connection:
            connection.execute(mine.values(complete=True))

    def snapshots(self, origin: str | None = None) -> pd.DataFrame:
        """The catalogue, newest first: origin, digest, taken_at, complete, whole_at, run_id, sizes.

        Sizes are rows by frame.
        """
        c = tables.snapshots.c
        shown = [c.origin, c.digest, c.taken_at, c.complete, c.whole_at, c.run_id, c.sizes]
        query = select(*shown).order_by(c.seq.desc())
        return self._frame(query.where(c.origin == origin) if origin is not None else query, shown)
