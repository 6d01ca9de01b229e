"""What users and groups share: who writes, what is refused, and the record of each write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from errors import SeatwiseError
from ledger.pushed import tables
from ledger.store import Database


class Taken(SeatwiseError):
    """Another user or group of the connection bears the name."""

    remedy = "Look it up by its name and change it instead of making it anew."


class Vanished(SeatwiseError):
    """No user or group has the identifier, or it was deleted."""

    remedy = "Look it up by its name; what was deleted is made anew under another identifier."


class Writer(NamedTuple):
    """Who pushes, and when.

    Attributes:
        connection: name of the connection.
        token: number of the token.
        at: aware time.
    """

    connection: str
    token: int
    at: datetime


class Resources(Database):
    """The part that users and groups share."""

    def _find(self, table: Table, what: str, connection_name: str, identifier: str) -> Any:
        """The living row of an identifier.

        Raises:
            Vanished: there is none.
        """
        query = select(table).where(living(table, connection_name), table.c.id == identifier)
        with self._reading() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise Vanished(f"no {what} has the id {identifier}")
        return found

    def _count_and_page(
        self, table: Table, where: ColumnElement[bool], start: int, count: int
    ) -> tuple[int, list[Any]]:
        """How many rows there are, and some of them in the order they were made."""
        with self._reading() as connection:
            total = connection.scalar(select(func.count()).select_from(table).where(where)) or 0
            if not count or start >= total:
                return total, []
            page = select(table).where(where).order_by(table.c.seq).offset(start).limit(count)
            return total, list(connection.execute(page))


def living(table: FromClause, connection_name: str) -> ColumnElement[bool]:
    """The rows of a connection that were not deleted."""
    return (table.c.connection == connection_name) & table.c.deleted_at.is_(None)


def lock_row(connection: Connection, table: Table, name: str, identifier: str) -> Any:
    """The living row of an identifier, kept from other writers until the transaction ends.

    Raises:
        Vanished: there is none.
    """
    query = select(table).where(living(table, name), table.c.id == identifier).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Vanished(f"nothing has the id {identifier}")
    return row


@contextmanager
def unique_name(what: str) -> Iterator[None]:
    """Say of a name that is borne already that it is taken."""
    try:
        yield
    except IntegrityError as error:
        raise Taken(f"another {what} of this connection has this name") from error


def record(
    connection: Connection,
    writer: Writer,
    what: str,
    kind: str,
    identifier: str,
    *,
    attributes: str | None = None,
    added: int = 0,
    removed: int = 0,
) -> None:
    """Append what was done."""
    connection.execute(
        insert(tables.events).values(
            connection=writer.connection,
            at=writer.at,
            token=writer.token,
            what=what,
            kind=kind,
            id=identifier,
            attributes=attributes,
            added=added,
            removed=removed,
        )
    )
