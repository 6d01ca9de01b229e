"""The PDF of the licence report, as another library reads it."""

from __future__ import annotations

import re
from dataclasses import replace

import pypdf
import pytest

from reports import pdf


def text_of(path):
    """The words of all pages, on one line."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages))


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    """The file."""
    return pdf.write(report, tmp_path_factory.mktemp("pdf") / "licences.pdf")


def test_it_is_a4_and_tells_the_figures_with_their_currency(written, report):
    """Whoever searches or copies finds the report's figures, its prices and what to know of them."""
    head, text = report.headline, text_of(written)
    box = pypdf.PdfReader(written).pages[0].mediabox

    assert (round(box.width), round(box.height)) == (595, 842)
    assert f"USD {head.cost:,.2f}" in text
    assert f"USD {head.monthly:,.2f}" in text
    assert f"{head.wasted:,} (" in text
    assert "Saving a month, USD" in text
    assert "prices.yaml" in text
    assert all(re.sub(r"\s+", " ", note) in text for note in report.notes)


def test_every_page_says_what_it_is_of(written):
    """Pages are parted on a desk."""
    pages = pypdf.PdfReader(written).pages

    assert all("Licence report of 2026-09-14" in page.extract_text() for page in pages)
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1].extract_text()


def test_names_of_many_alphabets_are_text(report, tmp_path):
    """What a customer calls a contract can be read and found."""
    note = "Zürich, Łódź, Αθήνα, Москва: <b>*not bold*</b>"

    assert note in text_of(pdf.write(replace(report, notes=[note]), tmp_path / "licences.pdf"))


def test_a_locale_writes_its_way_and_no_prices_no_money(report, unpriced, tmp_path):
    """German figures; and none of money where there is no price book."""
    turned = f"{report.headline.cost:,.2f}".translate(str.maketrans(",.", ".,"))

    assert f"{turned} USD" in text_of(pdf.write(report, tmp_path / "de.pdf", locale="de-DE"))
    bare = text_of(pdf.write(unpriced, tmp_path / "bare.pdf"))
    assert "No price book was given" in bare
    assert "Saving a month" not in bare
