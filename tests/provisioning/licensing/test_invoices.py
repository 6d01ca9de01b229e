"""Invoices reconciled, each by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from provisioning.licensing import price_book
from provisioning.licensing.invoices import reconcile
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
