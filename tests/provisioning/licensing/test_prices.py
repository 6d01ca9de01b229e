"""The price book and what seats cost by it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.licensing import prices
from provisioning.licensing.contract import NOTHING
from provisioning.model.terms import Billing, Unit

ON = date(2026, 5, 20)
JIRA = """\
version: 1
currency: USD
books:
  - valid_from: 2026-01-01
    products:
      jira:
        billing: monthly
        renews_on: 2026-01-31
        small_team: {up_to: 10, price: 10.00}
        bands:
          - {up_to: 100, each: 8.40}
          - {up_to: 250, each: 7.905}
          - {each: 6.80}
        sites:
          labs:
            billing: annual
            renews_on: 2024-02-29
            tiers: [{up_to: 25, price: 2050}, {up_to: 50, price: 3900}]
      wiki:
        billing: monthly
        bands: [{up_to: 10, flat: 50}, {up_to: 20, each: 5}]
      desk:
        billing: data_center
        renews_on: 2026-05-20
        tiers: [{up_to: 500, price: 44000}, {up_to: 1000, price: 60000}]
  - valid_from: 2026-06-01
    products:
      jira: {billing: monthly, bands: [{each: 9}]}
"""
BOOK = prices.load(JIRA, origin="prices.yaml")


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        (0, "0"),
        (1, "10.00"),
        (10, "10.00"),
        (11, "92.40"),
        (100, "840.00"),
        (101, "847.91"),
        (250, "2025.75"),
        (251, "2032.55"),
    ],
)
def test_each_seat_pays_the_rate_of_its_own_band_and_a_small_team_pays_one_price(seats, expected):
    """Ten seats cost the small-team price; the eleventh makes every seat pay its band."""
    assert Decimal(expected) == prices.cost(BOOK, "jira", "acme", seats, ON)


@pytest.mark.parametrize(("seats", "expected"), [(1, "50"), (10, "50"), (11, "55"), (20, "100"), (21, None)])
def test_a_flat_band_costs_the_same_for_each_number_of_seats_in_it(seats, expected):
    """Beyond the last band the price is unknown, not nothing."""
    found = prices.cost(BOOK, "wiki", "acme", seats, ON)

    assert (None if expected is None else Decimal(expected)) == found


@pytest.mark.parametrize(
    ("seats", "expected"), [(1, "170.83"), (25, "170.83"), (26, "325.00"), (50, "325.00"), (51, None)]
)
def test_a_yearly_tier_costs_the_same_for_every_number_of_seats_in_it(seats, expected):
    """A site with its own contract pays by it; a month is a twelfth of the year, in cents."""
    found = prices.cost(BOOK, "jira", "labs", seats, ON)

    assert (None if expected is None else Decimal(expected)) == found


def test_the_newest_book_in_force_counts_and_counts_alone():
    """A product missing from it has no price, and before the first book nothing has."""
    assert Decimal("90.00") == prices.cost(BOOK, "jira", "acme", 10, date(2026, 6, 1))
    assert prices.cost(BOOK, "wiki", "acme", 10, date(2026, 6, 1)) is None
    assert prices.cost(BOOK, "jira", "acme", 10, date(2025, 12, 31)) is None


def test_a_year_that_is_paid_for_goes_on_though_a_newer_book_leaves_it_out():
    """The tier of 25 was paid on 28 February 2026: 2,050 / 12 until 28 February 2027, then the new list."""
    assert Decimal("170.83") == prices.cost(BOOK, "jira", "labs", 10, date(2026, 6, 1))
    assert Decimal("170.83") == prices.cost(BOOK, "jira", "labs", 10, date(2027, 2, 27))
    assert Decimal("90.00") == prices.cost(BOOK, "jira", "labs", 10, date(2027, 2, 28))


def test_a_monthly_plan_saves_from_the_next_cycle():
    """Nothing is saved in the running cycle; it ends at the month's last day where it has no 31st."""
    found = prices.saving(BOOK, "jira", "acme", 101, 2, ON)

    assert found == (Decimal("16.31"), Decimal("0.00"), date(2026, 5, 31))
    assert prices.saving(BOOK, "jira", "acme", 101, 2, date(2026, 5, 31)).effective == date(2026, 6, 30)


def test_a_yearly_plan_saves_only_when_a_lower_tier_is_reached_and_at_renewal():
    """30 seats, 4 freed: still the tier of 50. 5 freed: the tier of 25."""
    nothing = prices.saving(BOOK, "jira", "labs", 30, 4, ON)
    lower = prices.saving(BOOK, "jira", "labs", 30, 5, ON)

    assert nothing == (Decimal(0), Decimal(0), date(2027, 2, 28))
    assert lower == (Decimal(0), Decimal(1850), date(2027, 2, 28))


@pytest.mark.parametrize(("used", "expected"), [(30, 5), (26, 1), (25, None), (51, None)])
def test_the_distance_to_the_next_lower_tier_is_told(used, expected):
    """The smallest tier, and a number of seats no tier holds, have none."""
    assert expected == prices.to_lower_tier(BOOK, "jira", "labs", used, ON)
    assert prices.to_lower_tier(BOOK, "jira", "acme", used, ON) is None


def test_a_renewal_today_is_paid_today_so_the_saving_waits_for_the_next():
    """The period that starts today is already billed."""
    assert prices.saving(BOOK, "desk", "acme", 600, 200, ON).effective == date(2027, 5, 20)
    assert prices.saving(BOOK, "desk", "acme", 600, 200, date(2026, 5, 19)).effective == date(2026, 5, 20)


def test_a_plan_without_day_of_renewal_saves_at_an_unknown_day():
    """The money is known, the day is not."""
    assert prices.saving(BOOK, "wiki", "acme", 12, 1, ON) == (5, 0, None)


def test_more_seats_than_are_used_cannot_be_freed():
    """A wrong count is told, not priced."""
    with pytest.raises(ValueError, match="cannot free 3 of 2 seats of jira"):
        prices.saving(BOOK, "jira", "acme", 2, 3, ON)


def test_the_example_book_is_valid_and_says_that_it_is_invented():
    """Nobody takes an example for a price."""
    path = Path(__file__).resolve().parents[3] / "config" / "prices.yaml"
    text = path.read_text(encoding="utf-8")
    book = prices.load(text, origin=path.name)

    assert "invented" in text
    assert "invented" in (book.note or "")
    assert {contract.billing for contract in book.contracts} == set(Billing)
    assert {contract.unit for contract in book.contracts} == set(Unit)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("each: 8.40", "eech: 8.40", "line 11: .*eech: unknown key; .* did you mean each"),
        ("each: 8.40", "each: nine", "line 11: .*a valid decimal is expected, not 'nine'"),
        ("each: 8.40", "each: -1", "line 11: .*greater than or equal to 0"),
        ("{up_to: 100, each: 8.40}", "{up_to: 100}", "line 11: .*either `each`"),
        ("up_to: 250, each", "up_to: 90, each", "line 6: .*must rise from one of `bands`"),
        ("up_to: 250, each", "each", "only the last of `bands`"),
        ("price: 10.00", "price: 93", "`small_team` costs more than 11 seats do in the bands .92.4"),
        ("price: 3900", "price: 1900", "a larger tier costs less"),
        (
            "billing: data_center",
            "billing: server",
            "line 23: .*desk.billing: annual or data_center or monthly is expected, not 'server'",
        ),
        ("currency: USD", "currency: usd", "line 2: currency"),
        ("currency: USD", "", "line 1: currency: this key is required; write for example `currency: USD`"),
        ("valid_from: 2026-06-01", "valid_from: 2026-01-01", "two books have the same"),
        (
            "      wiki:",
            "      jira:",
            "line 19: .*products.jira: the key already stands in line 6; remove one",
        ),
        ("currency: USD", "currency: [", "prices.yaml, line"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(old, new, message):
    """In the words of the file, with the nearest word or an example."""
    assert old in JIRA

    with pytest.raises(prices.PriceBookError, match=message):
        prices.load(JIRA.replace(old, new, 1), origin="prices.yaml")


def test_all_mistakes_of_a_book_are_told_at_once():
    """A book with several mistakes is corrected in one go, also where they have nothing in common."""
    wrong = JIRA.replace("each: 8.40", "eech: 8.40").replace("billing: data_center", "billing: server")
    wrong = wrong.replace("valid_from: 2026-06-01", "valid_from: 2026-01-01").replace("USD", "EUR")

    with pytest.raises(prices.PriceBookError) as refusal:
        prices.load(wrong, origin="prices.yaml", currency="USD")

    lines = [mistake.line for mistake in refusal.value.mistakes]
    assert lines == [2, 11, 23, 26]
    assert "config/prices.yaml" in refusal.value.remedy


def test_a_book_in_another_currency_than_the_report_is_refused_and_both_are_named():
    """No money is converted, so the policy and the book state the same currency."""
    with pytest.raises(prices.PriceBookError, match=r"line 2: currency: EUR .* report\.currency .*, not USD"):
        prices.load(JIRA, origin="prices.yaml", currency="EUR")
    assert prices.load(JIRA, origin="prices.yaml", currency="USD") == BOOK


def test_a_day_that_is_not_in_the_calendar_is_told_with_its_line():
    """YAML reads dates by itself, before anything of ours looks."""
    with pytest.raises(prices.PriceBookError, match="line 4: YAML: the value cannot be read"):
        prices.load(JIRA.replace("2026-01-01", "2026-01-45"), origin="prices.yaml")


@pytest.mark.parametrize("text", ["", "# nothing", "- a list"])
def test_an_empty_book_is_told(text):
    """The message names the example to start from."""
    with pytest.raises(prices.PriceBookError, match=r"config/prices\.yaml"):
        prices.load(text, origin="prices.yaml")


rates = st.decimals(min_value=0, max_value=50, places=3)


@st.composite
def banded(draw):
    """A monthly price book of up to five bands, and the bands themselves."""
    ends = sorted(draw(st.sets(st.integers(1, 400), min_size=0, max_size=4)))
    each = draw(st.lists(rates, min_size=len(ends) + 1, max_size=len(ends) + 1))
    bands = [{"up_to": end, "each": rate} for end, rate in zip([*ends, None], each, strict=True)]
    lines = "".join(
        f"          - {{{'' if end is None else f'up_to: {end}, '}each: {rate}}}\n"
        for end, rate in zip([*ends, None], each, strict=True)
    )
    text = JIRA.split("        small_team", maxsplit=1)[0] + "        bands:\n" + lines
    return prices.load(text, origin="drawn"), bands


@given(banded(), st.integers(0, 600))
def test_bands_equal_a_naive_loop_over_the_seats(book, seats):
    """Each seat looks up its own band; the sum is the bill, in cents."""
    frame, bands = book
    naive = sum(
        (
            next(b["each"] for b in bands if b["up_to"] is None or seat <= b["up_to"])
            for seat in range(1, seats + 1)
        ),
        Decimal(0),
    )

    assert abs(naive - prices.cost(frame, "jira", "acme", seats, ON)) <= Decimal("0.005")


@given(
    product=st.sampled_from([("jira", "acme"), ("jira", "labs"), ("wiki", "acme"), ("desk", "acme")]),
    used=st.integers(0, 1100),
    data=st.data(),
)
def test_cost_never_falls_when_seats_rise_and_saving_is_the_difference(product, used, data):
    """More seats never cost less, so freeing seats never costs money."""
    removed = data.draw(st.integers(0, used))
    agreed = BOOK.find(*product, None, ON)
    before, after = agreed.bill(used), agreed.bill(used - removed)
    found = prices.saving(BOOK, *product, used, removed, ON)

    if before is None:
        assert found is None
    else:
        assert after <= before
        # What the first seat costs for all stays until the contract ends.
        stays = NOTHING if used - removed else agreed.bill_kept(0)
        _, later = prices.settle(BOOK, agreed, ON)
        assert (
            max(before - after - stays, 0) == found.next_cycle + found.next_renewal
            or later.lines != agreed.lines
        )
        assert found.next_cycle == 0 or found.next_renewal == 0
