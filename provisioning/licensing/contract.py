"""A contract: who is counted, what a period costs for how many seats, and when its periods begin.

Monthly contracts bill the highest number of seats of a cycle, so a seat freed today is cheaper from the
next cycle on. Yearly ones, in the cloud and on own servers, are paid ahead in tiers: freeing seats saves
only when a lower tier is reached, and then at the renewal. All money is Decimal; results are in cents.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from math import inf
from typing import Literal, NamedTuple

from provisioning.model.terms import Billing, Covers, Deployment, Unit

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


class Line(NamedTuple):
    """One line of a price list; `last` is None where there is no end."""

    first: int
    last: int | None
    covers: Covers
    price: Decimal

    def holds(self, seats: int) -> bool:
        """Whether that many seats end in this line."""
        return self.first <= seats and (self.last is None or seats <= self.last)

    def share(self, seats: int) -> Decimal:
        """What it adds to the bill when that many seats reach into it."""
        inside = min(seats, seats if self.last is None else self.last) - self.first + 1
        return self.price * inside if self.covers is Covers.EACH else self.price


class Scale:
    """The lines of a price list, with what those before each come to: a bill is found without adding up."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.first = min(lines, key=lambda line: line.first)
        ends = [line.last for line in lines]
        self.last_seat = None if None in ends else max(end for end in ends if end is not None)
        self._whole = [line for line in lines if line.covers is Covers.WHOLE]
        banded = sorted(set(lines) - set(self._whole), key=lambda line: line.first)
        self._firsts = [line.first for line in banded]
        self._lasts = [inf if line.last is None else line.last for line in banded]
        self._each = [line.price if line.covers is Covers.EACH else NOTHING for line in banded]
        self._before = [
            sum((other.share(first - 1) for other in banded if other.first < first), line.share(first) - each)
            for first, line, each in zip(self._firsts, banded, self._each, strict=True)
        ]

    def price(self, seats: int) -> Decimal | None:
        """What the list says of so many seats, in cents; None where it has no price."""
        if seats == 0:
            return NOTHING
        for line in self._whole:
            if line.holds(seats):
                return line.price.quantize(CENT, ROUND_HALF_UP)
        place = bisect_right(self._firsts, seats) - 1
        if place < 0 or seats > self._lasts[place]:
            return None
        inside = seats - self._firsts[place] + 1
        return (self._before[place] + self._each[place] * inside).quantize(CENT, ROUND_HALF_UP)


class Adjustment(NamedTuple):
    """A line below the price: a discount or the tax in percent, or a credit for each period."""

    kind: Literal["discount", "credit", "tax"]
    amount: Decimal

    def of(self, net: Decimal) -> Decimal:
        """What it adds to an amount, in cents; what is taken off leaves nothing below 0."""
        if self.kind == "credit":
            return -min(self.amount.quantize(CENT, ROUND_HALF_UP), net)
        share = (net * self.amount / 100).quantize(CENT, ROUND_HALF_UP)
        return share if self.kind == "tax" else -share


class Statement(NamedTuple):
    """What a bill is made of: the listed price, and what discounts and credits take off."""

    listed: Decimal
    discount: Decimal
    credit: Decimal


class Invoice(NamedTuple):
    """One invoice as it came: the period's first day, the seats billed, and the sums."""

    period: date
    net: Decimal
    seats: int | None = None
    tax: Decimal | None = None
    number: str | None = None


class Period(NamedTuple):
    """The first day, and the first day no more in it."""

    start: date
    end: date


@dataclass(frozen=True)
class Contract:
    """What is agreed on one product from a day on.

    Attributes:
        name: how people call it; prices of other days have the same name.
        product: as targets name it; an app or Guard has a name of its own.
        billing, currency, lines: how it is paid for.
        valid_from: first day these prices may begin a period.
        valid_until: first day they may not any more; None while nothing replaces them.
        renews_on: a day on which a period starts; None when not known.
        sites: where it counts; empty for every site that no other contract names.
        deployment: where the product runs; None for both.
        unit: what is counted.
        hosts: products an app follows, or those whose people do not count for Guard.
        exempt: products and sites whose people are not counted.
        bought, billed, minimum: seats bought, billed in the running period, and paid for at least.
        adjustments: discounts, credits and tax, in their order.
        edition, source: plan and where the price is written, as the customer says.
        publisher: who makes the product.
        invoices: as entered.
    """

    name: str
    product: str
    billing: Billing
    currency: str
    lines: tuple[Line, ...]
    valid_from: date
    valid_until: date | None = None
    renews_on: date | None = None
    sites: frozenset[str] = frozenset()
    deployment: Deployment | None = None
    unit: Unit = Unit.USER
    hosts: frozenset[str] = frozenset()
    exempt: frozenset[str] = frozenset()
    bought: int | None = None
    billed: int | None = None
    minimum: int = 0
    adjustments: tuple[Adjustment, ...] = ()
    edition: str | None = None
    source: str | None = None
    publisher: str = "Atlassian"
    invoices: tuple[Invoice, ...] = ()

    @property
    def yearly(self) -> bool:
        """Whether a period is a year."""
        return self.billing is not Billing.MONTHLY

    @property
    def pooled(self) -> bool:
        """Whether the seats of all its sites are one pool, for it states amounts of the whole contract."""
        stated = self.bought is not None or self.billed is not None or self.minimum > 0
        return stated or any(one.kind == "credit" for one in self.adjustments)

    @property
    def kept_lines(self) -> list[Line]:
        """The lines but for a free plan, to which nobody returns."""
        return [line for line in self.lines if line.covers is not Covers.WHOLE or line.price]

    @property
    def last_seat(self) -> int | None:
        """Seats up to which there is a price; None without end."""
        return self._scale.last_seat

    def bill(self, seats: int) -> Decimal | None:
        """Price of one period without tax, in cents; None beyond the last line."""
        return self._adjusted(self._scale.price(max(seats, self.minimum)))

    def bill_at_least(self, seats: int) -> Decimal:
        """The same; beyond the last line what is known of it: the price of the last seat that has one."""
        return self._at_least(self._scale, seats)

    def bill_kept(self, seats: int) -> Decimal:
        """What a period costs once seats are freed down to that many.

        Nobody returns to a free plan, and what the first seat costs for all, stays until the contract is
        cancelled.
        """
        scale = self._without_free_plan
        first = scale.first
        if seats or self.minimum:
            return self._at_least(scale, max(seats, first.first))
        alone = NOTHING if first.covers is Covers.EACH else first.price.quantize(CENT, ROUND_HALF_UP)
        return self._adjusted(alone) or NOTHING

    def statement(self, seats: int) -> Statement:
        """The parts of `bill_at_least`: the listed price less discount and credit."""
        last, wanted = self._scale.last_seat, max(seats, self.minimum)
        listed = self._scale.price(wanted if last is None else min(wanted, last)) or NOTHING
        left, off = listed, {"discount": NOTHING, "credit": NOTHING}
        for one in self.adjustments:
            if one.kind != "tax":
                off[one.kind] -= one.of(left)
                left += one.of(left)
        return Statement(listed, **off)

    def tax(self, net: Decimal) -> Decimal:
        """The tax on an amount, in cents."""
        return sum((one.of(net) for one in self.adjustments if one.kind == "tax"), NOTHING)

    def monthly(self, bill: Decimal) -> Decimal:
        """A period's bill a month, in cents."""
        return (bill / 12).quantize(CENT, ROUND_HALF_UP) if self.yearly else bill

    def paid_seats(self, held: int, told: int | None = None) -> int:
        """Seats the running period is paid for.

        Args:
            held: seats held now.
            told: seats bought as the target tells; counts only for a yearly contract that has a price for
                so many, for the cap of a site is told the same way.
        """
        bought = self.bought
        if bought is None and self.yearly and told is not None and self.bill(told) is not None:
            bought = told
        return max(held, bought or 0, self.billed or 0, self.minimum)

    def period_start(self, on: date) -> date | None:
        """First day of the period that a day lies in; None when no day of renewal is known."""
        following = self.next_start(on)
        if following is None or self.renews_on is None:
            return None
        behind = (following.year - self.renews_on.year) * 12 + following.month - self.renews_on.month
        return months_later(self.renews_on, behind - self._months)

    def next_start(self, on: date) -> date | None:
        """First day of the period after the one a day lies in; None when no day of renewal is known."""
        anchor = self.renews_on
        if anchor is None:
            return None
        periods = ((on.year - anchor.year) * 12 + on.month - anchor.month) // self._months
        steps = ((periods + n) * self._months for n in range(3))
        return next(day for step in steps if (day := months_later(anchor, step)) > on)

    def period(self, on: date) -> Period:
        """The period a day lies in; the calendar month or year where no day of renewal is known."""
        start, end = self.period_start(on), self.next_start(on)
        if start is not None and end is not None:
            return Period(start, end)
        first = on.replace(month=1, day=1) if self.yearly else on.replace(day=1)
        return Period(first, months_later(first, self._months))

    def tier_below(self, seats: int) -> int | None:
        """Last seat of the tier below that of so many seats; None where there is none."""
        if not self.yearly:
            return None
        present = next((line for line in self.lines if line.holds(seats)), None)
        return present.first - 1 if present is not None and present.first > 1 else None

    @property
    def _months(self) -> int:
        return 12 if self.yearly else 1

    @cached_property
    def _scale(self) -> Scale:
        return Scale(self.lines)

    @cached_property
    def _without_free_plan(self) -> Scale:
        return Scale(self.kept_lines)

    def _at_least(self, scale: Scale, seats: int) -> Decimal:
        wanted = max(seats, self.minimum)
        last = self._scale.last_seat
        return self._adjusted(scale.price(wanted if last is None else min(wanted, last))) or NOTHING

    def _adjusted(self, listed: Decimal | None) -> Decimal | None:
        if listed is None:
            return None
        for one in self.adjustments:
            listed += NOTHING if one.kind == "tax" else one.of(listed)
        return listed


def running(versions: Sequence[Contract], on: date) -> Contract | None:
    """The contract as it bills the period that a day lies in.

    Prices are settled when a period begins and stay until the next one: a newer list re-prices nothing that
    is paid for. Where no day of renewal is known the list of the day itself counts.

    Args:
        versions: the same contract with the prices of other days, in any order.
        on: the day.
    """
    begun = sorted((one for one in versions if one.valid_from <= on), key=lambda one: one.valid_from)
    if not begun:
        return None
    newest = begun[-1]
    if newest.valid_until is not None and on >= newest.valid_until:
        end = newest.next_start(newest.valid_until - timedelta(days=1))
        if end is None or on >= end:
            return None
    start = newest.period_start(on)
    if start is None or start >= newest.valid_from:
        return newest
    earlier = running(begun[:-1], start)
    if earlier is None or earlier.billing is not newest.billing:
        return newest
    return replace(newest, lines=earlier.lines, adjustments=earlier.adjustments, minimum=earlier.minimum)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
