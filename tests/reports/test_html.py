"""The page of the licence report."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reports import html, tables
from reports.locales import Forms
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
    assert "Wasted" in {entry.figure for entry in report.definitions if entry.meaning in text}


def test_every_figure_says_what_it_means(report):
    """A head leads to its definition, which says the same as what is shown beside it; no other is listed."""
    page = Page(html.render(report))
    heads = [found for found in page.all("th") if found.get("scope") == "col" and found.get("class") == "n"]
    told = {found["aria-describedby"] for found in page.all("button") if "aria-describedby" in found}
    listed = {found["id"] for found in page.all("dd")}
    terms = {found["href"].removeprefix("#") for found in page.all("a") if found.get("class") == "term"}

    assert len([found for found in page.all("button") if "data-tip" in found]) >= len(heads) > 20
    assert told | terms <= listed
    assert listed - told - terms == {"means-Protected"}


def test_a_locale_writes_numbers_days_and_money_its_way(report):
    """As Germans write them, beside what nobody asked for."""
    german = Page(html.render(report, locale="de_DE")).text.replace("\xa0", " ")
    saving = f"{report.headline.monthly:,.2f}"
    turned = saving.translate(str.maketrans(",.", ".,"))

    assert f"{turned} USD" in german
    assert "14.09.2026, 07:30:00 UTC" in german
    assert f"USD {saving}" in Page(html.render(report)).text.replace("\xa0", " ")


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


def packed(page):
    """The rows a page holds for finding and sorting."""
    return json.loads(
        re.search(r'<script id="rows" type="application/json">(.*?)</script>', page, re.DOTALL)[1]
    )


def test_what_is_not_listed_is_packed_for_finding_and_sorting(report):
    """Every judged seat once, with its words; a page that lists all of them holds nothing twice."""
    data = packed(html.render(report, rows=5))
    lane = [group for group in data["shown"] if data["kinds"][group[0]] == "word"][1][0]

    assert len(report.waste) == len(data["rows"])
    assert report.headline.wasted == sum(data["words"][row[lane]] == "Ready" for row in data["rows"])
    assert "application/json" not in html.render(report)


def test_packed_names_never_end_their_script(report):
    """Names from outside stand in it as text."""
    evil = "</script><script>alert(1)</script>"
    page = html.render(replace(report, waste=report.waste.assign(display_name=evil)), rows=5)

    assert len(Page(page).all("script")) == 2
    assert evil in packed(page)["rows"][0]


@pytest.mark.skipif(
    shutil.which("node") is None, reason="Node runs the page's own script, and is not installed"
)
def test_finding_and_sorting_look_at_every_row(report, tmp_path):
    """Five rows are listed; the longest unused of all comes first, and all of Sales are found."""
    page = html.write(report, tmp_path / "licences.html", rows=5)
    script = Path(__file__).with_name("dom.js")
    ran = subprocess.run(
        ["node", script, page, "sales ready"], capture_output=True, text=True, check=True, timeout=60
    )
    days, (found, shown) = map(json.loads, ran.stdout.splitlines())
    rows = report.waste
    sales = ((rows["department"] == "Sales") & (rows["lane"] == "ready")).sum()

    assert sorted(rows["idle_days"].dropna(), reverse=True)[:5] == days
    assert (f"{sales} seats", min(sales, 5)) == (found, shown)


def test_every_chart_has_words_and_every_table_a_name(report):
    """A person who does not see the bars hears the numbers."""
    page = Page(html.render(report))
    bars = [found for found in page.all("div") if "bar" in found.get("class", "").split()]

    assert bars
    assert all(re.search(r"\d", bar["aria-label"]) and bar["role"] == "img" for bar in bars)
    assert all(found["aria-label"] for found in page.all("div") if found.get("role") == "region")
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en", "data-locale": "en-US"}]


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
    assert Forms().share(part) == expected


def test_an_empty_report_is_a_page_too(tmp_path):
    """A company without waste reads so; the file is UTF-8."""
    clean = made(3)
    clean = replace(clean, waste=clean.waste.head(0), headline=clean.headline._replace(wasted=0))
    path = html.write(clean, tmp_path / "licences.html")

    assert "None was found." in Page(path.read_text(encoding="utf-8")).text


def test_few_wasted_seats_shorten_no_other_list(report):
    """How long the longest bar is has nothing to do with how many departments are listed."""
    one_each = report.reasons.assign(seats=1)
    page = Page(html.render(replace(report, reasons=one_each)))

    assert all(len(table.frame) > 2 for table in tables.groups(report))
    assert "The first" not in page.text
