"""Invoices beside what the price book and the seats say, and every difference by its cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from provisioning.licensing.charges import Charge
from provisioning.licensing.contract import NOTHING, Contract, Invoice, Period
from provisioning.licensing.price_book import PriceBook

UNLISTED = "no price list for this period"


class Reconciled(NamedTuple):
    """The invoices of one contract for one period, in its currency; the causes sum to invoiced less expected.

    Attributes:
        number: the number of the invoice, or of each of them.
        expected, seats, price, tax, unknown: None where no price list is of the period.
        seats: what the difference in seats costs by the price book.
        price: what the invoice charges for its seats beyond the price book.
        tax: what its tax differs from the one on the expected amount.
        unknown: the rest: all of the net difference where the invoice tells no seats.
        remark: why nothing is expected; None where something is.
    """

    contract: str
    number: str | None
    period: date
    currency: str
    invoiced: Decimal
    expected: Decimal | None = None
    seats: Decimal | None = None
    price: Decimal | None = None
    tax: Decimal | None = None
    unknown: Decimal | None = None
    remark: str | None = None


def reconcile(book: PriceBook, charges: Sequence[Charge], on: date) -> Iterator[Reconciled]:
    """Compare what the price book's invoices ask for each period with what was to be expected.

    Of the running period that is what the seats read come to; of another one, whose seats nobody knows, it is
    the price of the seats the invoices tell.

    Args:
        book: the price book.
        charges: what its contracts charge for.
        on: the day of the report.
    """
    for name in book.names:
        newest = book.versions(name)[-1]
        periods: dict[Period, list[Invoice]] = {}
        for invoice in newest.invoices:
            periods.setdefault(newest.period(invoice.period), []).append(invoice)
        for period, several in periods.items():
            invoice, agreed = _together(several), book.running(name, several[0].period)
            if agreed is None:
                yield _unlisted(newest, invoice)
                continue
            own = [charge for charge in charges if charge.contract.name == name]
            yield _compare(agreed, invoice, own if period == newest.period(on) else [])


def _together(invoices: Sequence[Invoice]) -> Invoice:
    """The invoices of one period as one: their seats add up where each tells them."""
    seats = [one.seats for one in invoices if one.seats is not None]
    taxes = [one.tax for one in invoices if one.tax is not None]
    return Invoice(
        period=min(one.period for one in invoices),
        net=sum((one.net for one in invoices), NOTHING),
        seats=sum(seats) if len(seats) == len(invoices) else None,
        tax=sum(taxes, NOTHING) if taxes else None,
        number=", ".join(one.number for one in invoices if one.number is not None) or None,
    )


def _unlisted(newest: Contract, invoice: Invoice) -> Reconciled:
    return Reconciled(
        contract=newest.name,
        number=invoice.number,
        period=invoice.period,
        currency=newest.currency,
        invoiced=invoice.net + (invoice.tax or NOTHING),
        remark=UNLISTED,
    )


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
