"""Accounts of people who left whose employee number somebody else bears now.

Revision: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "doubted",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("target", "account_id")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("source", "source_id", "number", "reason")),
        sa.PrimaryKeyConstraint("target", "account_id", name="pk_doubted"),
    )
