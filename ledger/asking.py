"""Plain questions to a ledger's database, whose answers are rows by name; for SQLite without SQLAlchemy.

Loading SQLAlchemy takes longer than `seatwise history` may: what only looks asks the driver itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.errors import unusable

if TYPE_CHECKING:
    from sqlalchemy import Connection

Ask = Callable[..., list[dict[str, Any]]]
"""A query in SQL and its values by name (`:name`) → its rows."""
BUSY_SECONDS = 60


@contextmanager
def asking(url: str) -> Iterator[Ask | None]:
    """Ask a ledger that is opened for this alone; None where there is none yet.

    Args:
        url: of the ledger.

    Raises:
        LedgerUnavailable: the database cannot be reached or opened.
    """
    if path := _file(url):
        with _asking_file(path, url) as ask:
            yield ask
        return
    from sqlalchemy import inspect

    from ledger.engine import engine_for, explained

    engine = engine_for(url)
    try:
        with explained(engine.url), engine.connect() as connection:
            yield ask_by(connection) if inspect(connection).has_table("runs") else None
    finally:
        engine.dispose()


def ask_by(connection: Connection) -> Ask:
    """The same by a connection that is open."""
    from sqlalchemy import text

    def ask(query: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]

    return ask


def _file(url: str) -> Path | None:
    """The file of a SQLite address; None for any other address."""
    kind, _, rest = url.partition(":///")
    path = rest.partition("?")[0]
    return Path(path) if kind.startswith("sqlite") and path not in ("", ":memory:") else None


@contextmanager
def _asking_file(path: Path, url: str) -> Iterator[Ask | None]:
    if not path.exists():
        yield None
        return
    # By the types the tables declare, as SQLAlchemy reads them.
    sqlite3.register_converter("DATETIME", lambda told: datetime.fromisoformat(told.decode()))
    sqlite3.register_converter("BOOLEAN", lambda told: bool(int(told)))
    sqlite3.register_converter("JSON", json.loads)
    try:
        with closing(
            sqlite3.connect(path, timeout=BUSY_SECONDS, detect_types=sqlite3.PARSE_DECLTYPES)
        ) as database:
            database.row_factory = sqlite3.Row

            def ask(query: str, **values: Any) -> list[dict[str, Any]]:
                return [dict(row) for row in database.execute(query, values)]

            known = ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'runs'")
            yield ask if known else None
    except sqlite3.Error as error:
        raise unusable(url, str(error)) from error
