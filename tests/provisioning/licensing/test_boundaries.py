"""What is worth freeing before a renewal: by hand, and against trying every set of seats."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.licensing import price_book
from provisioning.licensing.boundaries import find_steps
from provisioning.licensing.freeing import value_seats
from tests.provisioning.licensing.company import Company, book

JIRA = (
    "{name: Jira, product: jira, term: annual, renews_on: 2026-12-15, "
    "prices: [{from: 2020-01-01, tiers: [%s]}]}"
)
TIERS = "{up_to: 25, price: 2050}, {up_to: 50, price: 3900}"


def test_of_twelve_ready_seats_the_five_least_regretted_are_enough():
    """30 -> 25 saves 1,850 a year: five of twelve, the leavers first; by 14 December."""
    company = (
        Company().hold("jira", 18).hold("jira", 10, "w", last=200).hold("jira", 2, "l", state="departed")
    )
    found = company.assess(book(JIRA % TIERS))
    step = found.steps[0]

    assert (5, Decimal(1850), date(2026, 12, 14)) == (len(step.seats), step.saving, step.act_by)
    assert {"l0", "l1"} <= set(found.billed["account_id"].iloc[step.seats])


def test_nothing_is_worth_doing_when_the_boundary_is_out_of_reach():
    """30 -> 27: three are ready, five are needed, two are missing."""
    step = Company().hold("jira", 27).hold("jira", 3, "w", last=200).assess(book(JIRA % TIERS)).steps[0]

    assert ([], Decimal(0), 2) == (step.seats, step.saving, step.missing)


def test_an_app_makes_a_boundary_worth_more():
    """Jira 12 -> 10 saves 500, its app 100 more: 600 for two seats."""
    app = (
        "{name: App, product: app, per: host, hosts: [jira, desk], term: annual, renews_on: 2026-12-15, "
        "prices: [{from: 2020-01-01, tiers: [{up_to: 10, price: 100}, {up_to: 25, price: 200}]}]}"
    )
    tiers = "{up_to: 10, price: 900}, {up_to: 15, price: 1400}"
    company = Company().hold("jira", 9).hold("jira", 3, "w", last=200)

    assert Decimal(600) == company.assess(book(JIRA % tiers, app)).steps[0].saving
    # Eleven agents keep the app in its tier.
    company.hold("desk", 11, "d")
    step = company.assess(book(JIRA % tiers, app)).steps[0]
    assert (2, Decimal(500)) == (len(step.seats), step.saving)


def test_whole_people_reach_the_boundary_of_unique_users():
    """11 people on two sites, one idle on both: both seats go, 1,400 - 900 = 500."""
    text = book(
        (JIRA % "{up_to: 10, price: 900}, {up_to: 15, price: 1400}").replace(
            "term:", "per: unique_user, term:"
        )
    )
    company = Company().hold("jira", 10, site="one").hold("jira", 1, "w", site="one", last=200)
    step = company.hold("jira", 1, "w", site="two", last=300).assess(text).steps[0]

    assert (2, Decimal(500)) == (len(step.seats), step.saving)


@st.composite
def companies(draw):
    """Up to nine idle seats of two products on one site, with an app on both, in small tiers of any price."""

    def tiers():
        ends = [*sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=3))), 20]
        prices = sorted(draw(st.lists(st.integers(0, 50), min_size=len(ends), max_size=len(ends))))
        return ", ".join(f"{{up_to: {end}, price: {price}}}" for end, price in zip(ends, prices, strict=True))

    company = Company()
    for product in ("jira", "desk"):
        company.hold(product, draw(st.integers(0, 4)), f"{product}-u").hold(
            product, draw(st.integers(0, 4)), f"{product}-w", last=200
        )
    contracts = [JIRA % tiers(), (JIRA % tiers()).replace("Jira", "Desk").replace("jira", "desk")]
    if draw(st.booleans()):
        contracts.append(
            (JIRA % tiers()).replace(
                "Jira, product: jira", "App, product: app, per: host, hosts: [jira, desk]"
            )
        )
    return company, price_book.load(book(*contracts), origin="drawn")


@settings(max_examples=25, deadline=None)
@given(companies())
def test_no_other_set_saves_more_and_none_that_saves_as_much_is_smaller(drawn):
    """Every set of ready seats is tried, and the bills before and after it are compared."""
    company, read = drawn
    found = company.assess(read)
    ready = found.positions[(found.waste["lane"] == "ready").to_numpy()]
    steps = find_steps(found.charges, found.billed, ready, read)
    assert len(steps) <= 1
    best, fewest = max(
        (
            (
                sum(value_seats(found.charges, found.billed, np.array(some, dtype=np.int64), read).by_charge),
                -size,
            )
            for size in range(len(ready) + 1)
            for some in combinations(ready, size)
        ),
        default=(Decimal(0), 0),
    )

    assert best == sum((step.saving for step in steps), Decimal(0))
    assert -fewest == sum(len(step.seats) for step in steps)
