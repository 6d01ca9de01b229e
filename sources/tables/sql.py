"""A table or view of people in a database: an HR system's, or a copy of a directory.

Needs: a SQLAlchemy address whose driver is installed (SQLite and PostgreSQL are), a user that may read,
and a query; for columns whose names are not well known a mapping in the connection.
Reads: one row per person, as `csv` does, in one transaction that is told to be read-only and is
rolled back in any case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from provisioning.model.delimited import Table as Read
from provisioning.model.findings import Unreadable
from sources.tables.options import SqlOptions
from sources.tables.table import Table
from transport.door import Door
from transport.redact import conceal, redact

READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
"""How a database is told that a transaction only reads; of others the rollback alone is held."""
_COLON = re.compile(r"(?<!:):(?!:)")
"""A colon of the query's own; it would else name a parameter."""


class Sql(Table):
    """One query over a database."""

    kind: ClassVar[str] = SqlOptions.kind
    Options: ClassVar[type[BaseModel]] = SqlOptions
    _options: SqlOptions

    def __init__(self, name: str, options: SqlOptions, door: Door) -> None:  # noqa: ARG002 - needs no HTTP
        super().__init__(name, options)

    @property
    def _where(self) -> str:
        return f"the query of connection {self.name}"

    def _table(self) -> Read:
        engine = self._engine()
        try:
            with engine.connect() as connection:
                return _read(connection, self._options.query)
        except SQLAlchemyError as error:
            why = redact(str(getattr(error, "orig", None) or error))
            raise Unreadable(
                f"{self._where} failed: {why}",
                remedy="Check address, rights and query; it runs as it stands in the connection.",
            ) from None
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        try:
            url = make_url(self._options.url.get_secret_value())
            conceal(url.password or "")
            engine = create_engine(url, poolclass=NullPool)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise Unreadable(
                f"the address of connection {self.name} cannot be used: {redact(str(error))}",
                remedy="Write driver://user:password@host/database, and install the driver.",
            ) from None
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            # SQLite would make the file.
            raise Unreadable(f"there is no database {url.database}", remedy="Check the path.")
        return engine


def _read(connection: Connection, query: str) -> Read:
    """Every row of a query as text."""
    if order := READ_ONLY.get(connection.dialect.name):
        connection.execute(text(order))
    result = connection.execute(text(_COLON.sub(r"\\:", query)))
    header, records = list(result.keys()), result.all()
    connection.rollback()
    columns: Sequence[Sequence[Any]] = list(zip(*records, strict=True)) or [()] * len(header)
    rows = pd.DataFrame({place: _plain(values) for place, values in enumerate(columns)})
    return Read(header, rows, pd.Series(range(1, len(records) + 1), dtype="int64"), [])


def _plain(values: Sequence[Any]) -> pd.Series:
    if any(isinstance(value, (list, tuple)) for value in values):
        return pd.Series(list(values), dtype="object")
    return pd.Series([_text(value) for value in values], dtype="str")


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
