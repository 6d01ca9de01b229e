"""Models, tables and migrations agree."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table

from ledger import Ledger, migrate, tables
from provisioning.model import frames


def test_migrations_make_exactly_the_tables(ledger: Ledger) -> None:
    """Nothing is left to migrate after the last migration; a failure lists what it must do."""
    with ledger._reading() as connection:
        options = {"compare_type": True, "version_table": migrate.VERSION_TABLE}
        left = compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)

    assert left == []


def test_the_version_the_code_expects_is_the_last_migration() -> None:
    """Whoever adds a migration raises HEAD with it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))

    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


@pytest.mark.parametrize(
    ("table", "model"),
    [
        (tables.changes, frames.Changes),
        (tables.outcomes, frames.Outcomes),
        (tables.links, frames.Links),
        (tables.taken, frames.Taken),
    ],
)
def test_a_frame_without_rows_comes_back_with_its_types(table: Table, model: type[frames.Frame]) -> None:
    """The types a table gives back are those of the frame it holds."""
    made = tables.frame([], tables.picked(table, model))

    assert dict(frames.empty(model).dtypes) == dict(made.dtypes)


def test_a_time_without_zone_is_refused(ledger: Ledger) -> None:
    """Nobody knows which moment a naive time means."""
    with pytest.raises(Exception, match="pass an aware time"):
        ledger.policy_applied("acme", "policy-1", datetime(2026, 1, 1))  # noqa: DTZ001
