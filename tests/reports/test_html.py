"""The page of the licence report."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reports import html
from tests.reports.company import made

VOID = {"meta", "input", "link", "br", "img"}


class Page(HTMLParser):
    """Reads a page and checks that its elements close in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self):
        """What a person reads."""
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag):
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.seen if name == tag]


def test_the_page_is_whole_and_asks_nothing_of_the_network(report):
    """Every element closes, nothing is loaded, and a policy forbids that anything ever is."""
    text = html.render(report)
    page = Page(text)

    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in page.all("meta")[2]["content"]


def test_the_headline_is_the_saving_with_its_currency(report):
    """The figures of the page are those of the report."""
    text = Page(html.render(report)).text

    assert f"USD\xa0{report.headline.monthly:,.2f}".replace("\xa0", " ") in text.replace("\xa0", " ")
    assert f"{report.headline.wasted} of {report.headline.billed} paid seats" in text
    for entry in report.definitions:
        assert entry.meaning in text


def test_without_prices_no_money_is_shown(unpriced):
    """The headline counts seats, and a note says why."""
    text = Page(html.render(unpriced)).text

    assert "No price book was given" in text
    assert f"{unpriced.headline.wasted} of {unpriced.headline.billed} paid seats are wasted" in text
    assert "USD" not in text
    assert "None" not in text


def test_only_the_first_rows_are_listed_and_the_workbook_is_named(report):
    """The page stays small whatever the company's size."""
    page = Page(html.render(report, rows=5, workbook="all.xlsx"))

    assert f"The first 5 of {len(report.waste)}; all.xlsx lists all of them." in page.text.replace(" ;", ";")
    assert {"href": "all.xlsx"} in page.all("a")


def test_every_chart_has_words_and_every_table_a_name(report):
    """A person who does not see the bars hears the numbers."""
    page = Page(html.render(report))
    bars = [found for found in page.all("div") if "bar" in found.get("class", "").split()]

    assert bars
    assert all(re.search(r"\d", bar["aria-label"]) and bar["role"] == "img" for bar in bars)
    assert all(found["aria-label"] for found in page.all("div") if found.get("role") == "region")
    assert len(page.all("h1")) == 1
    assert {"lang": "en"} in page.all("html")


def test_names_from_outside_are_text_and_never_markup(report):
    """A display name that is a script is shown, not run."""
    evil = "<script>alert(1)</script>"
    waste = report.waste.assign(display_name=evil, department=evil, manager=f'"{evil}')
    hostile = replace(
        report, waste=waste, notes=[evil], by={"department": report.by["department"].assign(value=evil)}
    )
    page = Page(html.render(hostile))

    assert len(page.all("script")) == 1
    assert evil in page.text


@pytest.mark.parametrize(
    ("part", "expected"),
    [(None, "\N{EN DASH}"), (0.0, "0 %"), (0.001, "<1 %"), (0.245, "24 %"), (0.999, ">99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(part, expected):
    """Somebody is left in 99.9 %."""
    assert html.share(part) == expected


def test_an_empty_report_is_a_page_too(tmp_path):
    """A company without waste reads so; the file is UTF-8."""
    clean = made(3)
    clean = replace(clean, waste=clean.waste.head(0), headline=clean.headline._replace(wasted=0))
    path = html.write(clean, tmp_path / "licences.html")

    assert "None was found." in Page(path.read_text(encoding="utf-8")).text
