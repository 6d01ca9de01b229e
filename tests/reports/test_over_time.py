"""What the report says over time, from months that were kept in a ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from ledger import Ledger
from provisioning.licensing.departed import find_departed
from provisioning.licensing.facts import state_facts
from provisioning.model import frames
from reports import html, licences, xlsx
from reports.over_time import OverTime, look_back
from tests.reports.company import NOW, company, example_prices, made, with_history
from tests.reports.test_html import Page


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> licences.Report:
    return with_history(made(60), 60, tmp_path_factory.mktemp("ledger"))


@pytest.fixture
def told(report: licences.Report) -> OverTime:
    assert report.over_time is not None
    return report.over_time


def test_the_last_point_of_the_trend_is_the_report(report: licences.Report, told: OverTime):
    """What is kept of today is what is shown of today."""
    last = told.trend.iloc[-1]

    assert (last["seats"], last["ready"], last["cost"]) == (
        report.headline.billed,
        report.headline.wasted,
        report.headline.cost,
    )
    assert len(told.trend) == 9
    newest = told.months[told.months["month"] == date(2026, 9, 1)]
    assert newest["at_end"].sum() == report.headline.billed


def test_each_renewal_has_a_forecast_or_says_why_not(told: OverTime):
    """Service Management grows with the company; nobody holds Compass or a seat on acme-labs."""
    rows = told.forecasts.set_index("contract")
    agents = rows.loc["Service Management"]

    assert agents["low"] <= agents["expected"] <= agents["high"]
    assert agents["trials"] >= 3
    assert agents["months"] == 6  # 14 September to 1 March
    assert told.forecasts["effective"].is_monotonic_increasing


def test_a_short_history_foresees_nothing_and_says_so(tmp_path: Path):
    """Five days are no six months."""
    now = made(40)
    with Ledger.open(f"sqlite:///{tmp_path / 'it.db'}", folder=tmp_path / "snapshots") as ledger:
        run = ledger.start_run("sync", NOW, policy="p")
        book = example_prices()
        facts = state_facts(now.assessment, [company(40)[0]], book)
        ledger.keep_facts(facts, NOW.date(), at=NOW, run_id=run)
        none = find_departed([], [], frames.empty(frames.Links), {}, NOW)
        told = look_back(ledger.seat_history(), none, now.assessment, book, NOW.date())

    assert set(told.forecasts["word"]) == {"not enough history: 1 of at least 6 months"}
    assert told.forecasts["expected"].isna().all()
    assert told.ages.drop(columns="age").to_numpy().sum() == 0
    text = Page(html.render(replace(now, over_time=told))).text
    assert "not enough history" in text


def test_whoever_left_and_is_still_in_is_counted_by_days_and_privilege(told: OverTime):
    """Two people by hand, and every account of the company is in the counts once."""
    source, target, links = company(30)
    gone = source.identities.index[:2]
    people = source.identities.assign(state="active", leaves_on=None)
    people.loc[gone, "state"] = "departed"
    people.loc[gone[0], "leaves_on"] = NOW - timedelta(days=8)
    second = people.loc[gone[1], "source_id"].replace("u", "a", 1)
    rights = frames.complete(frames.Entitlements, _rows(kind="role", name="admin", admin=True))
    held = frames.complete(frames.Assignments, _rows(account_id=second, kind="role", name="admin"))
    found = find_departed(
        [replace(source, identities=frames.complete(frames.Identities, people))],
        [replace(target, entitlements=rights, assignments=held)],
        links,
        {},
        NOW,
    )

    assert found[["privilege", "holds"]].to_numpy().tolist()[0] == ["administrator", 1]
    assert found["days"].isna().tolist() == [True, False]
    assert found["days"].iloc[1] == 8
    assert told.ages.drop(columns="age").to_numpy().sum() == len(told.departed) > 0


def test_a_placeholder_for_a_last_day_makes_nobody_a_leaver():
    """Of 1900 nobody is gone for 46,000 days."""
    source, target, links = company(30)
    nobody = pd.Timestamp("1900-01-01", tz="UTC")
    people = source.identities.assign(state="active", leaves_on=nobody)
    people.loc[people.index[0], "state"] = "departed"
    stated = replace(source, identities=frames.complete(frames.Identities, people))
    found = find_departed([stated], [target], links, {}, NOW)

    assert list(found["days"].isna()) == [True]


def test_the_page_and_the_workbook_show_it(report: licences.Report, told: OverTime, tmp_path: Path):
    """A chart with both lines, the tables of a section each, the trend with its chart in the workbook."""
    page = Page(html.render(report))
    paths = page.all("path")
    book = openpyxl.load_workbook(xlsx.write(report, tmp_path / "licences.xlsx"))

    assert [path["class"] for path in paths] == ["seats", "ready"]
    for words in ("Over time", "Renewal forecast", "Left and still in", "Licence-months"):
        assert words in page.text
    assert {"Months", "Trend", "Renewal forecast", "Left and still in"} <= set(book.sheetnames)
    assert len(book["Trend"]._charts) == 1
    dates = [cell.value for cell in book["Trend"]["A"][1:10]]
    assert dates[-1] == datetime(2026, 9, 14)  # noqa: DTZ001  a workbook has no zones
    assert [cell.value for cell in book["Trend"]["B"][1:10]] == told.trend["seats"].tolist()


def _rows(**more):
    import pandas as pd

    key = {"target": "acme-cloud", "entitlement_id": "e1"}
    return pd.DataFrame([{**key, **more}])


def test_the_summary_is_plain_json(report: licences.Report):
    found = licences.summary(report)["over_time"]

    assert found["history_since"] == (NOW - timedelta(days=240)).astimezone(UTC).date().isoformat()
    assert found["departed_with_access"]["accounts"] > 0
