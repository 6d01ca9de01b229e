"""The page of the licence report in a real Chromium: nothing fails, nothing is asked, nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from reports import html
from tests.reports.company import made, with_history

LISTED = 40
"""Rows the list shows at a time, of more than it holds."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with more judged seats than its page lists."""
    folder = tmp_path_factory.mktemp("page")
    report = with_history(made(600), 60, folder)
    assert len(report.waste) > 2 * LISTED
    return html.write(report, folder / "licences.html", rows=LISTED)


@pytest.fixture(params=["light", "dark"])
def page(request, chromium: Browser, path: Path) -> Iterator[Page]:
    """The page, whose troubles and requests fail the test."""
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1400, "height": 900})
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if asked.url != path.as_uri() else None)
    page.goto(path.as_uri())
    yield page
    context.close()
    assert wrong == []


def test_everybody_can_read_it(page: Page):
    """By the rules of axe-core, in light and in dark."""
    found = Axe().run(page)

    assert [violation["id"] for violation in found.response["violations"]] == []


def test_find_and_sort_look_at_all_rows(page: Page):
    """Also at those that the list does not show."""
    listed = page.locator("#waste tbody tr")
    assert listed.count() == LISTED
    first = listed.first.inner_text()
    page.locator("#waste thead button").first.click()
    by_name = listed.first.inner_text()
    page.locator("#waste thead button").first.click()
    reverse = listed.first.inner_text()
    page.locator("#find").fill("no such seat anywhere")
    assert listed.count() == 0
    page.locator("#find").fill("")

    assert listed.count() == LISTED
    assert len({first, by_name, reverse}) > 1
    assert by_name.lower() < reverse.lower()


def test_a_figure_explains_itself_to_the_keyboard(page: Page):
    """What it means stands beside it on focus, wholly on the screen, until Escape."""
    tip = page.locator("#tip")
    assert not tip.is_visible()
    page.get_by_role("button", name="Saving at renewal").last.focus()
    words = tip.inner_text()
    box = tip.bounding_box()
    page.keyboard.press("Escape")

    assert words.startswith("How much smaller the next yearly bill is.")
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1400
    assert not tip.is_visible()


@pytest.mark.parametrize("width", [400, 800, 1400])
def test_it_fits_every_screen(page: Page, width: int, screenshots: Path, request):
    """The page itself never scrolls sideways; rows are a few lines high."""
    page.set_viewport_size({"width": width, "height": 900})
    page.screenshot(path=screenshots / f"licences-{width}-{request.node.callspec.params['page']}.png")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    heights = page.evaluate("[...document.querySelectorAll('#waste tbody tr')].map(row => row.offsetHeight)")
    assert max(heights) < 160


def test_it_prints_without_a_cut_column(page: Page, screenshots: Path):
    """On A4, where there is no scrolling: every table is as wide as the paper at most."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1030, "height": 700})  # A4 across, without its margins

    wide = page.evaluate("[...document.querySelectorAll('table')].map(table => table.offsetWidth)")
    assert max(wide) <= 1030
    assert page.pdf(path=screenshots / "licences.pdf", prefer_css_page_size=True).startswith(b"%PDF")
