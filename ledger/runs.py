"""Runs: what was started, when, by which flow, and how it ended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, insert, select, update

from ledger import tables
from ledger.errors import UnknownRun
from ledger.store import Store, resolve

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""No letter that is read as another."""


class RunRow(NamedTuple):
    """One run; the last four are None until it has finished."""

    run_id: str
    flow: str
    started_at: datetime
    policy: str
    config: str | None
    finished_at: datetime | None
    verdict: str | None
    exit_code: int | None
    summary: dict[str, Any] | None


class Runs(Store):
    """The part of the ledger that knows the runs."""

    def start_run(self, flow: str, at: datetime, *, policy: str, config: str | None = None) -> str:
        """Open a run.

        Args:
            flow: name of the flow.
            at: aware time of the start.
            policy: fingerprint of the policy.
            config: the configuration as text, without secrets.

        Returns:
            The run's identifier; identifiers sort by the second of their start.
        """
        letters = "".join(secrets.choice(_LETTERS) for _ in range(4))
        run_id = f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{letters}"
        row = {"run_id": run_id, "flow": flow, "started_at": at, "policy": policy, "config": config}
        with self._writing() as connection:
            connection.execute(insert(tables.runs), row)
        return run_id

    def finish_run(
        self, run_id: str, at: datetime, *, verdict: str, exit_code: int, summary: Mapping[str, Any]
    ) -> None:
        """Close a run with what came of it; `summary` holds no secrets.

        Raises:
            UnknownRun: no such run.
        """
        ended = {"finished_at": at, "verdict": verdict, "exit_code": exit_code, "summary": dict(summary)}
        with self._writing() as connection:
            require_run(connection, run_id)
            connection.execute(update(tables.runs).where(tables.runs.c.run_id == run_id).values(ended))

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
            found = resolve(connection, tables.runs.c.run_id, run_id, UnknownRun)
            row = connection.execute(select(*fields).where(tables.runs.c.run_id == found)).one()
        return RunRow(*row)


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
