"""The licence report as one page that needs nothing else: no request leaves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from reports import tables
from reports.licences import Report
from reports.over_time import OverTime
from reports.packed import pack_rows
from reports.time_tables import HEIGHT, WIDTH, ages, time_tables, trend_lines
from reports.words import UNPRICED, named, titled

TEMPLATES = Path(__file__).parent / "templates"
NONE = "\N{EN DASH}"


def write(report: Report, path: Path, *, rows: int = 500, workbook: str | None = "licences.xlsx") -> Path:
    """Write the page.

    Args:
        report: what to show.
        path: file to write.
        rows: wasted seats, departments and the like listed at most, each.
        workbook: name of the file beside it that lists all of them; None where there is none.
    """
    path.write_text(render(report, rows=rows, workbook=workbook), encoding="utf-8")
    return path


def render(report: Report, *, rows: int = 500, workbook: str | None = "licences.xlsx") -> str:
    """The page as text."""
    listed = tables.waste(replace(report, waste=report.waste.head(rows)))
    return (
        _environment()
        .get_template("licences.html.j2")
        .render(
            report=report,
            head=report.headline,
            priced=report.currency is not None,
            products=tables.products(report).records,
            reasons=[row for row in tables.reasons(report).records if row["seats"]],
            lanes=[row for row in tables.lanes(report).records if row["seats"]],
            renewals=tables.renewals(report).records,
            invoices=tables.invoices(report),
            groups=tables.groups(report),
            waste=listed.records,
            packed=pack_rows(report) if len(report.waste) > rows else None,
            data=tables.data(report).records,
            most=rows,
            workbook=workbook,
            unpriced=UNPRICED,
            **({} if report.over_time is None else _over_time(report.over_time)),
        )
    )


def _over_time(told: OverTime) -> dict[str, Any]:
    """What the part over time is made of; the trend is a chart there and no table."""
    listed = [table for table in time_tables(told) if table.title != "Trend"]
    return {
        "told": told,
        "over_time": listed,
        "ages": ages(told),
        "lines": trend_lines(told),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "named": named,
        "money": money,
        "count": count,
        "share": share,
        "day": day,
        "instant": instant,
        "titled": titled,
    }
    environment.globals["shown"] = shown
    return environment


def money(amount: Decimal | None) -> str:
    """An amount with its cents, or another number with two digits: `1,234.50`."""
    return NONE if amount is None else f"{amount:,.2f}"


def count(number: Any) -> str:
    """A whole number: `1,234`."""
    return NONE if number is None else f"{int(number):,}"


def share(part: float | None) -> str:
    """A share in percent, never rounded to nothing or to all: `24 %`, `<1 %`, `>99 %`."""
    if part is None:
        return NONE
    percent = round(part * 100)
    if percent == 0 and part > 0:
        return "<1 %"
    return ">99 %" if percent == 100 and part < 1 else f"{percent} %"


def day(when: date | datetime | None) -> str:
    """A day: `2026-09-14`."""
    return NONE if when is None else f"{when:%Y-%m-%d}"


def instant(when: datetime) -> str:
    """A day and time: `2026-09-14 07:30 UTC`."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def shown(value: Any, kind: str) -> str:
    """A value as text, by the kind of its column."""
    forms: dict[str, Callable[[Any], str]] = {
        "money": money,
        "number": money,
        "count": count,
        "share": share,
        "day": day,
    }
    if kind in forms:
        return forms[kind](value)
    return NONE if value is None else str(value)
