"""The Prefect flow run behind a run, and plans that a person rejected.

Revision: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("flow_run", sa.Text(), nullable=True))
    op.create_index("ix_runs_flow_run", "runs", ["flow_run"])
    op.add_column("approvals", sa.Column("decision", sa.Text(), nullable=False, server_default="approve"))
