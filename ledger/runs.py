"""Runs: what was started, when, by whom and by which flow, whether it is still there, and how it ended."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ledger import tables
from ledger.asking import ask_by
from ledger.errors import ClockWentBack, UnknownRun
from ledger.identifiers import resolve
from ledger.store import Store

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""No letter that is read as another."""
DRAWS = 5
"""How often letters are drawn for a name nobody has."""

SILENCE = timedelta(seconds=45)
"""How long a run may say nothing before it counts as killed."""
BACK = timedelta(minutes=1)
"""How far clocks of several machines may lie apart, or be set back by the one who keeps them right."""
INTERRUPTED = "interrupted"
"""Verdict of a run that never said how it ended."""


class RunRow(NamedTuple):
    """One run; the last four are None until it has finished."""

    run_id: str
    flow: str
    started_at: datetime
    alive_at: datetime
    owner: str | None
    host: str | None
    pid: int | None
    policy: str
    config: str | None
    flow_run: str | None
    finished_at: datetime | None
    verdict: str | None
    exit_code: int | None
    summary: dict[str, Any] | None


class Runs(Store):
    """The part of the ledger that knows the runs."""

    def start_run(
        self,
        flow: str,
        at: datetime,
        *,
        policy: str,
        config: str | None = None,
        flow_run: str | None = None,
    ) -> str:
        """Open a run.

        Args:
            flow: name of the flow.
            at: aware time of the start.
            policy: fingerprint of the policy.
            config: the configuration as text, without secrets.
            flow_run: the Prefect flow run it is an attempt at; a retry is a run of its own.

        Returns:
            The run's identifier; identifiers sort by the second of their start.

        Raises:
            ClockWentBack: an earlier run started later than now.
        """
        row = {"flow": flow, "started_at": at, "policy": policy, "config": config, "flow_run": flow_run}
        row |= {"alive_at": at, "owner": login(), "host": socket.gethostname(), "pid": os.getpid()}
        with self._writing() as connection:
            _require_later(connection, at)
            return _insert(connection, row)

    def finish_run(
        self, run_id: str, at: datetime, *, verdict: str, exit_code: int, summary: Mapping[str, Any]
    ) -> None:
        """Close a run with what came of it; `summary` holds no secrets.

        One that was closed as interrupted meanwhile says now how it really ended.

        Raises:
            UnknownRun: no such run.
        """
        ended = {"finished_at": at, "verdict": verdict, "exit_code": exit_code, "summary": dict(summary)}
        with self._writing() as connection:
            require_run(connection, run_id)
            connection.execute(update(tables.runs).where(tables.runs.c.run_id == run_id).values(ended))

    def beat(self, run_id: str, at: datetime) -> None:
        """Keep that a run is still there; one that was closed stays closed."""
        c = tables.runs.c
        mine = update(tables.runs).where(c.run_id == run_id, c.finished_at.is_(None))
        with self._writing() as connection:
            connection.execute(mine.values(alive_at=at))

    def close_interrupted(self, at: datetime) -> list[str]:
        """Close the runs that fell silent without a word, as interrupted when they were last heard of.

        Returns:
            Their identifiers.
        """
        c = tables.runs.c
        silent = select(c.run_id, c.alive_at).where(c.finished_at.is_(None), c.alive_at <= at - SILENCE)
        with self._writing(alone_on=tables.leases) as connection:
            found = {row.run_id: row.alive_at for row in connection.execute(silent)}
            close_runs(connection, found)
        return list(found)

    def close_killed(self, run_id: str, at: datetime) -> bool:
        """Close a run whose process is known to be gone, as interrupted; its targets are free at once.

        Returns:
            Whether it never said itself how it ended.
        """
        c = tables.runs.c
        silent = select(c.run_id).where(c.run_id == run_id, c.summary.is_(None))
        with self._writing(alone_on=tables.leases) as connection:
            found = connection.scalar(silent) is not None
            close_runs(connection, {run_id: at} if found else {})
        return found

    def runs(self, limit: int = 50) -> pd.DataFrame:
        """The newest runs first: every field of `RunRow` but the configuration and the summary."""
        shown = [c for c in tables.runs.c if c.name not in ("config", "summary")]
        order = (tables.runs.c.started_at.desc(), tables.runs.c.run_id.desc())
        return self._frame(select(*shown).order_by(*order).limit(limit), shown)

    def run(self, run_id: str) -> RunRow:
        """One run, by its identifier or the beginning of it.

        Raises:
            UnknownRun: no run begins so; the error names the nearest.
            AmbiguousIdentifier: several runs begin so.
        """
        fields = [tables.runs.c[name] for name in RunRow._fields]
        with self._reading() as connection:
            found = resolve(ask_by(connection), "runs", "run_id", run_id, UnknownRun)
            row = connection.execute(select(*fields).where(tables.runs.c.run_id == found)).one()
        return RunRow(*row)

    def last_attempts(self, limit: int) -> dict[str, str]:
        """Prefect flow run → the last attempt at it, among so many runs, the newest."""
        c = tables.runs.c
        order = (c.started_at.desc(), c.run_id.desc())
        query = select(c.flow_run, c.run_id).where(c.flow_run.is_not(None)).order_by(*order).limit(limit)
        with self._reading() as connection:
            newest = [(str(flow_run), str(run_id)) for flow_run, run_id in connection.execute(query)]
        return dict(reversed(newest))

    def attempts(self, run_id: str) -> list[str]:
        """The runs that are attempts at the same Prefect flow run, oldest first; itself alone without one.

        Raises:
            UnknownRun: no such run.
        """
        c = tables.runs.c
        with self._reading() as connection:
            require_run(connection, run_id)
            flow_run = connection.scalar(select(c.flow_run).where(c.run_id == run_id))
        return [run_id] if flow_run is None else self.attempts_at(flow_run)

    def attempts_at(self, flow_run: str) -> list[str]:
        """The runs that are attempts at a Prefect flow run, oldest first."""
        c = tables.runs.c
        query = select(c.run_id).where(c.flow_run == flow_run).order_by(c.started_at, c.run_id)
        with self._reading() as connection:
            return list(connection.scalars(query))


def login() -> str | None:
    """Whom the process runs as; None where nobody can tell, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


def close_runs(connection: Connection, runs: Mapping[str, datetime]) -> None:
    """Close runs as interrupted, each at its time; their targets are free again."""
    for run_id, at in runs.items():
        ended = {"finished_at": at, "verdict": INTERRUPTED, "exit_code": 1}
        unfinished = tables.runs.c.finished_at.is_(None)
        mine = update(tables.runs).where(tables.runs.c.run_id == run_id, unfinished)
        connection.execute(mine.values(ended))
        connection.execute(delete(tables.leases).where(tables.leases.c.run_id == run_id))


def _insert(connection: Connection, row: Mapping[str, Any]) -> str:
    """Write a run under a name of its own; others that start in the same second may draw the same letters."""
    for left in reversed(range(DRAWS)):
        letters = "".join(secrets.choice(_LETTERS) for _ in range(4))
        run_id = f"{row['started_at'].astimezone(UTC):%Y%m%d-%H%M%S}-{letters}"
        try:
            with connection.begin_nested():
                connection.execute(insert(tables.runs), {**row, "run_id": run_id})
        except IntegrityError:
            if not left:
                raise
        else:
            break
    return run_id


def _require_later(connection: Connection, at: datetime) -> None:
    last = connection.scalar(
        select(tables.runs.c.started_at).order_by(tables.runs.c.started_at.desc()).limit(1)
    )
    if last is not None and at < last - BACK:
        raise ClockWentBack(
            f"it is {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC by this clock, and the ledger's last run began "
            f"at {last:%Y-%m-%d %H:%M} UTC: one of the two clocks is wrong, and the days since somebody left "
            "are counted by them",
            "Set the clock right. If it was wrong in that run, restore the ledger from the backup before it.",
        )


def require_run(connection: Connection, run_id: str) -> None:
    """Refuse a run the ledger does not hold; a write never guesses from the beginning of a name.

    Raises:
        UnknownRun: no such run.
    """
    known = select(tables.runs.c.run_id)
    if connection.scalar(known.where(tables.runs.c.run_id == run_id)) is None:
        raise UnknownRun(
            run_id, list(connection.scalars(known.order_by(tables.runs.c.run_id.desc()).limit(3)))
        )
