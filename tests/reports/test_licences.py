"""The figures of the licence report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest

from provisioning.licensing.lanes import Waits
from provisioning.model import frames
from reports import glance, licences
from reports.bills import add_up
from tests.reports.company import NOW, company, example_prices, made

TERMS = licences.Terms(NOW, Waits(timedelta(days=60)))


def test_every_billed_seat_is_in_use_wasted_or_unsure(report):
    """The parts are the whole, and the reasons are the wasted part."""
    products = report.products
    parts = products[["used", "wasted", "review", "protected", "unsure"]].sum(axis=1)

    assert parts.equals(products["billed"])
    assert (products["unsure"] >= 0).all()
    assert (
        products["wasted"].sum()
        == report.reasons["seats"].sum()
        == len(report.waste[report.waste["lane"] == "ready"])
        == report.headline.wasted
    )
    assert report.headline.wasted > 0


def test_all_sums_of_money_agree(report):
    """Products, reasons, attributes and single seats all sum to the headline, to the cent."""
    head = report.headline

    assert head.monthly == add_up(report.reasons["monthly"]) == add_up(report.waste["monthly"])
    for table in report.by.values():
        assert add_up(table["monthly"]) == head.monthly
        assert add_up(table["cost"]) == head.cost
        assert table["seats"].sum() == head.billed
        assert table["wasted"].sum() == head.wasted
    assert head.this_cycle == 0
    assert add_up(report.waste["at_renewal"]) == add_up(report.renewals["at_renewal"])


def test_a_seat_of_nobody_known_is_counted_under_its_own_name(report):
    """Departments sum to the whole because orphans stand in a row of their own."""
    assert licences.NOT_STATED in set(report.by["department"]["value"])


def test_without_prices_seats_are_counted_and_the_report_says_so(unpriced):
    """Money is absent everywhere, not nothing."""
    assert unpriced.currency is None
    assert unpriced.headline.wasted > 0
    head = unpriced.headline
    assert [head.cost, head.monthly, head.next_renewal, head.this_cycle] == [None] * 4
    assert unpriced.products["cost"].isna().all()
    assert "No price book" in unpriced.notes[0]


def test_an_incomplete_read_and_a_missing_price_are_noted():
    """A reader knows before using a figure."""
    source, target, links = company(40)
    book = example_prices()
    partial = replace(target, complete=False)
    others = tuple(one for one in book.contracts if one.product != "confluence")
    found = licences.build([source], [partial], links, replace(book, contracts=others), TERMS)

    assert "read of acme-cloud was not complete" in found.notes[0]
    assert any("no price for" in note and "confluence" in note for note in found.notes)


def test_a_tier_that_is_too_large_is_noted_apart_from_the_saving(report):
    """75 agents are bought and half of them billed: smaller at renewal without freeing anyone."""
    row = report.products.set_index("product").loc["jira-servicedesk"]

    assert row["oversized"] == Decimal(18000) - Decimal(9800)
    assert any("can be saved at the renewal without freeing a seat" in note for note in report.notes)


def test_wasted_seats_that_reach_no_lower_tier_are_noted():
    """Of 30 agents one is idle: it saves nothing before five are freed, and the report says so."""
    source, target, links = company(400)
    book = example_prices()
    people = source.identities.assign(state="active")
    agents = links["account_id"].head(30)
    active = [NOW - timedelta(days=90 if n == 0 else 1) for n in range(30)]
    seats = pd.DataFrame({"account_id": agents, "last_active": active}).assign(
        target="acme-cloud", product="jira-servicedesk", site="acme", activity="used", billable=True
    )
    found = licences.build(
        [replace(source, identities=people)],
        [replace(target, seats=frames.complete(frames.Seats, seats), capacity=frames.empty(frames.Capacity))],
        links,
        replace(book, contracts=tuple(one for one in book.contracts if one.product == "jira-servicedesk")),
        TERMS,
    )

    assert (found.headline.wasted, found.headline.monthly) == (1, 0)
    assert any(
        "saves nothing yet; the next lower tier is reached when 5 are freed" in note for note in found.notes
    )


def test_the_list_begins_with_the_most_certain_reason(report):
    """Ready seats come first, and of them leavers before the idle."""
    lanes = report.waste["lane"].map(["ready", "review", "protected"].index)
    ready = report.waste.loc[report.waste["lane"] == "ready", "reason"].map(licences.REASONS.index)

    assert lanes.is_monotonic_increasing
    assert ready.is_monotonic_increasing


def test_summary_and_artifact_rows_are_plain_json(report, unpriced):
    """Numbers and text alone, so that any reader of JSON can use them."""
    for one in (report, unpriced):
        summary = licences.summary(one)
        rows = glance.table_rows(one)

        assert json.loads(json.dumps([summary, rows], allow_nan=False)) == [summary, rows]
        assert summary["waste"]["seats"] == one.headline.wasted
        assert sum(summary["seats"].values()) == one.headline.billed


def test_a_report_can_be_grouped_by_any_attribute():
    """Managers for instance; each attribute sums to the same whole."""
    found = made(40, by=("manager", "user_type"))

    assert list(found.by) == ["manager", "user_type"]
    assert add_up(found.by["manager"]["cost"]) == found.headline.cost


@pytest.mark.parametrize("money", [True, False])
def test_nothing_read_gives_an_empty_report(money):
    """No seat, no waste, no division by nothing; what is paid although nobody holds it stays."""
    book = example_prices() if money else None
    found = licences.build([], [], frames.empty(frames.Links), book, TERMS)

    assert (found.headline.billed, found.headline.wasted_share, found.headline.known_share) == (0, 0.0, 0.0)
    assert found.products["billed"].sum() == 0
    # 50 seats of the yearly contract of acme-labs are bought, 11 of the app at least: 3,800 / 12 + 12.10.
    assert found.headline.cost == (Decimal("328.77") if money else None)


def test_every_figure_has_a_definition(report):
    """Each title of a column of figures is explained beside it."""
    explained = {entry.figure for entry in report.definitions}

    assert {
        "Billed",
        "In use",
        "Wasted",
        "To review",
        "Unsure",
        "Cost a month",
        "Saving a month",
    } <= explained
    assert not any("{" in entry.meaning for entry in report.definitions)
