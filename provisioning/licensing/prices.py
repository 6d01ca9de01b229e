"""What seats cost, and what freeing some of them saves and when.

Monthly plans bill the highest number of seats of a cycle, so a seat freed today is cheaper from the next
cycle on. Yearly plans, in the cloud and on own servers, are paid ahead in tiers: freeing seats saves
only when a lower tier is reached, and then at the renewal. All money is Decimal; results are in cents.
"""

from __future__ import annotations

import calendar
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import pandas as pd

from provisioning.licensing.price_book import load
from provisioning.model.terms import Billing, Covers
from provisioning.policy.yaml_file import PriceBookError

__all__ = [
    "PriceBookError",
    "Saving",
    "Tariff",
    "cost",
    "load",
    "next_start",
    "saving",
    "tariff",
    "to_lower_tier",
]

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


class Line(NamedTuple):
    """One line of a tariff; `last` is None where there is no end."""

    first: int
    last: int | None
    covers: str
    price: Decimal

    def holds(self, seats: int) -> bool:
        """Whether that many seats end in this line."""
        return self.first <= seats and (self.last is None or seats <= self.last)


class Tariff(NamedTuple):
    """What one product costs on one site, as agreed for one day."""

    billing: Billing
    currency: str
    lines: tuple[Line, ...]
    renews_on: date | None

    def bill(self, seats: int) -> Decimal | None:
        """Price of one billing period (a month or a year) in cents; None beyond the last line."""
        if seats == 0:
            return NOTHING
        for line in self.lines:
            if line.covers == Covers.WHOLE and line.holds(seats):
                return line.price.quantize(CENT, ROUND_HALF_UP)
        banded = [line for line in self.lines if line.covers != Covers.WHOLE]
        if not any(line.holds(seats) for line in banded):
            return None
        total = sum((_share(line, seats) for line in banded if line.first <= seats), NOTHING)
        return total.quantize(CENT, ROUND_HALF_UP)

    def monthly(self, seats: int) -> Decimal | None:
        """Price of a month in cents; a twelfth of a yearly bill."""
        bill = self.bill(seats)
        if bill is None or self.billing is Billing.MONTHLY:
            return bill
        return (bill / 12).quantize(CENT, ROUND_HALF_UP)


class Saving(NamedTuple):
    """What freeing seats saves once it counts.

    `monthly` is money a month. Of it `next_cycle` comes with the next monthly bill; `next_renewal` is
    how much smaller the next yearly bill is. `effective` is the day from which it counts, None when the
    book does not say when the plan renews.
    """

    monthly: Decimal
    next_cycle: Decimal
    next_renewal: Decimal
    effective: date | None


def tariff(prices: pd.DataFrame, product: str, site: str | None, on: date) -> Tariff | None:
    """What is agreed for a product on a site on a day.

    Args:
        prices: a Prices frame.
        product: product.
        site: site; its own contract comes before the product's.
        on: the newest book in force on this day counts, alone.

    Returns:
        The tariff, or None when the book has no price.
    """
    day = pd.Timestamp(on.year, on.month, on.day, tz="UTC")
    started = prices[prices["valid_from"] <= day]
    book = started[(started["valid_from"] == started["valid_from"].max()) & (started["product"] == product)]
    own = book[book["site"] == site] if site is not None else book.iloc[:0]
    lines = own if len(own) else book[book["site"].isna()]
    if lines.empty:
        return None
    first = lines.iloc[0]
    return Tariff(
        billing=Billing(first["billing"]),
        currency=first["currency"],
        lines=tuple(_lines(lines)),
        renews_on=None if pd.isna(first["renews_on"]) else first["renews_on"].date(),
    )


def cost(prices: pd.DataFrame, product: str, site: str | None, seats: int, on: date) -> Decimal | None:
    """Price of that many seats a month, in cents.

    Returns:
        The price; None when the book in force has no price for so many seats of the product.
    """
    agreed = tariff(prices, product, site, on)
    return None if agreed is None else agreed.monthly(seats)


def saving(
    prices: pd.DataFrame, product: str, site: str | None, used: int, removed: int, on: date
) -> Saving | None:
    """What freeing `removed` of `used` seats saves.

    Returns:
        The saving; None when the book in force has no price.

    Raises:
        ValueError: more seats would be freed than are used.
    """
    if not 0 <= removed <= used:
        raise ValueError(f"cannot free {removed} of {used} seats of {product}")
    agreed = tariff(prices, product, site, on)
    if agreed is None:
        return None
    before, after = agreed.bill(used), agreed.bill(used - removed)
    if before is None or after is None:
        return None
    effective = next_start(agreed, on)
    if agreed.billing is Billing.MONTHLY:
        return Saving(before - after, before - after, NOTHING, effective)
    month = (agreed.monthly(used) or NOTHING) - (agreed.monthly(used - removed) or NOTHING)
    return Saving(month, NOTHING, before - after, effective)


def next_start(agreed: Tariff, on: date) -> date | None:
    """First day of the billing period after the one `on` lies in; None when no day of renewal is known."""
    anchor = agreed.renews_on
    if anchor is None:
        return None
    step = 1 if agreed.billing is Billing.MONTHLY else 12
    months = (on.year - anchor.year) * 12 + on.month - anchor.month
    periods = months // step
    return next(day for n in range(3) if (day := _months_later(anchor, (periods + n) * step)) > on)


def to_lower_tier(prices: pd.DataFrame, product: str, site: str | None, used: int, on: date) -> int | None:
    """Seats to free until a yearly plan reaches the next lower tier; None where there is none."""
    agreed = tariff(prices, product, site, on)
    if agreed is None or agreed.billing is Billing.MONTHLY:
        return None
    present = next((line for line in agreed.lines if line.holds(used)), None)
    return used - present.first + 1 if present is not None and present.first > 1 else None


def _share(line: Line, seats: int) -> Decimal:
    """What a line adds to the bill when that many seats reach into it."""
    inside = min(seats, seats if line.last is None else line.last) - line.first + 1
    return line.price if line.covers == Covers.FLAT else line.price * inside


def _lines(frame: pd.DataFrame) -> list[Line]:
    ordered = frame.sort_values("first_seat", kind="stable")
    return [
        Line(int(first), None if pd.isna(last) else int(last), covers, price)
        for first, last, covers, price in zip(
            ordered["first_seat"], ordered["last_seat"], ordered["covers"], ordered["price"], strict=True
        )
    ]


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
