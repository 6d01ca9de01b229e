"""A glance at runs and plans: what a person waits for who asks for them, without frames or migrations.

The tables are taken as they are found, so an older ledger is read as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, MetaData, Row, Table, func, inspect, select

from ledger.engine import engine_for, explained
from ledger.errors import LedgerError, UnknownPlan, UnknownRun
from ledger.identifiers import resolve

LONG = ("config", "summary")
"""Columns of a run that are not for a list."""
KEYS = ("fingerprint", "nth")
"""Columns of a change that say which plan it is of, and where in it."""


class PlanSeen(NamedTuple):
    """A plan, and what became of its changes."""

    fingerprint: str
    target: str
    blocked_by: list[str]
    changes: list[dict[str, Any]]
    """Rows of its Changes frame, in its order."""
    outcomes: list[dict[str, Any]]
    """The last outcome of each change that was tried, in the order they were recorded."""


class Seen(NamedTuple):
    """What a person asked to see."""

    run: dict[str, Any] | None
    plans: list[PlanSeen]


def newest_runs(url: str, limit: int) -> list[dict[str, Any]]:
    """The newest runs first, as the ledger has them; none where there is no ledger yet.

    Args:
        url: of the ledger.
        limit: how many.

    Raises:
        LedgerUnavailable: the database cannot be reached or opened.
    """
    with _looking(url) as connection:
        return [] if connection is None else _newest_runs(connection, limit)


def see(url: str, what: str | None) -> Seen:
    """A run with its plans, or one plan.

    Args:
        url: of the ledger.
        what: run or plan, or its beginning; the last run if None.

    Raises:
        UnknownRun: neither a run nor a plan begins so; the error names the nearest.
        AmbiguousIdentifier: several runs, or plans, begin so.
        LedgerUnavailable: the database cannot be reached or opened.
    """
    with _looking(url) as connection:
        if what is None:
            last = [] if connection is None else _newest_runs(connection, 1)
            what = last[0]["run_id"] if last else None
        elif connection is None:
            raise UnknownRun(what, [])
        return Seen(None, []) if connection is None or what is None else _find(connection, what)


def _find(connection: Connection, what: str) -> Seen:
    runs, planned = _table(connection, "runs"), _table(connection, "planned")
    try:
        run_id = resolve(connection, runs.c.run_id, what, UnknownRun)
    except LedgerError as no_run:
        try:
            fingerprint = resolve(connection, planned.c.fingerprint, what, UnknownPlan)
        except LedgerError:
            raise no_run from None
        one = select(planned).where(planned.c.fingerprint == fingerprint).order_by(planned.c.seq.desc())
        return Seen(None, [_plan(connection, connection.execute(one.limit(1)).one())])
    run = connection.execute(select(runs).where(runs.c.run_id == run_id)).one()._asdict()
    mine = select(planned).where(planned.c.run_id == run_id).order_by(planned.c.seq)
    return Seen(_tidy(run), [_plan(connection, row) for row in connection.execute(mine).all()])


def _plan(connection: Connection, row: Row[Any]) -> PlanSeen:
    changes, outcomes = _table(connection, "changes"), _table(connection, "outcomes")
    shown = [column for column in changes.columns if column.name not in KEYS]
    listed = select(*shown).where(changes.c.fingerprint == row.fingerprint).order_by(changes.c.nth)
    tried = outcomes.c.fingerprint == row.fingerprint
    last = select(func.max(outcomes.c.seq)).where(tried).group_by(outcomes.c.change_id)
    ended = select(outcomes).where(outcomes.c.seq.in_(last)).order_by(outcomes.c.seq)
    return PlanSeen(
        row.fingerprint,
        row.target,
        list(row.blocked_by),
        [one._asdict() for one in connection.execute(listed)],
        [one._asdict() for one in connection.execute(ended)],
    )


def _newest_runs(connection: Connection, limit: int) -> list[dict[str, Any]]:
    runs = _table(connection, "runs")
    shown = [column for column in runs.columns if column.name not in LONG]
    order = (runs.c.started_at.desc(), runs.c.run_id.desc())
    found = connection.execute(select(*shown).order_by(*order).limit(limit)).all()
    return [_tidy(row._asdict()) for row in found]


@contextmanager
def _looking(url: str) -> Iterator[Connection | None]:
    """The open ledger; None where there is none yet."""
    engine = engine_for(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        yield None
        return
    try:
        with explained(engine.url), engine.connect() as connection:
            yield connection if inspect(connection).has_table("runs") else None
    finally:
        engine.dispose()


def _table(connection: Connection, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)


def _tidy(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its times in UTC; SQLite forgets the zone."""
    return {name: _aware(value) for name, value in row.items()}


def _aware(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
