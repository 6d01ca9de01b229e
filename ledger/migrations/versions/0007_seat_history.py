"""The history of seats: days, accounts, people, seats, prices, and the views that tools for figures read.

Revision: 0007
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VIEWS = {
    "bi_day": "SELECT day, substr(CAST(day AS TEXT), 1, 7) AS month, at FROM seat_days",
    "bi_account": (
        "SELECT a.seq AS account_key, p.target, p.account_id FROM seat_accounts a "
        "JOIN seat_people p ON p.seq = (SELECT max(l.seq) FROM seat_people l WHERE l.account_key = a.seq)"
    ),
    "bi_person": (
        "SELECT seq AS person_key, account_key, source, source_id, display_name, email, department, "
        "cost_center, manager, user_type, since, until FROM seat_people"
    ),
    "bi_product": (
        "SELECT deployment || '/' || product || '/' || site AS product_key, deployment, product, site "
        "FROM seat_spans UNION "
        "SELECT deployment || '/' || product || '/' || site, deployment, product, site FROM seat_prices"
    ),
    "bi_contract": (
        "SELECT contract, deployment || '/' || product || '/' || site AS product_key, billing, unit, "
        "price_book FROM seat_prices WHERE seq IN (SELECT max(seq) FROM seat_prices "
        "GROUP BY contract, deployment, product, site)"
    ),
    "bi_price": (
        "SELECT contract, deployment || '/' || product || '/' || site AS product_key, held, paid, "
        "cents / 100.0 AS cost_a_month, currency, since, until FROM seat_prices"
    ),
    "bi_seat": (
        "SELECT seq AS seat_key, account_key, deployment || '/' || product || '/' || site AS product_key, "
        "contract, lane, reason, since, until, came_by, gone_by FROM seat_spans"
    ),
    "bi_seat_day": (
        "SELECT d.day, d.month, s.seat_key, s.account_key, p.person_key, s.product_key, s.contract, s.lane, "
        "s.reason FROM bi_day d "
        "JOIN bi_seat s ON s.since <= d.day AND (s.until IS NULL OR s.until > d.day) "
        "LEFT JOIN bi_person p ON p.account_key = s.account_key "
        "AND p.since <= d.day AND (p.until IS NULL OR p.until > d.day)"
    ),
    "bi_price_day": (
        "SELECT d.day, d.month, p.contract, p.product_key, p.held, p.paid, p.cost_a_month, p.currency "
        "FROM bi_day d JOIN bi_price p ON p.since <= d.day AND (p.until IS NULL OR p.until > d.day)"
    ),
}


def upgrade() -> None:
    op.create_table(
        "seat_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("run_id", TEXT, nullable=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_seat_days_runs"),
        sa.PrimaryKeyConstraint("day", name="pk_seat_days"),
    )
    op.create_table(
        "seat_accounts",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_seat_accounts"),
        sa.UniqueConstraint("holder", name="uq_seat_accounts_holder"),
    )
    people = ["target", "account_id", "source", "source_id", "display_name", "email", "department"]
    people += ["cost_center", "manager", "user_type"]
    _spans("seat_people", [*_account("seat_people"), *(sa.Column(n, TEXT, nullable=True) for n in people)])
    op.create_index("ix_seat_people_account_key", "seat_people", ["account_key"])
    _spans(
        "seat_spans",
        [
            *_account("seat_spans"),
            *(sa.Column(name, TEXT, nullable=False) for name in ("deployment", "product", "site")),
            *(sa.Column(name, TEXT, nullable=True) for name in ("contract", "lane", "reason")),
            *(sa.Column(name, TEXT, nullable=True) for name in ("came_by", "gone_by")),
            sa.ForeignKeyConstraint(["came_by"], ["runs.run_id"], name="fk_seat_spans_came_by_runs"),
            sa.ForeignKeyConstraint(["gone_by"], ["runs.run_id"], name="fk_seat_spans_gone_by_runs"),
        ],
    )
    op.create_index("ix_seat_spans_account_key", "seat_spans", ["account_key"])
    op.create_index("ix_seat_spans_until", "seat_spans", ["until"])
    texts = ("contract", "deployment", "product", "site", "billing", "unit", "currency", "price_book")
    numbers = ("held", "paid", "cents")
    _spans(
        "seat_prices",
        [
            *(sa.Column(name, TEXT, nullable=False) for name in texts),
            *(sa.Column(name, sa.BigInteger(), nullable=False) for name in numbers),
        ],
    )
    op.create_table(
        "seat_identities",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("source", "source_id", name="pk_seat_identities"),
    )
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _account(table: str) -> list[Any]:
    key = ["account_key"], ["seat_accounts.seq"]
    return [
        sa.Column("account_key", SEQUENCE, nullable=False),
        sa.ForeignKeyConstraint(*key, name=f"fk_{table}_seat_accounts"),
    ]


def _spans(table: str, values: list[Any]) -> None:
    op.create_table(
        table,
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        *values,
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"),
    )
