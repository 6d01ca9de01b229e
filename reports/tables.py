"""The tables of the licence report with their titles and kinds of values, for every format alike."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pandas as pd

from reports.licences import Report
from reports.words import BILLINGS, PLURALS, titled

Kind = Literal["text", "count", "money", "share", "day", "flag"]

KINDS: dict[str, Kind] = {
    "capacity": "count", "assigned": "count", "billed": "count", "used": "count", "unsure": "count",
    "wasted": "count", "seats": "count", "rows": "count", "idle_days": "count", "to_lower_tier": "count",
    "leaver": "count", "suspended": "count", "duplicate": "count", "orphan": "count", "never_used": "count",
    "idle": "count", "wasted_share": "share", "known_share": "share",
    "oversized": "money", "cost": "money", "monthly": "money", "next_cycle": "money", "next_renewal": "money",
    "saves_from": "day", "last_active": "day", "added_on": "day", "taken_at": "day", "whole_at": "day",
    "complete": "flag",
}  # fmt: skip

PRODUCTS = [
    "product", "site", "target", "billing", "capacity", "assigned", "billed", "used", "unsure", "wasted",
    "leaver", "suspended", "duplicate", "orphan", "never_used", "idle", "known_share",
    "cost", "monthly", "next_cycle", "next_renewal", "saves_from", "to_lower_tier", "oversized",
]  # fmt: skip
WASTE = [
    "display_name", "email", "product", "site", "reason", "detail", "idle_days", "last_active", "added_on",
    "department", "cost_center", "manager", "monthly", "saves_from", "granted_by", "target",
    "account_id",
]  # fmt: skip


class Column(NamedTuple):
    """A column of a table: its name in the frame, its title and the kind of its values."""

    name: str
    title: str
    kind: Kind


class Table(NamedTuple):
    """A titled frame."""

    title: str
    columns: list[Column]
    frame: pd.DataFrame

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows as plain values, None for null."""
        return records(self.frame[[column.name for column in self.columns]])


def products(report: Report) -> Table:
    """Seats and money by product and site."""
    return Table(
        "Products",
        columns(PRODUCTS),
        report.products.assign(billing=report.products["billing"].map(BILLINGS)),
    )


def reasons(report: Report) -> Table:
    """Wasted seats and their money by reason."""
    return Table("Reasons", columns(["reason", "seats", "monthly"]), _in_words(report.reasons))


def groups(report: Report) -> list[Table]:
    """Seats, waste and money by each attribute of people that was asked for."""
    names = ["value", "seats", "wasted", "wasted_share", "cost", "monthly"]
    tables = []
    for attribute, frame in report.by.items():
        first, *others = columns(names)
        title = PLURALS.get(attribute, titled(attribute))
        tables.append(Table(title, [first._replace(title=titled(attribute)), *others], frame))
    return tables


def waste(report: Report) -> Table:
    """The wasted seats, one a row."""
    return Table("Waste", columns(WASTE), _in_words(report.waste))


def data(report: Report) -> Table:
    """What the report was made of."""
    return Table("Data", columns(["name", "kind", "taken_at", "whole_at", "rows", "complete"]), report.data)


def columns(names: list[str]) -> list[Column]:
    """Columns with their titles and kinds."""
    return [Column(name, titled(name), KINDS.get(name, "text")) for name in names]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, None for null."""
    plain = frame.astype(object)
    return [
        {str(name): value for name, value in row.items()}
        for row in plain.where(plain.notna(), None).to_dict("records")
    ]


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(reason=frame["reason"].map(titled))
