"""One consistent read of everything a connection pushed, as it stood after a certain write."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from ledger.engine import explained
from ledger.pushed import tables
from ledger.pushed.resources import living
from ledger.store import Database

_u, _g, _m, _e = tables.users, tables.groups, tables.members, tables.events
AT_ONCE = 5_000


class PushedUser(NamedTuple):
    """A user, deleted ones among them."""

    id: str
    active: bool
    body: dict[str, Any]
    created_at: datetime
    deleted_at: datetime | None


class PushedGroup(NamedTuple):
    """A group with the identifiers of its members, users and groups."""

    id: str
    display_name: str
    members: list[str]


class Pushed(NamedTuple):
    """Everything of one connection at one moment.

    Attributes:
        seq: number of the last write that is in it; 0 before the first.
        heard_at: when the connection last said anything, to the minute; None if it never did.
        users: those who are there and those who were deleted, unless their name is borne again.
        groups: those that are there.
    """

    seq: int
    heard_at: datetime | None
    users: list[PushedUser]
    groups: list[PushedGroup]


class Reading(Database):
    """The part that is read by syncs."""

    def read_pushed(self, connection_name: str) -> Pushed:
        """Read a connection in one transaction, so that no write is in it by half."""
        # PostgreSQL shows each statement of a transaction another state unless it is told not to.
        level = "REPEATABLE READ" if self._engine.dialect.name == "postgresql" else "SERIALIZABLE"
        with explained(self._engine.url), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level=level) if level[0] == "R" else plain
            with connection.begin():
                return Pushed(
                    _last(connection, connection_name),
                    _heard(connection, connection_name),
                    _users(connection, connection_name),
                    _groups(connection, connection_name),
                )

    def last_write(self, connection_names: Collection[str]) -> tuple[int, datetime | None]:
        """Number and time of the last write of some connections; 0 and None before the first."""
        query = select(_e.c.seq, _e.c.at).where(_e.c.connection.in_(connection_names))
        with self._reading() as connection:
            found = connection.execute(query.order_by(_e.c.seq.desc()).limit(1)).one_or_none()
        return (found.seq, found.at) if found else (0, None)


def _last(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.max(_e.c.seq)).where(_e.c.connection == name)) or 0


def _heard(connection: Connection, name: str) -> datetime | None:
    t = tables.tokens.c
    found = connection.scalars(select(t.used_at).where(t.connection == name, t.used_at.is_not(None))).all()
    return max(found, default=None)


def _users(connection: Connection, name: str) -> list[PushedUser]:
    columns = [_u.c[field] for field in PushedUser._fields]
    borne = select(_u.c.user_name).where(living(_u, name))
    shown = _u.c.deleted_at.is_(None) | _u.c.user_name.not_in(borne)
    query = select(*columns).where(_u.c.connection == name, shown).order_by(_u.c.seq)
    rows = connection.execution_options(yield_per=AT_ONCE).execute(query)
    return [PushedUser(*row) for row in rows]


def _groups(connection: Connection, name: str) -> list[PushedGroup]:
    columns = [_g.c.seq, _g.c.id, _g.c.display_name]
    rows = connection.execute(select(*columns).where(living(_g, name)).order_by(_g.c.seq)).all()
    found = {row.seq: PushedGroup(row.id, row.display_name, []) for row in rows}
    query = (
        select(_m.c.group_key, _m.c.member_id)
        .join(_g, _g.c.seq == _m.c.group_key)
        .where(living(_g, name))
        .order_by(_m.c.group_key, _m.c.member_id)
    )
    for key, member in connection.execution_options(yield_per=AT_ONCE).execute(query):
        found[key].members.append(member)
    return list(found.values())
