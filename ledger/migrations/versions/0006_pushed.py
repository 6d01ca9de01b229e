"""What identity providers push: tokens, users, groups, members and the record of each write.

Revision: 0006
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "push_tokens",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("connection", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("used_from", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_push_tokens"),
    )
    op.create_index("ix_push_tokens_connection", "push_tokens", ["connection"])
    op.create_index("uq_push_tokens_digest", "push_tokens", ["digest"], unique=True)
    op.create_table(
        "pushed_users",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("connection", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("user_name", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=True),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        *_life(),
        sa.PrimaryKeyConstraint("seq", name="pk_pushed_users"),
    )
    _index("pushed_users", "user_name", looked_up=("external_id", "email"))
    op.create_table(
        "pushed_groups",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("connection", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("external_id", TEXT, nullable=True),
        *_life(),
        sa.PrimaryKeyConstraint("seq", name="pk_pushed_groups"),
    )
    _index("pushed_groups", "name", looked_up=("external_id",))
    op.create_table(
        "pushed_members",
        sa.Column("group_key", SEQUENCE, autoincrement=False, nullable=False),
        sa.Column("member_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["group_key"], ["pushed_groups.seq"], name="fk_pushed_members_pushed_groups"),
        sa.PrimaryKeyConstraint("group_key", "member_id", name="pk_pushed_members"),
    )
    op.create_index("ix_pushed_members_member_id", "pushed_members", ["member_id"])
    op.create_table(
        "push_events",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("connection", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("token", SEQUENCE, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("attributes", TEXT, nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["push_tokens.seq"], name="fk_push_events_push_tokens"),
        sa.PrimaryKeyConstraint("seq", name="pk_push_events"),
    )
    op.create_index("ix_push_events_connection_seq", "push_events", ["connection", "seq"])


def _life() -> list[sa.Column[Any]]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("modified_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
    ]


def _index(table: str, name: str, looked_up: tuple[str, ...]) -> None:
    """An identifier is given once, a name is borne by one who is there; further columns are looked up."""
    there = sa.text("deleted_at IS NULL")
    op.create_index(f"uq_{table}_id", table, ["connection", "id"], unique=True)
    op.create_index(
        f"uq_{table}_{name}",
        table,
        ["connection", name],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )
    for column in looked_up:
        op.create_index(f"ix_{table}_{column}", table, ["connection", column])
