"""Users: one row each, looked up by index, changed under a lock of that row alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select, true, update

from ledger.pushed import tables
from ledger.pushed.resources import Resources, Writer, living, lock_row, record, unique_name

Body = Mapping[str, Any]
_t = tables.users


class UserKeys(NamedTuple):
    """What a user is looked up by; the service works it out of the attributes.

    Attributes:
        user_name: folded.
        external_id: as the identity provider writes it.
        email: folded.
        active: whether the user may sign in.
    """

    user_name: str
    external_id: str | None
    email: str | None
    active: bool


class StoredUser(NamedTuple):
    """A user as stored."""

    id: str
    body: Body
    version: int
    created_at: datetime
    modified_at: datetime


class Users(Resources):
    """The users of all connections."""

    def find_user(self, connection_name: str, identifier: str) -> StoredUser:
        """The user of an identifier, active or not.

        Raises:
            Vanished: there is none.
        """
        return _stored(self._find(_t, "user", connection_name, identifier))

    def list_users(
        self, connection_name: str, where: ColumnElement[bool] | None, start: int, count: int
    ) -> tuple[int, list[StoredUser]]:
        """How many users a filter selects, and those from a place on, in the order they were made.

        Args:
            connection_name: the connection.
            where: condition on the table of users; None selects all.
            start: how many are passed over.
            count: how many are returned at most.
        """
        chosen = living(_t, connection_name) & (true() if where is None else where)
        total, rows = self._count_and_page(_t, chosen, start, count)
        return total, [_stored(row) for row in rows]

    def add_user(self, writer: Writer, identifier: str, body: Body, keys: UserKeys) -> StoredUser:
        """Make a user.

        Raises:
            Taken: another user bears the name.
        """
        row = {
            "connection": writer.connection,
            "id": identifier,
            "body": dict(body),
            "version": 1,
            "created_at": writer.at,
            "modified_at": writer.at,
            **keys._asdict(),
        }
        with unique_name("user"), self._writing() as connection:
            connection.execute(insert(_t).values(row))
            record(connection, writer, "created", "User", identifier, attributes=", ".join(sorted(body)))
        return StoredUser(identifier, body, 1, writer.at, writer.at)

    def change_user(
        self,
        writer: Writer,
        identifier: str,
        change: Callable[[StoredUser], tuple[Body, UserKeys]],
    ) -> StoredUser:
        """Change a user; nobody else changes it meanwhile, and what changes nothing writes nothing.

        Args:
            writer: who pushes.
            identifier: the user's.
            change: makes the new attributes of the present ones; what it raises leaves the user as it was.

        Raises:
            Vanished: there is no such user.
            Taken: another user bears the new name.
        """
        with unique_name("user"), self._writing() as connection:
            row = lock_row(connection, _t, writer.connection, identifier)
            before = _stored(row)
            body, keys = change(before)
            if body == before.body:
                return before
            after = StoredUser(identifier, body, before.version + 1, before.created_at, writer.at)
            values = {"body": dict(body), "version": after.version, "modified_at": writer.at}
            connection.execute(update(_t).where(_t.c.seq == row.seq).values(**values, **keys._asdict()))
            what = "changed" if keys.active == row.active else _word_of(active=keys.active)
            names = sorted(n for n in {*body, *before.body} if body.get(n) != before.body.get(n))
            record(connection, writer, what, "User", identifier, attributes=", ".join(names))
        return after

    def delete_user(self, writer: Writer, identifier: str, allowed: Callable[[StoredUser], None]) -> None:
        """Delete a user with all memberships; that it was there remains known.

        Args:
            writer: who pushes.
            identifier: the user's.
            allowed: raises where the user as stored may not be deleted.

        Raises:
            Vanished: there is no such user.
        """
        with self._writing() as connection:
            row = lock_row(connection, _t, writer.connection, identifier)
            allowed(_stored(row))
            gone = {"deleted_at": writer.at, "modified_at": writer.at, "active": False}
            connection.execute(update(_t).where(_t.c.seq == row.seq).values(gone))
            own = select(tables.groups.c.seq).where(tables.groups.c.connection == writer.connection)
            m = tables.members.c
            memberships = delete(tables.members).where(m.member_id == identifier, m.group_key.in_(own))
            removed = connection.execute(memberships).rowcount
            record(connection, writer, "deleted", "User", identifier, removed=removed)


def _word_of(*, active: bool) -> str:
    return "activated" if active else "deactivated"


def _stored(row: Any) -> StoredUser:
    return StoredUser(row.id, row.body, row.version, row.created_at, row.modified_at)
