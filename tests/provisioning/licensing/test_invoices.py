"""Invoices reconciled, each by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from provisioning.licensing import price_book
from provisioning.licensing.invoices import UNLISTED, reconcile
from tests.provisioning.licensing.company import TODAY, Company, book

JIRA = (
    "{name: Jira, product: jira, term: monthly, renews_on: 2026-01-12, tax: 19%, invoices: [INVOICE], "
    "prices: [{from: 2020-01-01, bands: [{each: 8}]}]}"
)


def one(invoice, company=None):
    """The invoice beside 100 seats at 8.00: 800.00 and 152.00 tax."""
    read = price_book.load(book(JIRA.replace("INVOICE", invoice)), origin="prices.yaml")
    found = (company or Company().hold("jira", 100)).assess(read)
    return next(reconcile(read, found.charges, TODAY))


@pytest.mark.parametrize(
    ("invoice", "invoiced", "expected", "causes"),
    [
        # As expected: 800 + 19 % of 800.
        ("{period: 2026-11-12, seats: 100, net: 800, tax: 152}", "952", "952", ("0", "0", "0", "0")),
        # 5 seats more at 8: 40, and 19 % of 840 = 159.60, 7.60 more.
        (
            "{period: 2026-11-12, seats: 105, net: 840, tax: 159.60}",
            "999.60",
            "952",
            ("40", "0", "7.60", "0"),
        ),
        # 100 seats at 8.50.
        (
            "{period: 2026-11-12, seats: 100, net: 850, tax: 161.50}",
            "1011.50",
            "952",
            ("0", "50", "9.50", "0"),
        ),
        # Both: 5 x 8 = 40 for seats, 105 x 0.50 = 52.50 for the price.
        ("{period: 2026-11-12, seats: 105, net: 892.50}", "892.50", "800", ("40", "52.50", "0", "0")),
        # No seats told: nobody knows why.
        ("{period: 2026-11-12, net: 850}", "850", "800", ("0", "0", "0", "50")),
        # Another tax than agreed.
        ("{period: 2026-11-12, seats: 100, net: 800, tax: 160}", "960", "952", ("0", "0", "8", "0")),
        # An earlier period: only its price can be checked, 120 x 8 = 960.
        ("{period: 2026-10-12, seats: 120, net: 970}", "970", "960", ("0", "10", "0", "0")),
    ],
)
def test_each_difference_has_its_cause(invoice, invoiced, expected, causes):
    """Seats, price, tax and what nobody knows; together they are the difference."""
    found = one(invoice)

    assert (Decimal(invoiced), Decimal(expected)) == (found.invoiced, found.expected)
    assert tuple(map(Decimal, causes)) == (found.seats, found.price, found.tax, found.unknown)
    assert found.invoiced - found.expected == found.seats + found.price + found.tax + found.unknown


def test_the_seats_of_several_sites_are_billed_one_by_one():
    """60 and 40 seats on two sites come to 800; which of them the invoice adds to is not known."""
    found = one(
        "{period: 2026-11-12, seats: 105, net: 840}", Company().hold("jira", 60).hold("jira", 40, site="labs")
    )

    assert (Decimal(800), Decimal(40)) == (found.expected, found.unknown)


def test_an_invoice_of_one_pool_is_compared_with_its_seats():
    """60 and 40 seats with a minimum are one bill of 100 seats: 5 seats more are 40."""
    contract = JIRA.replace("tax: 19%", "minimum: 10").replace(
        "INVOICE", "{period: 2026-11-12, seats: 105, net: 840}"
    )
    read = price_book.load(book(contract), origin="prices.yaml")
    company = Company().hold("jira", 60).hold("jira", 40, site="labs")
    (found,) = reconcile(read, company.assess(read).charges, TODAY)

    assert (Decimal(800), Decimal(40), Decimal(0)) == (found.expected, found.seats, found.unknown)


def listed(*invoices, keys=""):
    """What becomes of a contract's invoices beside 100 seats at 8.00."""
    contract = JIRA.replace("tax: 19%, ", "").replace("INVOICE", ", ".join(invoices))
    contract = contract.replace("renews_on: 2026-01-12, ", keys)
    read = price_book.load(book(contract), origin="prices.yaml")
    return list(reconcile(read, Company().hold("jira", 100).assess(read).charges, TODAY))


def test_without_a_day_of_renewal_the_calendar_month_is_the_running_period():
    """January is priced by the seats it tells: 120 x 8 = 960; of November 100 seats were read."""
    january, november = listed(
        "{period: 2026-01-01, seats: 120, net: 960}", "{period: 2026-11-05, seats: 105, net: 840}"
    )

    assert (Decimal(960), Decimal(0), Decimal(0)) == (january.expected, january.seats, january.unknown)
    assert (Decimal(800), Decimal(40)) == (november.expected, november.seats)


def test_an_invoice_before_the_first_prices_is_listed_and_says_why_nothing_is_expected():
    """The first list begins with 2020."""
    (found,) = listed("{period: 2019-12-01, seats: 5, net: 480, tax: 20, number: OLD}")

    assert (found.number, found.invoiced, found.expected) == ("OLD", Decimal(500), None)
    assert (found.seats, found.price, found.tax, found.unknown) == (None,) * 4
    assert found.remark == UNLISTED


def test_the_invoices_of_one_period_are_compared_together():
    """60 and 45 seats are 105: 40 for 5 seats more than were read, and 10 beyond the price."""
    found = listed(
        "{period: 2026-11-12, seats: 60, net: 490, number: A}",
        "{period: 2026-11-12, seats: 45, net: 360, number: B}",
        "{period: 2026-10-12, seats: 10, net: 80, number: C}",
        keys="renews_on: 2026-01-12, ",
    )

    assert [(one.number, one.invoiced, one.expected) for one in found] == [
        ("A, B", Decimal(850), Decimal(800)),
        ("C", Decimal(80), Decimal(80)),
    ]
    assert (found[0].seats, found[0].price, found[0].unknown) == (Decimal(40), Decimal(10), Decimal(0))


def test_an_invoice_that_tells_no_seats_leaves_those_of_its_period_unknown():
    """480 and 360 are 840: nobody knows what the 40 more are for."""
    (found,) = listed(
        "{period: 2026-11-12, seats: 60, net: 480}",
        "{period: 2026-11-12, net: 360}",
        keys="renews_on: 2026-01-12, ",
    )

    assert (found.expected, found.seats, found.unknown) == (Decimal(800), Decimal(0), Decimal(40))
