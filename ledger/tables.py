"""The tables, and the one way between a frame and a table.

Tables that hold frames take their columns from the models of `provisioning.model.frames`. A change here
or there needs a migration; a test compares both and prints what the migration must do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    false,
)
from sqlalchemy.types import TypeEngine

from provisioning.model.frames import Changes, Frame, Links, Outcomes, Taken, columns

KEY = ("target", "account_id", "kind", "entitlement_id")
"""What names an assignment."""

APPROVED = "approve"
REJECTED = "reject"
"""What a person may decide about a plan."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC; a naive one is refused because nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn the time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; pass an aware time, such as datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the time back aware; SQLite forgets the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite grows only columns that are exactly INTEGER."""

SQL_TYPES: dict[str, type[TypeEngine[Any]]] = {
    "str": Text,
    "string": Text,
    "string[pyarrow]": Text,
    "int64": BigInteger,
    "Int64": BigInteger,
    "bool": Boolean,
    "boolean": Boolean,
    "datetime64[us, UTC]": UtcTime,
}


def columns_of(model: type[Frame], *, key: Sequence[str] = ()) -> list[Column[Any]]:
    """One SQL column per column of a frame, with its type, nullability and description.

    Args:
        model: the frame.
        key: columns that are part of the table's primary key.
    """
    return [
        Column(
            name,
            SQL_TYPES[str(declared.dtype)],
            primary_key=name in key,
            nullable=bool(declared.nullable),
            doc=declared.description,
        )
        for name, declared in model.to_schema().columns.items()
    ]


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=options.pop("nullable", False), **options)


def _time(name: str, **options: Any) -> Column[datetime]:
    return Column(name, UtcTime, nullable=options.pop("nullable", False), **options)


def _sequence() -> Column[int]:
    return Column("seq", SEQUENCE, primary_key=True, autoincrement=True)


def _run(**options: Any) -> Column[str]:
    return Column("run_id", Text, ForeignKey("runs.run_id"), **{"nullable": False, **options})


def _plan(**options: Any) -> Column[str]:
    return Column("fingerprint", Text, ForeignKey("plans.fingerprint"), **{"nullable": False, **options})


def _change() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["fingerprint", "change_id"], ["changes.fingerprint", "changes.change_id"])


runs = Table(
    "runs",
    metadata,
    _text("run_id", primary_key=True),
    _text("flow"),
    _time("started_at", index=True),
    _time("alive_at", doc="When the run last said that it is still there."),
    _text("owner", nullable=True, doc="Login it runs as."),
    _text("host", nullable=True),
    Column("pid", Integer, nullable=True),
    _time("finished_at", nullable=True),
    _text("verdict", nullable=True),
    Column("exit_code", Integer, nullable=True),
    _text("policy"),
    _text("config", nullable=True),
    Column("summary", JSON(none_as_null=True), nullable=True),
    _text("flow_run", nullable=True, index=True, doc="The Prefect flow run it is an attempt at."),
)

# One run at a time writes a target. The lease of a run that fell silent is free: a crash blocks nobody.
leases = Table(
    "leases",
    metadata,
    _text("target", primary_key=True),
    _run(),
)

# Runs that use one token share its limits. Whoever writes here removes what runs that ended have left.
tokens = Table(
    "tokens",
    metadata,
    _text("token", primary_key=True, doc="Digest of a host and the label of a credential for it."),
    _text("run_id", primary_key=True),
)

# A plan's content is kept once, however many runs come to the same plan.
plans = Table(
    "plans",
    metadata,
    _text("fingerprint", primary_key=True),
    Column("size", Integer, nullable=False, doc="Number of changes."),
)

planned = Table(
    "planned",
    metadata,
    _sequence(),
    _run(),
    _text("target"),
    _plan(index=True),
    _text("policy_fingerprint"),
    Column("blocked_by", JSON, nullable=False),
    _time("created"),
    _text("undoes", nullable=True, doc="Run that the plan takes back."),
    Column("partial", Boolean, nullable=False, server_default=false(), doc="Of some people alone."),
    Column("asked_for", JSON(none_as_null=True), nullable=True, doc="Their addresses; null if not known."),
    Index("uq_planned_run_id_target_fingerprint", "run_id", "target", "fingerprint", unique=True),
)

changes = Table(
    "changes",
    metadata,
    _plan(primary_key=True),
    *columns_of(Changes, key=["change_id"]),
    Column("nth", Integer, nullable=False, doc="Place in the stored frame."),
)

approvals = Table(
    "approvals",
    metadata,
    _sequence(),
    _plan(index=True),
    _text("by"),
    _text("reason"),
    _time("at"),
    _text("decision", server_default=APPROVED, doc="Whether the person approved the plan or rejected it."),
)

intents = Table(
    "intents",
    metadata,
    _sequence(),
    _run(),
    _text("fingerprint"),
    _text("change_id"),
    _time("at"),
    Column("settled", Boolean, nullable=False, server_default=false()),
    _change(),
    Index("ix_intents_fingerprint_change_id", "fingerprint", "change_id"),
)
# At most one unsettled intent for a change: two runs can never both be writing it.
Index(
    "uq_intents_unsettled",
    intents.c.fingerprint,
    intents.c.change_id,
    unique=True,
    sqlite_where=intents.c.settled == false(),
    postgresql_where=intents.c.settled == false(),
)

outcomes = Table(
    "outcomes",
    metadata,
    _sequence(),
    _run(),
    _text("fingerprint"),
    *columns_of(Outcomes),
    _text("intended_by", nullable=True, doc="Run that made the change; null for one that was so already."),
    _change(),
    Index("ix_outcomes_fingerprint_change_id", "fingerprint", "change_id"),
)

links = Table(
    "links",
    metadata,
    _sequence(),
    *columns_of(Links),
    _time("linked_at"),
    _time("unlinked_at", nullable=True),
    Index("ix_links_target_account_id", "target", "account_id"),
)

# Named by the transaction that made it, and taken away by any that changes a link: it is never out of date.
link_copies = Table("link_copies", metadata, _text("target", primary_key=True), _text("file"))

leavers = Table(
    "leavers",
    metadata,
    _text("target", primary_key=True),
    _text("account_id", primary_key=True),
    _time("since"),
    _text("cause", nullable=True, doc="Cause the stages count for, where it is known."),
)

# Whoever left may be listed under another identifier, or somebody new may bear their number: a person says.
doubted = Table(
    "doubted",
    metadata,
    _text("target", primary_key=True),
    _text("account_id", primary_key=True),
    _text("source"),
    _text("source_id", doc="Identity that may have the account."),
    _text("number", doc="Employee number of both."),
    _text("reason"),
)

# Null cannot be part of a key: no entitlement, the account itself, is the empty text here.
owned = Table("owned", metadata, *(_text(name, primary_key=True) for name in KEY), _text("how"), _time("at"))

taken = Table("taken", metadata, *columns_of(Taken, key=KEY))

# Whom somebody else made active again after Seatwise had ended the account: a later end is not ours to lift.
brought_back = Table(
    "brought_back",
    metadata,
    _text("target", primary_key=True),
    _text("account_id", primary_key=True),
    _time("at"),
)

# What a person took back is not made again by the same rule, until somebody lifts it, the rule changes, or
# what gave rise to it is over.
undone = Table(
    "undone",
    metadata,
    _text("target", primary_key=True),
    _text("account_id", primary_key=True),
    _text("rule", primary_key=True),
    _text("action", primary_key=True),
    _text("entitlement_id", primary_key=True, doc="Empty: whatever the rule does to the account."),
    _text("entitlement", nullable=True, doc="Its name, by which one that is made anew is known again."),
    _text("subject"),
    _text("run_id", doc="Run that was taken back."),
    _text("rule_digest", doc="Of what the policy said under the rule."),
    _time("at"),
)

policies = Table(
    "policies",
    metadata,
    _sequence(),
    _text("target", index=True),
    _text("fingerprint"),
    _time("at"),
)

snapshots = Table(
    "snapshots",
    metadata,
    _sequence(),
    _text("origin"),
    _text("digest", index=True),
    _time("taken_at"),
    Column("complete", Boolean, nullable=False),
    _time("whole_at"),
    _text("checkpoint", nullable=True, doc="Where in a feed of changes the read stands."),
    _text("options", nullable=True, doc="Digest of the connection's options it was read with."),
    _run(nullable=True),
    Column("sizes", JSON, nullable=False, doc="Rows of each frame."),
    Column("measured", JSON(none_as_null=True), nullable=True, doc="What the next read is compared with."),
    Column("files", JSON, nullable=False, doc="Digest of each frame's file."),
    Index("ix_snapshots_origin_complete_seq", "origin", "complete", "seq"),
)


def dtype(column: Column[Any]) -> str:
    """The pandas type a column comes back as."""
    if isinstance(column.type, UtcTime):
        return "datetime64[us, UTC]"
    if isinstance(column.type, Boolean):
        return "boolean" if column.nullable else "bool"
    if isinstance(column.type, Integer):
        return "Int64" if column.nullable else "int64"
    return "object" if isinstance(column.type, (JSON, Date)) else "str"


def frame(rows: Iterable[Sequence[Any]], table_columns: Sequence[Column[Any]]) -> pd.DataFrame:
    """Rows as a frame whose types follow from the columns, also when there is no row."""
    made = pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in table_columns])
    return made.astype({column.name: dtype(column) for column in table_columns})


def picked(table: Table, model: type[Frame]) -> list[Column[Any]]:
    """The columns of a table that make up a frame, in the frame's order."""
    return [table.c[name] for name in columns(model)]


def records(rows: pd.DataFrame, **same: Any) -> list[dict[str, Any]]:
    """Rows as values for an insert: plain Python values, nulls as None.

    Args:
        rows: what to store.
        same: columns with one value in all rows.
    """
    plain = rows.astype(object).where(rows.notna(), None)
    names = [str(name) for name in plain.columns]
    lists = (plain[name].tolist() for name in names)
    return [{**same, **dict(zip(names, values, strict=True))} for values in zip(*lists, strict=True)]
