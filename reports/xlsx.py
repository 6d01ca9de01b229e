"""The licence report as a workbook: real numbers, dates and money, and no text that runs as a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reports import tables
from reports.licences import Report
from reports.tables import Column, Table
from reports.time_tables import time_tables
from reports.trend_chart import draw_trend

ROWS = 1_048_575
"""Rows a sheet holds below its header."""
BATCH = 10_000
A4 = 9
"""How a workbook names that paper."""
EPOCH = pd.Timestamp("1899-12-30", tz="UTC")
"""Day nought of a workbook."""
WIDTHS = {"email": 30, "detail": 52, "display_name": 24, "granted_by": 30, "account_id": 38, "value": 26}
DEFAULT_WIDTHS = {"text": 16, "count": 11, "number": 11, "money": 15, "share": 11, "day": 13, "flag": 10}
NUMBER_FORMS = {
    "count": "#,##0",
    "number": "#,##0.00",
    "money": "#,##0.00",
    "share": "0 %",
    "day": "yyyy-mm-dd",
}


def write(report: Report, path: Path) -> Path:
    """Write the workbook: Summary, Products, one sheet an attribute, Waste, Definitions.

    Rows are written to the file as they come, so that 100,000 of them need little memory.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheets = _Sheets(book, report)
        sheets.summary(report)
        for table in [
            tables.products(report),
            tables.renewals(report),
            tables.invoices(report),
            *tables.groups(report),
            tables.waste(report),
            tables.twice(report),
            tables.seats(report),
        ]:
            sheets.table(table)
        # Seats of several months have no sum.
        for table in [] if report.over_time is None else time_tables(report.over_time):
            sheets.table(table, total=False)
        draw_trend(book)
        sheets.definitions(report)
    return path


class _Sheets:
    """Writes the sheets of one workbook with its formats."""

    def __init__(self, book: Workbook, report: Report) -> None:
        self._book = book
        # An ampersand begins a code in a footer.
        self._footer = (report.book or "without prices").replace("&", "&&")[:200]
        self._currency = report.currency
        self._heading = book.add_format({"bold": True, "font_size": 16})
        self._label = book.add_format({"font_color": "#596273"})
        self._header = book.add_format(
            {"bold": True, "bg_color": "#EEF1F5", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True, "valign": "top"})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self._forms = {
            kind: book.add_format({"num_format": form, "align": "right"})
            for kind, form in NUMBER_FORMS.items()
        }
        bold = {"bold": True, "top": 1, "align": "right"}
        self._total = book.add_format({**bold, "align": "left"})
        self._totals = {
            kind: book.add_format({"num_format": form, **bold}) for kind, form in NUMBER_FORMS.items()
        }

    def table(self, table: Table, *, total: bool = True) -> None:
        """One sheet with a frozen header, a filter, widths that fit, and totals of what the filter leaves."""
        sheet = self._book.add_worksheet(table.title[:31])
        self._set_up_print(sheet)
        for place, column in enumerate(table.columns):
            width = WIDTHS.get(column.name, DEFAULT_WIDTHS[column.kind])
            sheet.set_column(place, place, width, self._forms.get(column.kind))
        last = min(len(table.frame), ROWS)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, last, len(table.columns) - 1)
        _texts(sheet, 0, [self._head(table, column) for column in table.columns], self._header)
        names = [column.name for column in table.columns]
        for start in range(0, last, BATCH):
            part = table.frame[names].iloc[start : min(start + BATCH, last)]
            self._rows(sheet, start + 1, table.columns, part)
        if total and 0 < last < ROWS:
            self._add_up(sheet, table, last)

    def summary(self, report: Report) -> None:
        """The figures of the whole, the reasons, the data and what to know before using them."""
        sheet = self._book.add_worksheet("Summary")
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 4, 20)
        row = self._figures(sheet, report)
        for note in [*report.notes, *_cut(report)]:
            sheet.write_string(row, 0, note, self._label)
            row += 1
        for table in [tables.reasons(report), tables.data(report)]:
            row += 1
            _texts(sheet, row, [column.title for column in table.columns], self._header)
            row = self._rows(sheet, row + 1, table.columns, table.frame)

    def definitions(self, report: Report) -> None:
        """What each figure means."""
        sheet = self._book.add_worksheet("Definitions")
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 110)
        sheet.freeze_panes(1, 0)
        _texts(sheet, 0, ["Figure", "Meaning"], self._header)
        for row, entry in enumerate(report.definitions, start=1):
            sheet.write_string(row, 0, entry.figure, self._bold)
            sheet.write_string(row, 1, entry.meaning, self._wrapped)

    def _head(self, table: Table, column: Column) -> str:
        """The title of a column; money bears its currency where no column of the sheet does."""
        stated = any(other.name == "currency" for other in table.columns)
        if column.kind != "money" or stated or self._currency is None:
            return column.title
        return f"{column.title}, {self._currency}"

    def _add_up(self, sheet: Worksheet, table: Table, last: int) -> None:
        """A row below the last of so many, out of the filter's reach, that adds up what is shown."""
        sheet.write_string(last + 1, 0, "Total", self._total)
        for place, column in enumerate(table.columns):
            if place and column.name in tables.ADDED:
                values = table.frame[column.name].dropna()
                letter = xl_col_to_name(place)
                formula = f"=SUBTOTAL(109,{letter}2:{letter}{last + 1})"
                sheet.write_formula(last + 1, place, formula, self._totals[column.kind], values.sum())

    def _set_up_print(self, sheet: Worksheet) -> None:
        """A4 across, as wide as the sheet, the header on every page, the prices and their currency below."""
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer(f"&L{self._footer}&RPage &P of &N")

    def _figures(self, sheet: Worksheet, report: Report) -> int:
        head = report.headline
        sheet.write_string(0, 0, "Licence report", self._heading)
        sheet.write_string(1, 0, "For", self._label)
        sheet.write_datetime(1, 1, report.at, self._time)
        figures: list[tuple[str, Any, str]] = [
            ("Paid seats", head.billed, "count"),
            ("Wasted seats", head.wasted, "count"),
            ("Wasted share", head.wasted_share, "share"),
            ("Seats to review", head.review, "count"),
            ("Protected seats", head.protected, "count"),
            ("Activity known", head.known_share, "share"),
        ]
        if report.currency is not None:
            figures += [
                (f"Cost a month, {report.currency}", head.cost, "money"),
                (f"Saving in this cycle, {report.currency}", head.this_cycle, "money"),
                (f"Saving a month, from the next cycle, {report.currency}", head.monthly, "money"),
                (f"Saving at the next renewal, {report.currency}", head.next_renewal, "money"),
                ("Next renewal that saves", head.renewal_day, "day"),
            ]
        summed = dict(zip(_labels(report), SUMMED, strict=True))
        for row, (label, value, kind) in enumerate(figures, start=2):
            sheet.write_string(row, 0, label, self._label)
            if kind == "day" and value is not None:
                sheet.write_datetime(row, 1, value, self._forms[kind])
            elif label in summed and value is not None:
                formula = _sum(tables.products(report), summed[label])
                sheet.write_formula(row, 1, formula, self._forms[kind], value)
            elif value is not None:
                sheet.write_number(row, 1, value, self._forms[kind])
        return len(figures) + 3

    def _rows(self, sheet: Worksheet, row: int, shown: list[Column], frame: pd.DataFrame) -> int:
        plain = frame.assign(**{column.name: _cells(frame[column.name], column.kind) for column in shown})
        writers = [
            (
                place,
                sheet.write_number if column.kind in NUMBER_FORMS else sheet.write_string,
                self._forms.get(column.kind),
            )
            for place, column in enumerate(shown)
        ]
        for record in plain[[column.name for column in shown]].itertuples(index=False, name=None):
            for (place, write_cell, form), value in zip(writers, record, strict=True):
                if value is not None:
                    write_cell(row, place, value, form)
            row += 1
        return row


SUMMED = ["billed", "wasted", "review", "protected", "cost", "monthly"]
"""Columns of the products that the summary adds up."""


def _labels(report: Report) -> list[str]:
    """How the summary calls the sums of `SUMMED`."""
    return [
        "Paid seats", "Wasted seats", "Seats to review", "Protected seats",
        f"Cost a month, {report.currency}", f"Saving a month, from the next cycle, {report.currency}",
    ]  # fmt: skip


def _sum(table: Table, name: str) -> str:
    """The formula that adds up a column of a sheet."""
    place = [column.name for column in table.columns].index(name)
    return (
        f"=SUM({table.title}!{xl_col_to_name(place)}2:{xl_col_to_name(place)}{max(len(table.frame), 1) + 1})"
    )


def _cells(values: pd.Series, kind: str) -> pd.Series:
    """Values as a workbook holds them: days as numbers, truth as words, None for null."""
    if kind == "day":
        times = pd.to_datetime(values, utc=True)
        values = ((times - EPOCH) / pd.Timedelta(days=1)).round(6)
    elif kind == "flag":
        values = values.map({True: "yes", False: "no"})
    cells = values.astype(object)
    return cells.where(cells.notna(), None)


def _cut(report: Report) -> list[str]:
    over = len(report.waste) > ROWS
    return [f"The sheet Waste holds the first {ROWS:,} seats; waste.csv lists all of them."] if over else []


def _texts(sheet: Worksheet, row: int, texts: list[str], form: Format) -> None:
    for place, text in enumerate(texts):
        sheet.write_string(row, place, text, form)
