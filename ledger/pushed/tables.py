"""The tables of what is pushed.

A user is one row with its attributes as JSON, and beside them what it is looked up by. A group's members are
rows, so that whoever joins or leaves a group of any size costs one row. What was deleted stays as a row that
says when: that somebody was deleted is told to the next sync, and an identifier is never given twice.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
)

from ledger.tables import SEQUENCE, UtcTime, metadata


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=options.pop("nullable", False), **options)


def _time(name: str, **options: Any) -> Column[Any]:
    return Column(name, UtcTime, nullable=options.pop("nullable", False), **options)


def _sequence() -> Column[int]:
    return Column("seq", SEQUENCE, primary_key=True, autoincrement=True)


def _life() -> list[Column[Any]]:
    """When a resource was made, changed and deleted; its version grows with every change."""
    return [
        Column("version", Integer, nullable=False),
        _time("created_at"),
        _time("modified_at"),
        _time("deleted_at", nullable=True),
    ]


tokens = Table(
    "push_tokens",
    metadata,
    _sequence(),
    _text("connection", index=True),
    _text("digest", doc="SHA-256 of the token; the token itself is nowhere."),
    _time("made_at"),
    _time("revoked_at", nullable=True),
    _time("used_at", nullable=True, doc="Last use, to the minute."),
    _text("used_from", nullable=True, doc="Address of the last use."),
    Index("uq_push_tokens_digest", "digest", unique=True),
)

users = Table(
    "pushed_users",
    metadata,
    _sequence(),
    _text("connection"),
    _text("id"),
    _text("user_name", doc="Folded: user names differ in more than case."),
    _text("external_id", nullable=True),
    _text("email", nullable=True, doc="Folded address of work, else the primary or first one."),
    Column("active", Boolean, nullable=False),
    Column("body", JSON, nullable=False, doc="The attributes as they were pushed."),
    *_life(),
    Index("uq_pushed_users_id", "connection", "id", unique=True),
    Index("ix_pushed_users_external_id", "connection", "external_id"),
    Index("ix_pushed_users_email", "connection", "email"),
)
groups = Table(
    "pushed_groups",
    metadata,
    _sequence(),
    _text("connection"),
    _text("id"),
    _text("display_name"),
    _text("name", doc="The display name, folded."),
    _text("external_id", nullable=True),
    *_life(),
    Index("uq_pushed_groups_id", "connection", "id", unique=True),
    Index("ix_pushed_groups_external_id", "connection", "external_id"),
)
# Two processes can never both make a user, or a group, of one name.
for name, table in (("user_name", users), ("name", groups)):
    Index(
        f"uq_{table.name}_{name}",
        table.c.connection,
        table.c[name],
        unique=True,
        sqlite_where=table.c.deleted_at.is_(None),
        postgresql_where=table.c.deleted_at.is_(None),
    )

# A member is named as it was pushed, also one nobody knows yet: the order of an import is the IdP's.
members = Table(
    "pushed_members",
    metadata,
    Column("group_key", SEQUENCE, ForeignKey("pushed_groups.seq"), primary_key=True),
    _text("member_id", primary_key=True),
    Index("ix_pushed_members_member_id", "member_id"),
)

events = Table(
    "push_events",
    metadata,
    _sequence(),
    _text("connection"),
    _time("at"),
    Column("token", SEQUENCE, ForeignKey("push_tokens.seq"), nullable=False),
    _text("what", doc="created, changed, deactivated, activated, deleted, members or emptied."),
    _text("kind", doc="User or Group."),
    _text("id"),
    _text("attributes", nullable=True, doc="Names of what changed, never values."),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Index("ix_push_events_connection_seq", "connection", "seq"),
)
