"""A ledger is looked at by plain questions, which are answered by each database as SQLAlchemy answers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger import Ledger, tables
from ledger.asking import asking
from ledger.engine import engine_for
from ledger.errors import LedgerUnavailable
from ledger.glance import newest_runs, see


@pytest.fixture
def looked_at(ledger: Ledger, url: str, now: datetime) -> str:
    """Address of a ledger of two runs."""
    ended = ledger.start_run("sync", now, policy="one")
    ledger.finish_run(ended, now, verdict="done", exit_code=0, summary={"applied": 3, "names": ["ä"]})
    ledger.start_run("reconcile", now, policy="two")
    return url


def _naive(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def test_rows_are_those_that_sqlalchemy_reads(looked_at: str):
    engine = engine_for(looked_at)
    with engine.connect() as connection:
        rows = connection.execute(select(tables.runs).order_by(tables.runs.c.run_id)).mappings()
        expected = [{name: _naive(value) for name, value in row.items()} for row in rows]
    engine.dispose()
    with asking(looked_at) as ask:
        assert ask is not None
        found = [
            {name: _naive(value) for name, value in row.items()}
            for row in ask("SELECT * FROM runs ORDER BY run_id")
        ]
    assert len(found) == 2
    assert found == expected


def test_runs_at_a_glance_have_times_of_a_zone_and_leave_their_summaries(looked_at: str, now: datetime):
    first, second = newest_runs(looked_at, 5)
    assert {first["flow"], second["flow"]} == {"sync", "reconcile"}
    assert first["started_at"] == now
    assert "flow_run" in first
    assert "summary" not in first


def test_one_run_is_seen_with_its_summary(looked_at: str):
    run_id = next(run["run_id"] for run in newest_runs(looked_at, 5) if run["flow"] == "sync")
    run = see(looked_at, run_id[:-1]).run
    assert run is not None
    assert run["summary"] == {"applied": 3, "names": ["ä"]}


@pytest.mark.parametrize("address", ["sqlite:///{}", "sqlite+pysqlite:///{}", "sqlite:///{}?timeout=5"])
def test_a_file_that_is_no_database_is_told_in_words(tmp_path: Path, address: str):
    (tmp_path / "seatwise.db").write_text("no database " * 500)
    with pytest.raises(LedgerUnavailable, match="cannot be used"):
        newest_runs(address.format(tmp_path / "seatwise.db"), 5)


def test_nothing_is_made_by_looking(tmp_path: Path):
    assert newest_runs(f"sqlite:///{tmp_path / 'none.db'}", 5) == []
    assert not list(tmp_path.iterdir())
