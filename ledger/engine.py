"""The database behind a ledger: its address, how it is opened, and what is said when it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from ledger.asking import BUSY_SECONDS
from ledger.errors import LedgerUnavailable, unusable


def engine_for(url: str) -> Engine:
    """An engine for a SQLite or PostgreSQL address; nothing is opened yet.

    Raises:
        LedgerUnavailable: the address is of another kind.
    """
    address = _address(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        return create_engine(address, json_serializer=to_json, pool_pre_ping=True)
    _make_folder(address)
    engine = create_engine(address, json_serializer=to_json, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _address(url: str) -> URL:
    remedy = "Write sqlite:///seatwise.db or postgresql+psycopg://user@host/database under `ledger`."
    try:
        address = make_url(url)
    except ArgumentError:
        raise LedgerUnavailable("the ledger's address is not a database URL", remedy) from None
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise LedgerUnavailable(f"the ledger cannot be kept in {shown}", remedy)
    if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
        raise LedgerUnavailable(f"{shown} would forget everything at the end of the run", remedy)
    return address


def _make_folder(address: URL) -> None:
    folder = Path(address.database or "").absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"the ledger's folder {folder} cannot be made: {error.strerror}",
            "Name a folder you may write to.",
        ) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins the transactions itself (below): the driver would begin them too late.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer half-way fails when another wrote meanwhile; a writer says so first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def explained(address: URL) -> Iterator[None]:
    """Say in words that the database cannot be used, without its password."""
    try:
        yield
    except (IntegrityError, DataError):
        raise
    except DBAPIError as error:
        raise unusable(address.render_as_string(hide_password=True), str(error.orig)) from error


def to_json(value: Any) -> str:
    """JSON of a summary; amounts stay exact, as text."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(
        f"{type(value).__name__} cannot be kept in the ledger; pass numbers, text, lists or mappings"
    )
