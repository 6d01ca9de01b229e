"""A ledger that the first revision wrote is brought to this one, and nothing in it is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ledger import Ledger, migrate, tables

STORED = sorted(Path(__file__).parent.glob("revision_*.sql"))
RUN = "20260301-123015-aaaa"


@pytest.fixture(params=STORED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small ledger as an earlier version left it, with a row in the tables that matter."""
    path = tmp_path / "seatwise.db"
    with sqlite3.connect(path) as plain:
        plain.executescript(request.param.read_text())
    return path


def test_there_is_a_ledger_of_the_first_revision():
    """Whoever makes a later one keeps this: companies have it."""
    assert STORED[0].name == "revision_0001.sql"


def test_an_old_ledger_gets_exactly_the_tables_of_today(old, tmp_path):
    with (
        Ledger.open(f"sqlite:///{old}", folder=tmp_path / "snapshots") as ledger,
        ledger._reading() as connection,
    ):
        options = {"compare_type": True, "version_table": migrate.VERSION_TABLE}
        left = compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)
        version = connection.exec_driver_sql(f"SELECT version_num FROM {migrate.VERSION_TABLE}").scalar()

    assert left == []
    assert version == migrate.HEAD


def test_what_an_old_ledger_remembers_is_there(old, tmp_path):
    with Ledger.open(f"sqlite:///{old}", folder=tmp_path / "snapshots") as ledger:
        plan = ledger.plan("ffff")
        snapshot = ledger.last_complete("okta")

        assert ledger.run(RUN).summary == {"applied": 0}
        assert plan.blocked_by == ["60 changes, limit 50"]
        assert plan.changes["subject"].tolist() == ["p0@acme.test", "p1@acme.test"]
        assert ledger.approvals(plan.fingerprint)["by"].tolist() == ["Ada"]
        assert ledger.links("acme")["source_id"].tolist() == ["s0"]
        assert snapshot is not None
        assert snapshot.measured == {"people": 2}
        assert ledger.applied_policy("acme") == "policy-1"
        ledger.accept(RUN)


def test_no_row_is_lost(old, tmp_path):
    """Every table of the old ledger has one at least."""
    before = count_rows(old)
    with Ledger.open(f"sqlite:///{old}", folder=tmp_path / "snapshots"):
        pass

    assert set(before.values()) <= {1, 2}
    assert {name: count_rows(old)[name] for name in before} == before


def test_a_plan_of_which_nobody_can_tell_is_not_taken_for_whole(old, tmp_path):
    """One for some people was stored like any other; only a run for everyone left a read."""
    with sqlite3.connect(old) as plain:
        for table in ("runs", "planned"):
            for name in ("some", "everyone"):
                copy_row(plain, table, name)
        plain.execute("UPDATE snapshots SET run_id = 'everyone'")

    with Ledger.open(f"sqlite:///{old}", folder=tmp_path / "snapshots") as ledger:
        whole = {run: ledger.plans(run)[0].whole for run in ("some", "everyone")}

    assert whole == {"some": False, "everyone": True}


def copy_row(plain: sqlite3.Connection, table: str, run: str) -> None:
    """The first row of a table once more, for another run."""
    names = [row[1] for row in plain.execute(f"PRAGMA table_info({table})")]
    shown = ", ".join({"run_id": f"'{run}'", "seq": "NULL"}.get(name, name) for name in names)
    plain.execute(f"INSERT INTO {table} SELECT {shown} FROM {table} LIMIT 1")


def count_rows(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as plain:
        tables_there = [
            name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: plain.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in tables_there
            if not name.startswith("sqlite_")
        }
