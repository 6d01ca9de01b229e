"""The workbook of the licence report."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest

from reports import xlsx


@pytest.fixture(scope="module")
def book(report, tmp_path_factory):
    """The workbook as another library reads it."""
    return openpyxl.load_workbook(xlsx.write(report, tmp_path_factory.mktemp("book") / "licences.xlsx"))


def test_the_sheets_are_there_with_frozen_headers_and_filters(book):
    """A person finds what the page promised."""
    assert book.sheetnames == [
        "Summary", "Products", "Renewals", "Invoices", "Departments", "Cost centres", "Waste", "Paid twice",
        "Seats", "Definitions",
    ]  # fmt: skip
    for name in book.sheetnames[1:-1]:
        assert book[name].freeze_panes == "B2"
        assert book[name].auto_filter.ref.startswith("A1:")


def test_every_wasted_seat_is_a_row_and_money_sums(book, report):
    """Numbers are numbers and days are days, so that a pivot works."""
    header, *rows = book["Waste"].iter_rows(values_only=True)
    saving, until, reason = (header.index(title) for title in ("Saving a month", "Saves from", "Reason"))

    assert len(rows) == len(report.waste)
    assert round(sum(row[saving] or 0 for row in rows), 2) == float(report.headline.monthly)
    lane = header.index("Lane")
    assert all(isinstance(row[until], datetime) for row in rows if row[lane] == "Ready")
    assert {row[reason] for row in rows} <= {
        "Leaver",
        "Suspended",
        "Duplicate",
        "Orphan",
        "Never used",
        "Idle",
    }


def test_the_summary_holds_the_headline(book, report):
    """Labels beside values, with the currency in the label."""
    figures = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True) if row[0]}

    assert figures["Wasted seats"] == report.headline.wasted
    assert figures["Saving a month, from the next cycle, USD"] == float(report.headline.monthly)
    assert figures["For"] == report.at.replace(tzinfo=None)


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(A1)", "http://evil.test", "12"]
)
def test_text_from_outside_stays_text(report, tmp_path, name):
    """No formula, no link and no number is made of a name."""
    hostile = replace(report, waste=report.waste.head(1).assign(display_name=name))
    path = xlsx.write(hostile, tmp_path / "licences.xlsx")
    cell = openpyxl.load_workbook(path)["Waste"]["A2"]

    assert (cell.value, cell.data_type) == (name, "s")
    with zipfile.ZipFile(path) as parts:
        assert not any(b"<f>" in parts.read(part) for part in parts.namelist())


def test_without_prices_there_is_no_money(unpriced, tmp_path):
    """Cells stay empty; the summary says why."""
    book = openpyxl.load_workbook(xlsx.write(unpriced, tmp_path / "licences.xlsx"))
    header, *rows = book["Waste"].iter_rows(values_only=True)
    told = [row[0] for row in book["Summary"].iter_rows(values_only=True) if row[0]]

    assert {row[header.index("Saving a month")] for row in rows} == {None}
    assert any("No price book" in line for line in told)
    assert not any("month" in line and "USD" in line for line in told)


def test_rows_are_written_in_batches_without_losing_one(report, tmp_path, monkeypatch):
    """A last batch that is not full counts too."""
    monkeypatch.setattr(xlsx, "BATCH", 7)
    sheet = openpyxl.load_workbook(xlsx.write(report, tmp_path / "licences.xlsx"))["Waste"]
    accounts = [row[-1] for row in sheet.iter_rows(min_row=2, values_only=True)]

    assert accounts == list(report.waste["account_id"])
