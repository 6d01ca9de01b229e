"""A glance at the runs: what a person who asks for the history waits for, without frames or migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, inspect, select

from ledger.engine import engine_for, explained

LONG = ("config", "summary")
"""Columns of a run that are not for a list."""


def newest_runs(url: str, limit: int) -> list[dict[str, Any]]:
    """The newest runs first, as the ledger has them; none where there is no ledger yet.

    Args:
        url: of the ledger; an older one is read as it is.
        limit: how many.

    Raises:
        LedgerUnavailable: the database cannot be reached or opened.
    """
    engine = engine_for(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return []
    try:
        with explained(engine.url), engine.connect() as connection:
            if not inspect(connection).has_table("runs"):
                return []
            runs = Table("runs", MetaData(), autoload_with=connection)
            shown = [column for column in runs.columns if column.name not in LONG]
            order = (runs.c.started_at.desc(), runs.c.run_id.desc())
            found = connection.execute(select(*shown).order_by(*order).limit(limit)).all()
    finally:
        engine.dispose()
    return [{name: _aware(value) for name, value in row._asdict().items()} for row in found]


def _aware(value: Any) -> Any:
    """Times in UTC; SQLite forgets the zone."""
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
