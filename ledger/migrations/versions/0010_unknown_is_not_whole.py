"""Whom a plan of some people is of; one of which nobody can tell whose it is does not count as whole.

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Only a run for everyone ever catalogued a read, so such a run's plan is known to be whole."""
    op.add_column("planned", sa.Column("asked_for", sa.JSON(), nullable=True))
    planned = sa.table("planned", sa.column("partial", sa.Boolean), sa.column("run_id", sa.Text))
    snapshots = sa.table("snapshots", sa.column("run_id", sa.Text))
    kept = sa.select(snapshots.c.run_id).where(snapshots.c.run_id.is_not(None))
    op.execute(sa.update(planned).where(planned.c.run_id.not_in(kept)).values(partial=sa.true()))
