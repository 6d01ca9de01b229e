"""The open database: how to read, how to write, how to find an identifier."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import pandas as pd
from sqlalchemy import Column, Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError

from ledger.engine import explained
from ledger.frame_files import FrameFiles
from ledger.tables import frame

BATCH = 5_000
"""Rows of one statement: large enough to be quick, small enough to stay out of memory."""
T = TypeVar("T")


class Database:
    """Transactions of one database, safe for threads."""

    def __init__(self, engine: Engine) -> None:
        """Hold it; who opens a part of the database makes it."""
        self._engine = engine
        self._open = threading.local()

    def __enter__(self) -> Self:
        """Use the database in a `with` statement, which closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def clock(self) -> datetime:
        """The time now: that of the database where several machines share one, else of this machine."""
        if self._engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with self._reading() as connection:
            now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything this thread writes until the block ends becomes durable at once, or not at all."""
        with self._writing():
            yield

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if (current := self._current()) is not None:
            yield current
            return
        with explained(self._engine.url), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self, alone_on: Table | None = None) -> Iterator[Connection]:
        """A transaction that is durable when it ends.

        Args:
            alone_on: table that is replaced in part; no other writer may come in between.
        """
        if (current := self._current()) is not None:
            _lock(current, alone_on)
            yield current
            return
        with explained(self._engine.url), self._engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                _lock(connection, alone_on)
                self._open.connection = connection
                try:
                    yield connection
                finally:
                    self._open.connection = None

    def _current(self) -> Connection | None:
        """The writing transaction this thread is in; what it reads and writes within is part of it."""
        found: Connection | None = getattr(self._open, "connection", None)
        return found

    def _frame(self, query: Any, table_columns: Sequence[Column[Any]]) -> pd.DataFrame:
        with self._reading() as connection:
            return frame(connection.execute(query).all(), table_columns)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


class Store(Database):
    """A database, and the files of frames it catalogues."""

    def __init__(self, engine: Engine, frame_files: FrameFiles) -> None:
        """Hold both; `Ledger.open` makes them."""
        super().__init__(engine)
        self._frame_files = frame_files

    def room(self) -> int | None:
        """Bytes that are free where snapshots are kept; None where there is no end to them.

        Raises:
            LedgerUnavailable: they cannot be reached.
        """
        return self._frame_files.room()


def _lock(connection: Connection, table: Table | None) -> None:
    """Keep other writers from a table until the transaction ends; SQLite has one writer in any case."""
    if table is not None and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE')


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns, in batches."""
    write = _copy_rows if connection.dialect.name == "postgresql" else _insert_rows
    for part in chunks(rows):
        write(connection, table, part)


def _insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Hand rows to the driver as they are, twice as quick as a statement that looks at each."""
    names, processors = _processors(connection, table, rows[0])
    quote = connection.dialect.identifier_preparer.quote
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) VALUES ({marks})"  # noqa: S608 (names of our own tables)
    connection.exec_driver_sql(statement, [tuple(_processed(row, names, processors)) for row in rows])


def _processors(
    connection: Connection, table: Table, row: Mapping[str, Any]
) -> tuple[list[str], list[Callable[[Any], Any] | None]]:
    """The columns of a row, and what turns each value into one of the driver."""
    names = list(row)
    kinds = [table.c[name].type.dialect_impl(connection.dialect) for name in names]
    return names, [kind.bind_processor(connection.dialect) for kind in kinds]


def _processed(
    row: Mapping[str, Any], names: list[str], processors: list[Callable[[Any], Any] | None]
) -> list[Any]:
    values = zip(names, processors, strict=True)
    return [process(row[name]) if process else row[name] for name, process in values]


def _copy_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stream rows in, several times quicker than inserts; errors are those of an insert."""
    import psycopg

    quote = connection.dialect.identifier_preparer.quote
    names, processors = _processors(connection, table, rows[0])
    statement = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
    driver: Any = connection.connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(_processed(row, names, processors))
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts short enough for one statement."""
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
