"""The tables of the history of seats: a star whose facts hold from a day on until another.

`seat_spans` are the facts; accounts, people, prices and days are what they are looked at by. Tools for
figures read the views `bi_…` of the migrations, which stay as they are whatever becomes of the tables.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Index, Table, Text

from ledger.tables import SEQUENCE, UtcTime, columns_of, metadata
from provisioning.model.facts import HolderFacts, IdentityFacts, PriceFacts, SeatFacts
from provisioning.model.frames import Frame


def _sequence(name: str = "seq") -> Column[int]:
    return Column(name, SEQUENCE, primary_key=True, autoincrement=True)


def _account() -> Column[int]:
    return Column("account_key", SEQUENCE, ForeignKey("seat_accounts.seq"), nullable=False, index=True)


def _values(model: type[Frame]) -> list[Column[Any]]:
    """The columns of a frame but the holder, for whom a key stands."""
    return [column for column in columns_of(model) if column.name != "holder"]


def _runs(**docs: str) -> list[Column[Any]]:
    """References to runs, each of a name of its own: two of one table to another would share one."""
    return [
        Column(
            name,
            Text,
            ForeignKey("runs.run_id", name=f"fk_seat_spans_{name}_runs"),
            nullable=True,
            doc=doc,
        )
        for name, doc in docs.items()
    ]


def _span() -> list[Column[Any]]:
    return [
        Column("since", Date, nullable=False, doc="First day on which it was so."),
        Column("until", Date, nullable=True, doc="First day on which it was so no more; null while it is."),
    ]


seat_days = Table(
    "seat_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("at", UtcTime, nullable=False, doc="Moment of the day's last read."),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=True),
    Column("digest", Text, nullable=False, doc="One word for all that was so; an equal day writes nothing."),
)

seat_accounts = Table(
    "seat_accounts",
    metadata,
    _sequence(),
    Column("holder", Text, nullable=False, unique=True),
)

seat_people = Table(
    "seat_people",
    metadata,
    _sequence(),
    _account(),
    *_values(HolderFacts),
    *_span(),
)

seat_spans = Table(
    "seat_spans",
    metadata,
    _sequence(),
    _account(),
    *_values(SeatFacts),
    *_span(),
    *_runs(came_by="Run that saw it first.", gone_by="Run that saw it no more."),
    Index("ix_seat_spans_until", "until"),
)

seat_prices = Table("seat_prices", metadata, _sequence(), *_values(PriceFacts), *_span())

seat_identities = Table(
    "seat_identities",
    metadata,
    *columns_of(IdentityFacts, key=("source", "source_id")),
    Column("first_day", Date, nullable=False, doc="First day on which the source stated the person."),
)
