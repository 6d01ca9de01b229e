"""The workbook of the licence report."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest

from reports import xlsx


@pytest.fixture(scope="module")
def book(report, tmp_path_factory):
    """The workbook as another library reads it."""
    return openpyxl.load_workbook(xlsx.write(report, tmp_path_factory.mktemp("book") / "licences.xlsx"))


def computed(book, value):
    """What a cell shows: the sum that its formula asks for, added up here."""
    found = re.fullmatch(r"=SUM\((\w+)!(\w+):(\w+)\)", str(value))
    if found is None:
        return value
    sheet, first, last = found.groups()
    return round(sum(cell.value or 0 for (cell,) in book[sheet][f"{first}:{last}"]), 2)


@pytest.fixture(scope="module")
def recomputed(report, tmp_path_factory):
    """The workbook as LibreOffice computes it, of a copy that holds no result beside any formula."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("there is no LibreOffice on this machine: apt-get install libreoffice-calc")
    folder = tmp_path_factory.mktemp("office")
    whole, bare = xlsx.write(report, folder / "whole.xlsx"), folder / "licences.xlsx"
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(bare, "w") as copy:
        for name in parts.namelist():
            copy.writestr(name, re.sub(rb"</f><v>[^<]*</v>", b"</f>", parts.read(name)))
    home, out = f"-env:UserInstallation={(folder / 'home').as_uri()}", folder / "out"
    command = [office, home, "--headless", "--convert-to", "xlsx", "--outdir", out, bare]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return openpyxl.load_workbook(out / bare.name, data_only=True)


def in_cents(value):
    """A number of a workbook as money."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def test_libreoffice_computes_the_same_cents(recomputed, report):
    """The summary's figures are the report's, and so are the totals of every sheet."""
    figures = {row[0]: row[1] for row in recomputed["Summary"].iter_rows(values_only=True) if row[0]}
    head = report.headline
    assert in_cents(figures["Cost a month, USD"]) == head.cost
    assert in_cents(figures["Saving a month, from the next cycle, USD"]) == head.monthly
    assert [figures[f"{name} seats"] for name in ("Paid", "Wasted")] == [head.billed, head.wasted]

    frames = {
        "Products": report.products,
        "Waste": report.waste,
        "Seats": report.seats,
        "Departments": report.by["department"],
    }
    for sheet, name in [
        ("Products", "cost"),
        ("Products", "monthly"),
        ("Waste", "monthly"),
        ("Seats", "cost"),
        ("Departments", "cost"),
    ]:
        header, *_, total = recomputed[sheet].iter_rows(values_only=True)
        shown = total[header.index({"cost": "Cost a month, USD", "monthly": "Saving a month, USD"}[name])]
        assert in_cents(shown) == sum(frames[sheet][name].dropna(), Decimal(0)), (sheet, name)


def test_the_totals_are_formulas_that_give_the_same_cents(book, report, tmp_path):
    """Whoever filters or corrects a row sees the sum follow; what the file shows unopened is the same."""
    path = xlsx.write(report, tmp_path / "licences.xlsx")
    shown = openpyxl.load_workbook(path, data_only=True)["Summary"]
    totals = [cell for cell in book["Summary"]["B"] if str(cell.value).startswith("=")]

    assert len(totals) == 6
    for cell in totals:
        assert computed(book, cell.value) == round(shown[cell.coordinate].value, 2)


def test_a_sheet_prints_across_with_its_header_and_its_prices(book):
    """One page wide, the header on each page, the price book below."""
    sheet = book["Waste"]

    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
    assert "USD" in sheet.oddFooter.left.text


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
    header, *rows, total = book["Waste"].iter_rows(values_only=True)
    saving, until, reason = (header.index(title) for title in ("Saving a month, USD", "Saves from", "Reason"))

    assert total[0] == "Total"

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
    figures = {
        row[0]: computed(book, row[1]) for row in book["Summary"].iter_rows(values_only=True) if row[0]
    }

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
        formulas = [
            text for part in parts.namelist() for text in re.findall(rb"<f>(.*?)</f>", parts.read(part))
        ]
    assert all(formula.startswith((b"SUM(Products!", b"SUBTOTAL(109,")) for formula in formulas)


def test_without_prices_there_is_no_money(unpriced, tmp_path):
    """Cells stay empty; the summary says why."""
    book = openpyxl.load_workbook(xlsx.write(unpriced, tmp_path / "licences.xlsx"))
    header, *rows, _ = book["Waste"].iter_rows(values_only=True)
    told = [row[0] for row in book["Summary"].iter_rows(values_only=True) if row[0]]

    assert {row[header.index("Saving a month")] for row in rows} == {None}
    assert any("No price book" in line for line in told)
    assert not any("month" in line and "USD" in line for line in told)


def test_rows_are_written_in_batches_without_losing_one(report, tmp_path, monkeypatch):
    """A last batch that is not full counts too."""
    monkeypatch.setattr(xlsx, "BATCH", 7)
    sheet = openpyxl.load_workbook(xlsx.write(report, tmp_path / "licences.xlsx"))["Waste"]
    accounts = [row[-1] for row in sheet.iter_rows(min_row=2, max_row=sheet.max_row - 1, values_only=True)]

    assert accounts == list(report.waste["account_id"])
