"""The name of what was taken back, and of the rows from before 0009 which entitlements they stand for.

Revision: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("undone", sa.Column("entitlement", sa.Text(), nullable=True))
