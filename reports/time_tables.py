"""The tables and the chart of what the licence report says over time, for every format alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from provisioning.licensing.departed import PRIVILEGES
from reports.over_time import OverTime
from reports.tables import Column, Kind, Table
from reports.words import named

WIDTH, HEIGHT = 640, 160
"""Of a chart, in units of its own."""


def time_tables(told: OverTime) -> list[Table]:
    """Months, the trend, forecasts and people who left, each with its columns; none that is empty."""
    months = told.months.assign(
        product=told.months["product"].map(named),
        month=told.months["month"].map(lambda day: f"{day:%Y-%m}"),
    )
    forecasts = told.forecasts.assign(product=told.forecasts["product"].map(named))
    tables = [
        Table("Months", MONTHS, months),
        # Under names of their own: days are never added up.
        Table("Trend", TREND, told.trend.rename(columns={"seats": "paid_seats", "cost": "cost_then"})),
        Table("Renewal forecast", FORECASTS, forecasts),
        Table("Left and still in", DEPARTED, told.departed),
    ]
    return [table for table in tables if len(table.frame)]


def ages(told: OverTime) -> Table:
    """How many accounts of people who left still work, by how long ago and by what they may do."""
    counts = [Column(name, name.capitalize(), "count") for name in PRIVILEGES]
    return Table("By days and privilege", [Column("age", "Left", "text"), *counts], told.ages)


class Line(NamedTuple):
    """One line of a chart: its title, what it ends at, and its points as an SVG path."""

    title: str
    name: str
    last: int
    path: str


def trend_lines(told: OverTime) -> list[Line]:
    """The lines of paid and ready seats over the days that were read; none before there are two."""
    trend = told.trend
    if len(trend) < 2:
        return []
    days = pd.to_datetime(trend["day"])
    across = ((days - days.iloc[0]) / (days.iloc[-1] - days.iloc[0]) * WIDTH).round(1).tolist()
    most = max(int(trend["seats"].max()), 1)
    titles = {"seats": "Paid seats", "ready": "Ready to be freed"}
    return [
        Line(title, name, int(trend[name].iloc[-1]), _path(across, trend[name].tolist(), most))
        for name, title in titles.items()
    ]


def _path(across: Sequence[float], values: Sequence[int], most: int) -> str:
    """A count holds until the next one: the line goes across, then up or down."""
    up = [round(HEIGHT - value / most * HEIGHT, 1) for value in values]
    steps = [f"H{x} V{y}" for x, y in zip(across[1:], up[1:], strict=True)]
    return " ".join([f"M{across[0]} {up[0]}", *steps])


def _columns(**columns: tuple[str, Kind]) -> list[Column]:
    return [Column(name, title, kind) for name, (title, kind) in columns.items()]


MONTHS = _columns(
    month=("Month", "text"), product=("Product", "text"), site=("Site", "text"),
    licence_months=("Licence-months", "number"), at_end=("Seats at its end", "count"),
    came=("Came", "count"), went=("Went", "count"),
)  # fmt: skip
TREND = _columns(
    day=("Day", "day"), paid_seats=("Paid seats", "count"), ready=("Ready to be freed", "count"),
    cost_then=("Cost a month", "money"),
)  # fmt: skip
FORECASTS = _columns(
    contract=("Contract", "text"), effective=("Renews on", "day"), product=("Product", "text"),
    site=("Site", "text"), held=("Counted", "count"), months=("Months ahead", "count"),
    expected=("Seats to expect", "count"), low=("Range from", "count"), high=("Range to", "count"),
    error=("Error in held-back months", "number"), trials=("Months held back", "count"),
    bill=("Bill of the next year", "money"), word=("What is missing", "text"),
)  # fmt: skip
DEPARTED = _columns(
    display_name=("Name", "text"), email=("E-mail", "text"), days=("Days since", "count"),
    privilege=("May do", "text"), holds=("Groups, roles, products", "count"),
    department=("Department", "text"), manager=("Manager", "text"), target=("Target", "text"),
    account_id=("Account", "text"),
)  # fmt: skip
