"""Find the intents of a few changes without reading those of the whole plan.

Revision: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_intents_fingerprint_change_id", "intents", ["fingerprint", "change_id"])
