"""Which plans are of some people alone, what exactly was taken back, and whom somebody else brought back.

Revision: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_KEPT = "target, account_id, rule, action, subject, run_id, rule_digest, at"


def upgrade() -> None:
    op.add_column("planned", sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()))
    _name_what_was_taken_back()
    op.create_table(
        "brought_back",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", name="pk_brought_back"),
    )


def _name_what_was_taken_back() -> None:
    """The key of `undone` gets the entitlement; what was kept before stands for every one of its rule."""
    op.execute("CREATE TABLE undone_before AS SELECT * FROM undone")
    op.drop_table("undone")
    op.create_table(
        "undone",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("target", "account_id", "rule", "action")),
        sa.Column("entitlement_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("subject", "run_id", "rule_digest")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", "rule", "action", "entitlement_id", name="pk_undone"),
    )
    op.execute(f"INSERT INTO undone ({_KEPT}, entitlement_id) SELECT {_KEPT}, '' FROM undone_before")  # noqa: S608 (names of our own columns)
    op.drop_table("undone_before")
