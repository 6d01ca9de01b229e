"""The cause for which somebody became a leaver.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("leavers", sa.Column("cause", sa.Text(), nullable=True))
