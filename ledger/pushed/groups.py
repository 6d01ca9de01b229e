"""Groups: a row each, and a row for each member; no group is ever loaded to change one member."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.pushed import tables
from ledger.pushed.resources import Resources, Writer, living, lock_row, record, unique_name
from ledger.store import chunks
from provisioning.model.text import fold

_t, _m = tables.groups, tables.members


class StoredGroup(NamedTuple):
    """A group as stored, without its members."""

    id: str
    display_name: str
    external_id: str | None
    version: int
    created_at: datetime
    modified_at: datetime


class StoredMember(NamedTuple):
    """A member of a group.

    Attributes:
        id: as it was pushed.
        is_group: whether a group has this identifier.
    """

    id: str
    is_group: bool


class MemberChange(NamedTuple):
    """One change of who is in a group.

    Attributes:
        do: `add` and `remove` speak of these members alone, `replace` of everybody.
        ids: identifiers of members; `replace` with none empties the group.
    """

    do: Literal["add", "remove", "replace"]
    ids: Collection[str]


class Groups(Resources):
    """The groups of all connections."""

    def find_group(self, connection_name: str, identifier: str) -> StoredGroup:
        """The group of an identifier.

        Raises:
            Vanished: there is none.
        """
        return _stored(self._find(_t, "group", connection_name, identifier))

    def list_groups(
        self, connection_name: str, where: ColumnElement[bool] | None, start: int, count: int
    ) -> tuple[int, list[StoredGroup]]:
        """How many groups a filter selects, and those from a place on; as `list_users`."""
        chosen = living(_t, connection_name) & (true() if where is None else where)
        total, rows = self._count_and_page(_t, chosen, start, count)
        return total, [_stored(row) for row in rows]

    def members_of(self, connection_name: str, identifiers: Sequence[str]) -> dict[str, list[StoredMember]]:
        """The members of some groups, by group."""
        inner = _t.alias()
        query = (
            select(_t.c.id, _m.c.member_id, inner.c.seq.is_not(None))
            .join(_m, _m.c.group_key == _t.c.seq)
            .outerjoin(inner, living(inner, connection_name) & (inner.c.id == _m.c.member_id))
            .where(living(_t, connection_name), _t.c.id.in_(identifiers))
            .order_by(_t.c.seq, _m.c.member_id)
        )
        found: dict[str, list[StoredMember]] = {identifier: [] for identifier in identifiers}
        with self._reading() as connection:
            for group, member, is_group in connection.execute(query):
                found[group].append(StoredMember(member, bool(is_group)))
        return found

    def groups_of(self, connection_name: str, identifiers: Sequence[str]) -> dict[str, list[StoredGroup]]:
        """The groups some users are in, by user."""
        query = (
            select(_m.c.member_id, _t)
            .join(_m, _m.c.group_key == _t.c.seq)
            .where(living(_t, connection_name), _m.c.member_id.in_(identifiers))
            .order_by(_t.c.seq)
        )
        found: dict[str, list[StoredGroup]] = {identifier: [] for identifier in identifiers}
        with self._reading() as connection:
            for row in connection.execute(query):
                found[row.member_id].append(_stored(row))
        return found

    def add_group(
        self,
        writer: Writer,
        identifier: str,
        display_name: str,
        external_id: str | None,
        members: Collection[str],
    ) -> StoredGroup:
        """Make a group.

        Raises:
            Taken: another group bears the name.
        """
        row = {
            "connection": writer.connection,
            "id": identifier,
            **_named(display_name),
            "external_id": external_id,
            "version": 1,
            "created_at": writer.at,
            "modified_at": writer.at,
        }
        with unique_name("group"), self._writing() as connection:
            key = connection.execute(insert(_t).values(row)).inserted_primary_key
            assert key is not None
            added = _add(connection, key[0], members)
            record(connection, writer, "created", "Group", identifier, added=added)
        return StoredGroup(identifier, display_name, external_id, 1, writer.at, writer.at)

    def change_group(
        self,
        writer: Writer,
        identifier: str,
        change: Callable[[StoredGroup], StoredGroup],
        members: Sequence[MemberChange] = (),
    ) -> StoredGroup:
        """Change a group's name, and who is in it, one change after the other, all or nothing.

        Args:
            writer: who pushes.
            identifier: the group's.
            change: makes the new name and external identifier of the present ones.
            members: changes in their order.

        Raises:
            Vanished: there is no such group.
            Taken: another group bears the new name.
        """
        with unique_name("group"), self._writing() as connection:
            row = lock_row(connection, _t, writer.connection, identifier)
            before = _stored(row)
            after = change(before)
            added = removed = 0
            emptied = False
            for step in members:
                more, fewer = _apply(connection, row.seq, step)
                added, removed = added + more, removed + fewer
                emptied |= step.do == "replace" and not step.ids and fewer > 0
            if after == before and not added and not removed:
                return before
            after = after._replace(version=before.version + 1, modified_at=writer.at)
            values = {"version": after.version, "modified_at": writer.at, "external_id": after.external_id}
            naming = _named(after.display_name)
            connection.execute(update(_t).where(_t.c.seq == row.seq).values(**values, **naming))
            what = "emptied" if emptied else "members" if added or removed else "changed"
            record(connection, writer, what, "Group", identifier, added=added, removed=removed)
        return after

    def delete_group(self, writer: Writer, identifier: str, allowed: Callable[[StoredGroup], None]) -> None:
        """Delete a group; as `delete_user`."""
        with self._writing() as connection:
            row = lock_row(connection, _t, writer.connection, identifier)
            allowed(_stored(row))
            removed = _remove_all(connection, row.seq)
            gone = {"deleted_at": writer.at, "modified_at": writer.at}
            connection.execute(update(_t).where(_t.c.seq == row.seq).values(gone))
            record(connection, writer, "deleted", "Group", identifier, removed=removed)


def _named(display_name: str) -> dict[str, str]:
    return {"display_name": display_name, "name": fold(display_name)}


def _stored(row: Any) -> StoredGroup:
    return StoredGroup(
        row.id, row.display_name, row.external_id, row.version, row.created_at, row.modified_at
    )


def _apply(connection: Connection, key: int, step: MemberChange) -> tuple[int, int]:
    """How many were added and removed by one change."""
    if step.do == "add":
        return _add(connection, key, step.ids), 0
    if step.do == "remove":
        return 0, _remove(connection, key, list(step.ids))
    if not step.ids:
        return 0, _remove_all(connection, key)
    present = set(connection.scalars(select(_m.c.member_id).where(_m.c.group_key == key)))
    wanted = set(step.ids)
    return _add(connection, key, wanted - present), _remove(connection, key, list(present - wanted))


def _add(connection: Connection, key: int, ids: Collection[str]) -> int:
    """How many of these were not in the group and now are."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_m).on_conflict_do_nothing().returning(_m.c.member_id)
    added = 0
    for part in chunks(sorted(set(ids))):
        rows = [{"group_key": key, "member_id": member} for member in part]
        added += len(connection.execute(statement, rows).all())
    return added


def _remove(connection: Connection, key: int, ids: Sequence[str]) -> int:
    removed = 0
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        statement = delete(_m).where(_m.c.group_key == key, _m.c.member_id.in_(some))
        removed += connection.execute(statement).rowcount
    return removed


def _remove_all(connection: Connection, key: int) -> int:
    return connection.execute(delete(_m).where(_m.c.group_key == key)).rowcount
