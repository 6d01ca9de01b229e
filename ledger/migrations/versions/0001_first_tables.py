"""The first tables.

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "leavers",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", name="pk_leavers"),
    )
    op.create_table(
        "links",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("linked_at", TIME, nullable=False),
        sa.Column("unlinked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_links"),
    )
    op.create_index("ix_links_target_account_id", "links", ["target", "account_id"])
    op.create_table(
        "owned",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entitlement_id", TEXT, nullable=False),
        sa.Column("how", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", "kind", "entitlement_id", name="pk_owned"),
    )
    op.create_table(
        "plans",
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_plans"),
    )
    op.create_table(
        "policies",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_policies"),
    )
    op.create_index("ix_policies_target", "policies", ["target"])
    op.create_table(
        "runs",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("alive_at", TIME, nullable=False),
        sa.Column("owner", TEXT, nullable=True),
        sa.Column("host", TEXT, nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("config", TEXT, nullable=True),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table(
        "leases",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_leases_runs"),
        sa.PrimaryKeyConstraint("target", name="pk_leases"),
    )
    op.create_table(
        "undone",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("rule_digest", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", "rule", "action", name="pk_undone"),
    )
    op.create_table(
        "taken",
        sa.Column("target", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("entitlement_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("target", "account_id", "kind", "entitlement_id", name="pk_taken"),
    )
    op.create_table(
        "approvals",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["plans.fingerprint"], name="fk_approvals_plans"),
        sa.PrimaryKeyConstraint("seq", name="pk_approvals"),
    )
    op.create_index("ix_approvals_fingerprint", "approvals", ["fingerprint"])
    op.create_table(
        "changes",
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("change_id", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=True),
        sa.Column("source_id", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=True),
        sa.Column("entitlement_id", TEXT, nullable=True),
        sa.Column("entitlement", TEXT, nullable=True),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("after", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("movement", TEXT, nullable=True),
        sa.Column("destructive", sa.Boolean(), nullable=False),
        sa.Column("reversible", sa.Boolean(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["fingerprint"], ["plans.fingerprint"], name="fk_changes_plans"),
        sa.PrimaryKeyConstraint("fingerprint", "change_id", name="pk_changes"),
    )
    op.create_table(
        "planned",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("policy_fingerprint", TEXT, nullable=False),
        sa.Column("blocked_by", sa.JSON(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("undoes", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["fingerprint"], ["plans.fingerprint"], name="fk_planned_plans"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_planned_runs"),
        sa.PrimaryKeyConstraint("seq", name="pk_planned"),
    )
    op.create_index("ix_planned_fingerprint", "planned", ["fingerprint"])
    op.create_index(
        "uq_planned_run_id_target_fingerprint", "planned", ["run_id", "target", "fingerprint"], unique=True
    )
    op.create_table(
        "snapshots",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("whole_at", TIME, nullable=False),
        sa.Column("checkpoint", TEXT, nullable=True),
        sa.Column("options", TEXT, nullable=True),
        sa.Column("run_id", TEXT, nullable=True),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=True),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_snapshots_runs"),
        sa.PrimaryKeyConstraint("seq", name="pk_snapshots"),
    )
    op.create_index("ix_snapshots_digest", "snapshots", ["digest"])
    op.create_index("ix_snapshots_origin_complete_seq", "snapshots", ["origin", "complete", "seq"])
    op.create_table(
        "intents",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("change_id", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint", "change_id"],
            ["changes.fingerprint", "changes.change_id"],
            name="fk_intents_changes",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_intents_runs"),
        sa.PrimaryKeyConstraint("seq", name="pk_intents"),
    )
    op.create_index(
        "uq_intents_unsettled",
        "intents",
        ["fingerprint", "change_id"],
        unique=True,
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("settled = false"),
    )
    op.create_table(
        "outcomes",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("change_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("at", TIME, nullable=True),
        sa.Column("intended_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["fingerprint", "change_id"],
            ["changes.fingerprint", "changes.change_id"],
            name="fk_outcomes_changes",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_outcomes_runs"),
        sa.PrimaryKeyConstraint("seq", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_fingerprint_change_id", "outcomes", ["fingerprint", "change_id"])
