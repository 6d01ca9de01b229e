"""A glance at runs and plans: what a person waits for who asks for them, without frames or migrations.

The tables are taken as they are found, so an older ledger is read as well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from ledger.asking import Ask, asking
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
    with asking(url) as ask:
        return [] if ask is None else _newest_runs(ask, limit)


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
    with asking(url) as ask:
        if what is None:
            last = [] if ask is None else _newest_runs(ask, 1)
            what = last[0]["run_id"] if last else None
        elif ask is None:
            raise UnknownRun(what, [])
        return Seen(None, []) if ask is None or what is None else _find(ask, what)


def _find(ask: Ask, what: str) -> Seen:
    try:
        run_id = resolve(ask, "runs", "run_id", what, UnknownRun)
    except LedgerError as no_run:
        try:
            fingerprint = resolve(ask, "planned", "fingerprint", what, UnknownPlan)
        except LedgerError:
            raise no_run from None
        last = "SELECT * FROM planned WHERE fingerprint = :plan ORDER BY seq DESC LIMIT 1"
        return Seen(None, [_plan(ask, row) for row in ask(last, plan=fingerprint)])
    [run] = ask("SELECT * FROM runs WHERE run_id = :run", run=run_id)
    mine = ask("SELECT * FROM planned WHERE run_id = :run ORDER BY seq", run=run_id)
    return Seen(_tidy(run), [_plan(ask, row) for row in mine])


def _plan(ask: Ask, row: dict[str, Any]) -> PlanSeen:
    plan = row["fingerprint"]
    listed = ask("SELECT * FROM changes WHERE fingerprint = :plan ORDER BY nth", plan=plan)
    last = "SELECT max(seq) FROM outcomes WHERE fingerprint = :plan GROUP BY change_id"
    ended = ask(f"SELECT * FROM outcomes WHERE seq IN ({last}) ORDER BY seq", plan=plan)  # noqa: S608 (our own text)
    return PlanSeen(
        plan,
        row["target"],
        list(row["blocked_by"]),
        [{name: value for name, value in one.items() if name not in KEYS} for one in listed],
        ended,
    )


def _newest_runs(ask: Ask, limit: int) -> list[dict[str, Any]]:
    newest = "FROM runs ORDER BY started_at DESC, run_id DESC LIMIT :limit"
    shown = ", ".join(name for row in ask(f"SELECT * {newest}", limit=1) for name in row if name not in LONG)
    return [_tidy(row) for row in ask(f"SELECT {shown} {newest}", limit=limit)] if shown else []


def _tidy(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its times in UTC; SQLite forgets the zone."""
    return {name: _aware(value) for name, value in row.items()}


def _aware(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
