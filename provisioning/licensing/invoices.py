"""Invoices beside what the price book and the seats say, and every difference by its cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from provisioning.licensing.charges import Charge
from provisioning.licensing.contract import NOTHING, Contract, Invoice
from provisioning.licensing.price_book import PriceBook


class Reconciled(NamedTuple):
    """One invoice, in its contract's currency; the causes sum to invoiced less expected.

    Attributes:
        seats: what the difference in seats costs by the price book.
        price: what the invoice charges for its seats beyond the price book.
        tax: what its tax differs from the one on the expected amount.
        unknown: the rest: all of the net difference where the invoice tells no seats.
    """

    contract: str
    number: str | None
    period: date
    currency: str
    invoiced: Decimal
    expected: Decimal
    seats: Decimal
    price: Decimal
    tax: Decimal
    unknown: Decimal


def reconcile(book: PriceBook, charges: Sequence[Charge], on: date) -> Iterator[Reconciled]:
    """Compare every invoice of the price book with what was to be expected.

    Of the running period that is what the seats read come to; of another one, whose seats nobody knows, it is
    the price of the seats the invoice tells.

    Args:
        book: the price book.
        charges: what its contracts charge for.
        on: the day of the report.
    """
    for name in book.names:
        for invoice in book.versions(name)[-1].invoices:
            agreed = book.running(name, invoice.period)
            if agreed is not None:
                own = [charge for charge in charges if charge.contract.name == name]
                yield _compare(agreed, invoice, own if _runs(agreed, invoice, on) else [])


def _runs(agreed: Contract, invoice: Invoice, on: date) -> bool:
    """Whether the invoice is for the period the report's day lies in."""
    start = agreed.period_start(on)
    return invoice.period == start or (start is None and invoice.period <= on)


def _compare(agreed: Contract, invoice: Invoice, own: Sequence[Charge]) -> Reconciled:
    stated = None if invoice.seats is None else agreed.bill_at_least(invoice.seats)
    if own:
        expected = sum((agreed.bill_at_least(charge.paid) for charge in own), NOTHING)
    else:
        expected = invoice.net if stated is None else stated
    # Seats of several sites are billed one by one, so their sum has no price.
    told = stated if len(own) < 2 else None
    tax = agreed.tax(expected)
    return Reconciled(
        contract=agreed.name,
        number=invoice.number,
        period=invoice.period,
        currency=agreed.currency,
        invoiced=invoice.net + (invoice.tax or NOTHING),
        expected=expected + (NOTHING if invoice.tax is None else tax),
        seats=NOTHING if told is None else told - expected,
        price=NOTHING if told is None else invoice.net - told,
        tax=NOTHING if invoice.tax is None else invoice.tax - tax,
        unknown=invoice.net - expected if told is None else NOTHING,
    )
