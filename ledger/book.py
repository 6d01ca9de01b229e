"""The ledger: everything that is remembered between runs, behind one door."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from ledger.backup import Backups
from ledger.frame_files import FrameFiles, open_frame_files
from ledger.journal import Journal
from ledger.leases import Leases
from ledger.memory import Memory
from ledger.migrate import open_database
from ledger.plans import Plans
from ledger.private import keep_private
from ledger.pruning import Pruning
from ledger.pushed import tables as _pushed  # noqa: F401 - they are part of every ledger, and of its backup
from ledger.runs import Runs
from ledger.seat_history import SeatHistory
from ledger.sharing import Sharing
from ledger.undone import Undone


class Ledger(Runs, Plans, Journal, Memory, Pruning, Leases, Undone, Backups, Sharing, SeatHistory):
    """Runs, plans, intents and outcomes, links and snapshots; safe for threads and for several processes.

    It has no clock: every time is passed in, aware. It is given no secrets and redacts none.
    """

    @classmethod
    def open(cls, url: str, *, folder: Path | str | None = None, beside: Path | None = None) -> Self:
        """Open a ledger, creating or upgrading its tables where needed.

        Args:
            url: `sqlite:///seatwise.db` or `postgresql+psycopg://user@host/database`.
            folder: where snapshots are kept, or its URL; by default beside the SQLite file, named after it.
            beside: folder in which the snapshots of a database server are kept, named after the database,
                where `folder` is left out; else the working directory.

        Raises:
            LedgerUnavailable: the database cannot be reached or opened.
            LedgerTooNew: a later version of Seatwise has written it.
        """
        engine = open_database(url)
        frame_files = open_frame_files(folder or _name_folder(engine, beside or Path()))
        _keep_private(engine, frame_files)
        return cls(engine, frame_files)


def _keep_private(engine: Engine, frame_files: FrameFiles) -> None:
    """Take others' rights off what an earlier version, or a restore, left readable."""
    frame_files.keep_private()
    if engine.dialect.name == "sqlite" and engine.url.database:
        database = Path(engine.url.database)
        keep_private(*(database.with_name(database.name + ending) for ending in ("", "-wal", "-shm")))


def _name_folder(engine: Engine, beside: Path) -> Path:
    """Where the snapshots of a ledger are: each database has its own, or pruning one would empty another."""
    database = engine.url.database
    if engine.dialect.name == "sqlite" and database:
        return Path(database).absolute().with_suffix(".snapshots")
    return beside.absolute() / f"{database or 'seatwise'}.snapshots"
