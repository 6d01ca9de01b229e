"""Worked examples of one contract: the hand computation stands beside each."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from provisioning.licensing import price_book
from provisioning.licensing.contract import Adjustment
from provisioning.licensing.prices import PriceBookError, fall
from tests.provisioning.licensing.company import book

BANDS = "{up_to: 10, flat: 80}, {up_to: 100, each: 8.00}, {up_to: 250, each: 7.00}, {each: 6.00}"
TIERS = (
    "{up_to: 10, price: 900}, {up_to: 15, price: 1400}, {up_to: 25, price: 2050}, {up_to: 50, price: 3900}"
)
SERVER = "{up_to: 500, price: 44000}, {up_to: 1000, price: 60000}, {up_to: 2000, price: 90000}"


def contract(terms, lists, **more):
    """A contract from its keys and its price list."""
    entry = f"{{name: c, product: jira, {terms}, prices: [{{from: 2020-01-01, {lists}}}]}}"
    return price_book.load(book(entry, **more), origin="prices.yaml").contracts[0]


MONTHLY = contract("term: monthly, renews_on: 2026-01-12", f"bands: [{BANDS}]")
ANNUAL = contract("term: annual, renews_on: 2026-03-01", f"tiers: [{TIERS}]")
DC = contract("term: annual, deployment: data_center, renews_on: 2026-06-30", f"tiers: [{SERVER}]")
AGENTS = contract(
    "term: monthly, per: agent",
    "small_team: {up_to: 3, price: 0}, bands: [{up_to: 15, each: 20}, {each: 18}]",
)


@pytest.mark.parametrize(
    ("agreed", "seats", "expected"),
    [
        (MONTHLY, 0, "0"),
        (MONTHLY, 1, "80"),
        (MONTHLY, 10, "80"),
        (MONTHLY, 11, "88"),  # 80 + 8
        (MONTHLY, 99, "792"),  # 80 + 89 x 8
        (MONTHLY, 100, "800"),
        (MONTHLY, 101, "807"),  # 800 + 7
        (MONTHLY, 249, "1843"),
        (MONTHLY, 250, "1850"),  # 800 + 150 x 7
        (MONTHLY, 251, "1856"),
        (MONTHLY, 1000, "6350"),  # 1850 + 750 x 6
        (ANNUAL, 10, "900"),
        (ANNUAL, 11, "1400"),
        (ANNUAL, 15, "1400"),
        (ANNUAL, 16, "2050"),
        (ANNUAL, 25, "2050"),
        (ANNUAL, 26, "3900"),
        (ANNUAL, 50, "3900"),
        (ANNUAL, 51, None),
        (DC, 499, "44000"),
        (DC, 500, "44000"),
        (DC, 501, "60000"),
        (DC, 1000, "60000"),
        (DC, 1001, "90000"),
        (DC, 2001, None),
        (AGENTS, 3, "0"),
        (AGENTS, 4, "80"),  # 4 x 20: nobody is free beyond three
        (AGENTS, 15, "300"),
        (AGENTS, 16, "318"),  # 300 + 18
    ],
)
def test_a_period_costs_what_its_bands_or_tiers_say(agreed, seats, expected):
    """On, below and above every boundary; beyond the last tier nobody knows."""
    assert (None if expected is None else Decimal(expected)) == agreed.bill(seats)


@pytest.mark.parametrize(
    ("agreed", "used", "left", "expected"),
    [
        (MONTHLY, 101, 100, "7"),
        (MONTHLY, 100, 99, "8"),
        (MONTHLY, 102, 99, "22"),  # 7 + 7 + 8
        (MONTHLY, 11, 10, "8"),
        (MONTHLY, 10, 5, "0"),
        (MONTHLY, 1, 0, "0"),  # the flat 80 stays until the site is cancelled
        (MONTHLY, 250, 0, "1770"),  # 1,850 less the flat 80
        (ANNUAL, 26, 25, "1850"),  # 3,900 - 2,050
        (ANNUAL, 27, 26, "0"),
        (ANNUAL, 16, 10, "1150"),  # 2,050 - 900
        (ANNUAL, 1, 0, "0"),  # the smallest tier stays
        (ANNUAL, 52, 49, "0"),  # of 52 only the price of 50 is known: at least that stays
        (ANNUAL, 52, 25, "1850"),  # at least 3,900 - 2,050
        (DC, 501, 500, "16000"),
        (DC, 522, 510, "0"),
        (AGENTS, 4, 3, "20"),  # not 80: nobody returns to the free plan
        (AGENTS, 5, 1, "80"),  # 4 x 20
        (AGENTS, 3, 1, "0"),  # the free plan saves nothing
    ],
)
def test_freeing_seats_saves_what_the_next_bill_falls_by(agreed, used, left, expected):
    """Marginal by bands and tiers; a free plan and a site's last seat are no savings."""
    assert Decimal(expected) == fall(agreed, used, left)


@pytest.mark.parametrize(
    ("terms", "seats", "expected"),
    [
        ("discount: 10%", 100, "720.00"),  # 800 - 80
        ("discount: 12.5%", 11, "77.00"),  # 88 - 11
        ("credit: 50", 100, "750.00"),
        ("credit: 100", 5, "0.00"),  # a credit leaves nothing below nought
        ("discount: 10%, credit: 20", 100, "700.00"),  # 800 - 80 - 20
        ("discount: 10%, tax: 19%", 100, "720.00"),  # tax is no cost
        ("minimum: 20", 5, "160.00"),  # 80 + 10 x 8
        ("minimum: 20", 25, "200.00"),  # 80 + 15 x 8
    ],
)
def test_discounts_credits_and_minimum_are_lines_below_the_price(terms, seats, expected):
    """Tax stands apart."""
    agreed = contract(f"term: monthly, {terms}", f"bands: [{BANDS}]")

    assert Decimal(expected) == agreed.bill(seats)


def test_tax_is_computed_on_what_is_left():
    """19 % of 720.00 are 136.80; of 33.33 6.3327, in cents 6.33."""
    agreed = contract("term: monthly, discount: 10%, tax: 19%", f"bands: [{BANDS}]")

    assert Decimal("136.80") == agreed.tax(agreed.bill(100))
    assert Decimal("6.33") == Adjustment("tax", Decimal(19)).of(Decimal("33.33"))


@pytest.mark.parametrize(
    ("agreed", "told", "held", "expected"),
    [
        ("bought: 100", None, 27, 100),
        ("bought: 100", None, 120, 120),
        ("bought: 100", 50, 27, 100),
        ("", 50, 27, 50),
        ("", 35000, 20, 20),  # a site's cap has no price, so it was not bought
        ("", None, 20, 20),
        ("minimum: 30", None, 20, 30),
    ],
)
def test_a_year_is_paid_for_what_was_bought(agreed, told, held, expected):
    """The book counts before what the target tells."""
    assert expected == contract(f"term: annual, {agreed}".rstrip(", "), f"tiers: [{TIERS}]").paid_seats(
        held, told
    )


@pytest.mark.parametrize(("billed", "held", "expected"), [(120, 100, 120), (120, 130, 130)])
def test_a_cycle_is_paid_for_its_highest_count(billed, held, expected):
    """Removals give no credit in the running cycle; additions are billed."""
    assert expected == contract(f"term: monthly, billed: {billed}", f"bands: [{BANDS}]").paid_seats(held)


@pytest.mark.parametrize(
    ("agreed", "on", "start", "following"),
    [
        (MONTHLY, date(2026, 12, 11), date(2026, 11, 12), date(2026, 12, 12)),
        (MONTHLY, date(2026, 12, 12), date(2026, 12, 12), date(2027, 1, 12)),
        (MONTHLY, date(2026, 12, 31), date(2026, 12, 12), date(2027, 1, 12)),
        (ANNUAL, date(2026, 2, 28), date(2025, 3, 1), date(2026, 3, 1)),
        (ANNUAL, date(2026, 3, 1), date(2026, 3, 1), date(2027, 3, 1)),
        (contract("term: monthly, renews_on: 2026-01-31", f"bands: [{BANDS}]"),
         date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 31)),
        (contract("term: annual, renews_on: 2024-02-29", f"tiers: [{TIERS}]"),
         date(2026, 1, 1), date(2025, 2, 28), date(2026, 2, 28)),
    ],
)  # fmt: skip
def test_a_period_starts_on_its_day_or_the_last_of_a_shorter_month(agreed, on, start, following):
    """The day before, on and after a start, the 31st and 29 February."""
    assert (start, following) == (agreed.period_start(on), agreed.next_start(on))


def test_each_contract_keeps_its_prices_until_its_own_renewal():
    """A year paid in March at 3,900 is not re-priced by the list of October; the next March is."""
    lists = (
        "{from: 2025-01-01, tiers: [{up_to: 50, price: 3900}]}, "
        "{from: 2026-10-15, tiers: [{up_to: 50, price: 4400}]}"
    )
    text = book(f"{{name: c, product: jira, term: annual, renews_on: 2026-03-01, prices: [{lists}]}}")
    found = price_book.load(text, origin="prices.yaml")

    assert Decimal(3900) == found.running("c", date(2026, 11, 29)).bill(30)
    assert Decimal(3900) == found.running("c", date(2027, 2, 28)).bill(30)
    assert Decimal(4400) == found.running("c", date(2027, 3, 1)).bill(30)


def test_a_cycle_that_began_under_the_old_list_keeps_its_price_until_its_end():
    """The list of 1 December counts from the cycle of 12 December on."""
    lists = "{from: 2026-01-01, bands: [{each: 8}]}, {from: 2026-12-01, bands: [{each: 10}]}"
    text = book(f"{{name: c, product: jira, term: monthly, renews_on: 2026-01-12, prices: [{lists}]}}")
    found = price_book.load(text, origin="prices.yaml")

    assert Decimal(80) == found.running("c", date(2026, 12, 11)).bill(10)
    assert Decimal(100) == found.running("c", date(2026, 12, 12)).bill(10)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "term: monthly, per: host, prices: [{from: 2026-01-01, bands: [{each: 1}]}]",
            "an app needs `hosts`",
        ),
        ("term: monthly, prices: [{from: 2026-01-01}]", "either `bands`"),
        ("term: weekly, prices: [{from: 2026-01-01, bands: [{each: 1}]}]", "monthly or annual is expected"),
        ("term: monthly, discount: 0.1, prices: [{from: 2026-01-01, bands: [{each: 1}]}]", "a percentage"),
        (
            "term: monthly, currency: CHF, prices: [{from: 2026-01-01, bands: [{each: 1}]}]",
            "under `exchange`",
        ),
        ("term: monthly, prises: []", "did you mean prices"),
        (
            (
                "term: monthly, prices: [{from: 2026-01-01, bands: [{each: 1}]}, "
                "{from: 2026-01-01, bands: [{each: 2}]}]"
            ),
            "begin on the same day",
        ),
        (
            (
                "term: annual, prices: [{from: 2026-01-01, "
                "tiers: [{up_to: 9, price: 2}, {up_to: 12, price: 1}]}]"
            ),
            "less",
        ),
    ],
)
def test_a_mistake_in_a_contract_is_told(entry, message):
    """In the words of the file."""
    with pytest.raises(PriceBookError, match=message):
        price_book.load(book(f"{{name: c, product: jira, {entry}}}"), origin="prices.yaml")


def test_two_contracts_of_one_name_are_refused():
    """Figures are told by the name of their contract."""
    one = "{name: c, product: jira, term: monthly, prices: [{from: 2026-01-01, bands: [{each: 1}]}]}"
    with pytest.raises(PriceBookError, match="two contracts are called 'c'"):
        price_book.load(book(one, one), origin="prices.yaml")


def invoiced(*contracts):
    """A book of contracts A, B … whose invoices stand on lines of their own, of the numbers given."""
    entries = []
    for name, numbers in zip("AB", contracts, strict=False):
        lines = [
            f"        - {{period: 2026-0{n}-01, net: 5, number: {one}}}" for n, one in enumerate(numbers, 1)
        ]
        head = "{from: 2026-01-01, bands: [{each: 1}]}"
        entries.append(
            f"name: {name}\n    product: {name}\n    term: monthly\n    prices: [{head}]\n    invoices:\n"
            + "\n".join(lines)
        )
    return price_book.load(book(*entries), origin="prices.yaml")


def test_an_invoice_that_stands_twice_is_refused_with_both_places():
    """By its number, however it is written; another contract may be on the same invoice."""
    with pytest.raises(
        PriceBookError,
        match=r"line 12: .*invoice in-1 of 'A' stands here again: it is invoices.0. on line 10",
    ):
        invoiced(["IN-1", "IN-2", "in-1"])

    assert len(invoiced(["IN-1"], ["IN-1"]).names) == 2


def two(first, second):
    """A book of two contracts on one product, A and B, by what differs."""
    prices = "term: monthly, prices: [{from: 2026-01-01, bands: [{each: 1}]}]"
    entries = [
        f"{{name: {name}, product: jira, {prices}{more}}}" for name, more in (("A", first), ("B", second))
    ]
    return price_book.load(book(*entries), origin="prices.yaml")


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        ("", "", "every site"),
        (", sites: [acme, labs]", ", sites: [labs]", "labs"),
        (", per: agent", ", per: unique_user", "every site"),
        (", per: managed_account", ", per: managed_account, sites: [acme]", "all sites"),
    ],
)
def test_two_contracts_that_count_the_same_seats_are_refused(first, second, where):
    """Which two, where, and what to do, at the line of the second one."""
    with pytest.raises(PriceBookError, match=f"'A' and 'B' both count jira on {where}") as refused:
        two(first, second)

    assert "give one of them `sites`" in str(refused.value)
    assert ":6" in str(refused.value) or "line 6" in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ", sites: [labs]"),
        (", sites: [acme]", ", sites: [labs]"),
        ("", ", deployment: data_center"),
        (", per: managed_account, exempt: [acme]", ", per: managed_account, exempt: [labs]"),
    ],
)
def test_two_contracts_of_one_product_may_each_have_their_scope(first, second):
    assert two(first, second).names == ["A", "B"]


def test_the_books_of_the_page_read():
    """Whoever copies from docs/licences.md gets a book that runs."""
    page = (Path(__file__).parents[3] / "docs" / "licences.md").read_text(encoding="utf-8")
    written = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    books = [part for part in written if not part.startswith("report:")]
    found = price_book.load("".join(books), origin="docs/licences.md")

    assert {"Jira Cloud", "Jira Labs", "Confluence servers", "Timesheets", "Guard"} == set(found.names)
