"""The licence report as one page that needs nothing else: no request leaves it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from reports import tables
from reports.licences import Report
from reports.locales import Forms
from reports.over_time import OverTime
from reports.packed import pack_rows
from reports.time_tables import HEIGHT, WIDTH, ages, time_tables, trend_lines
from reports.words import UNPRICED, Definition, named, titled

TEMPLATES = Path(__file__).parent / "templates"
ALWAYS = [
    "Billed", "In use", "Unsure", "To review", "Wasted", "Protected", "Activity known", "Days unused", "Rows",
    "Read at", "Every row as of", "Tells what was so on", "Days old",
]  # fmt: skip
"""Figures that every page shows."""
MONEY = [
    "Paid for", "Cost a month", "Unused costs", "Saving this cycle", "Saving a month", "Saving at renewal",
    "Saves from",
]  # fmt: skip
"""Those of every page with money."""


def write(
    report: Report,
    path: Path,
    *,
    rows: int = 500,
    workbook: str | None = "licences.xlsx",
    locale: str | None = None,
) -> Path:
    """Write the page.

    Args:
        report: what to show.
        path: file to write.
        rows: wasted seats, departments and the like listed at most, each.
        workbook: name of the file beside it that lists all of them; None where there is none.
        locale: how numbers, days and money are written; see `Forms`.
    """
    path.write_text(render(report, rows=rows, workbook=workbook, locale=locale), encoding="utf-8")
    return path


def render(
    report: Report, *, rows: int = 500, workbook: str | None = "licences.xlsx", locale: str | None = None
) -> str:
    """The page as text."""
    listed = tables.waste(replace(report, waste=report.waste.head(rows)))
    return (
        _environment(locale, report.currency)
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
            definitions=_shown(report),
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


def _shown(report: Report) -> dict[str, Definition]:
    """The definitions of the figures that the page shows, by their titles."""
    seen = dict.fromkeys(ALWAYS)
    seen |= dict.fromkeys(MONEY if report.currency is not None else [])
    seen |= dict.fromkeys(
        titled(reason) for reason in report.reasons.loc[report.reasons["seats"] > 0, "reason"]
    )
    parts = [tables.renewals(report), tables.invoices(report), *tables.groups(report)]
    for table in (part for part in parts if len(part.frame)):
        seen |= dict.fromkeys(column.title for column in table.columns if column.kind != "text")
    return {entry.figure: entry for entry in report.definitions if entry.figure in seen}


@lru_cache(maxsize=16)
def _environment(locale: str | None, currency: str | None) -> Environment:
    """The templates and how they write values; a worker compiles them once, not once a run."""
    forms = Forms(locale, currency)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "named": named,
        "money": forms.money,
        "priced": forms.priced,
        "count": forms.count,
        "share": forms.share,
        "day": forms.day,
        "instant": forms.instant,
        "titled": titled,
    }
    environment.globals |= {"shown": forms.shown, "locale": forms.tag}
    return environment
