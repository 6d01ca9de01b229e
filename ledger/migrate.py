"""Bring a database to the tables of this version; quick when it is there already.

A migration is a file in `migrations/versions` named by the next number, with the same number in
`HEAD` below. It is written by hand and never changed after a release: the test that compares
the tables with the migrations prints what it must do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ledger.engine import engine_for, explained
from ledger.errors import LedgerTooNew
from ledger.private import create_privately

HEAD = "0012"
VERSION_TABLE = "ledger_version"
"""Not Alembic's usual name: the ledger may share its database, as with a Prefect server."""

_ADVISORY_LOCK = 0x5EA7


def open_database(url: str) -> Engine:
    """The database at an address, its tables created or upgraded where needed.

    Raises:
        LedgerUnavailable: it cannot be reached or opened.
        LedgerTooNew: a later version of Seatwise has written it.
    """
    create_privately()
    engine = engine_for(url)
    try:
        with explained(engine.url):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables, under a lock that other processes wait for.

    Raises:
        LedgerTooNew: a later version of Seatwise has been here.
    """
    with engine.connect() as connection, connection.begin():
        if _at_head(connection):
            return
    with engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            if not _at_head(connection):
                _upgrade(connection)


def _at_head(connection: Connection) -> bool:
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 (a constant)
    if found is not None and str(found) > HEAD:
        raise LedgerTooNew(
            f"the ledger is at version {found} and this Seatwise knows versions up to {HEAD}",
            "Install the newer Seatwise that wrote it, or open another ledger.",
        )
    return bool(found == HEAD)


def _upgrade(connection: Connection) -> None:
    # Alembic takes longer to import than the rest of the ledger, and is seldom needed.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
