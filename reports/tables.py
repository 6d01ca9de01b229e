"""The tables of the licence report with their titles and kinds of values, for every format alike."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pandas as pd

from provisioning.model.keys import translated
from reports.licences import Report
from reports.words import BILLINGS, PLURALS, UNITS, named, titled

Kind = Literal["text", "count", "number", "money", "share", "day", "flag"]

KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ["capacity", "assigned", "billed", "used", "unsure", "wasted", "review", "protected", "seats", "rows",
         "idle_days", "to_lower_tier", "counted", "paid", "unpriced", "age_days", "leaver", "suspended",
         "duplicate", "orphan", "never_used", "idle"],
        "count",
    ),
    **dict.fromkeys(["wasted_share", "known_share"], "share"),
    **dict.fromkeys(["oversized", "cost", "monthly", "at_renewal", "yearly"], "money"),
    **dict.fromkeys(
        ["saves_from", "last_active", "added_on", "taken_at", "whole_at", "known_at", "effective", "act_by"],
        "day",
    ),
    "complete": "flag",
    "billable": "flag",
}  # fmt: skip

PRODUCTS = [
    "product", "site", "target", "contract", "billing", "unit", "capacity", "assigned", "billed", "counted",
    "paid", "used", "unsure", "wasted", "review", "protected", "leaver", "suspended", "duplicate", "orphan",
    "never_used", "idle", "known_share", "cost", "monthly", "at_renewal", "saves_from", "to_lower_tier",
    "oversized", "unpriced",
]  # fmt: skip
WASTE = [
    "display_name", "email", "product", "site", "lane", "reason", "detail", "evidence", "idle_days",
    "last_active", "added_on", "department", "cost_center", "manager", "monthly", "at_renewal", "saves_from",
    "path", "to_free", "code", "seen_by", "target", "account_id",
]  # fmt: skip
RENEWALS = [
    "effective", "act_by", "contract", "product", "site", "counted", "paid", "yearly", "at_renewal",
    "oversized",
]  # fmt: skip
SEATS = [
    "display_name", "email", "product", "site", "billable", "last_active", "department", "cost_center",
    "cost", "seen_by", "account_id",
]  # fmt: skip


ADDED = [
    "assigned", "billed", "used", "unsure", "wasted", "review", "protected", "leaver", "suspended",
    "duplicate", "orphan", "never_used", "idle", "seats", "cost", "monthly",
]  # fmt: skip
"""Columns that have a total; savings of several renewals have none, for they are of different days."""


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
        report.products.assign(
            product=report.products["product"].map(named),
            billing=report.products["billing"].map(BILLINGS),
            unit=report.products["unit"].map(UNITS),
        ),
    )


def renewals(report: Report) -> Table:
    """Yearly contracts by the day they renew."""
    return Table("Renewals", columns(RENEWALS), report.renewals)


def invoices(report: Report) -> Table:
    """Invoices and what explains their differences."""
    names: dict[str, Kind] = {
        "contract": "text", "number": "text", "period": "day", "currency": "text", "invoiced": "money",
        "expected": "money", "seats": "money", "price": "money", "tax": "money", "unknown": "money",
        "remark": "text",
    }  # fmt: skip
    titles = {"seats": "Differs by seats", "price": "Differs by price", "tax": "Differs by tax"}
    shown = [Column(name, titles.get(name, titled(name)), kind) for name, kind in names.items()]
    return Table("Invoices", shown, report.invoices)


def twice(report: Report) -> Table:
    """Products one person pays for more than once."""
    names = ["display_name", "email", "product", "site", "seats"]
    return Table("Paid twice", columns(names), report.twice)


def seats(report: Report) -> Table:
    """Every seat, once."""
    return Table("Seats", columns(SEATS), report.seats)


def lanes(report: Report) -> Table:
    """What is to become of seats that seem to be needed by nobody."""
    table = report.lanes.assign(lane=report.lanes["lane"].map(titled))
    return Table("Lanes", columns(["lane", "seats", "monthly", "at_renewal"]), table)


def reasons(report: Report) -> Table:
    """Wasted seats and their money by reason."""
    return Table("Reasons", columns(["reason", "seats", "monthly", "at_renewal"]), _in_words(report.reasons))


def groups(report: Report) -> list[Table]:
    """Seats, waste and money by each attribute of people that was asked for."""
    names = ["value", "seats", "wasted", "wasted_share", "cost", "monthly", "at_renewal"]
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
    return Table(
        "Data",
        columns(["name", "kind", "taken_at", "whole_at", "known_at", "age_days", "rows", "complete"]),
        report.data,
    )


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
    shown = frame.assign(reason=translated(frame["reason"], titled))
    return shown.assign(lane=translated(shown["lane"], titled)) if "lane" in shown else shown
