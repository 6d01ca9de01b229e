"""What a number of seats costs, and what freeing some of them saves and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from provisioning.licensing.contract import NOTHING, Contract
from provisioning.licensing.price_book import PriceBook, PriceBookError, load
from provisioning.model.terms import Deployment

__all__ = ["PriceBook", "PriceBookError", "Saving", "cost", "load", "saving", "settle", "to_lower_tier"]


class Saving(NamedTuple):
    """What freeing seats saves, each part once it counts.

    `next_cycle` is how much smaller the next monthly bills are; `next_renewal` how much smaller the next
    yearly one is. They are of different days and never added. `effective` is the day from which the saving
    counts, None when the book does not say when a period starts.
    """

    next_cycle: Decimal
    next_renewal: Decimal
    effective: date | None


def cost(
    book: PriceBook,
    product: str,
    site: str | None,
    seats: int,
    on: date,
    deployment: Deployment | None = None,
) -> Decimal | None:
    """Price of that many seats a month, in cents, in the currency of their contract.

    Returns:
        The price; None when no contract of that day has a price for so many seats of the product.
    """
    agreed = book.find(product, site, deployment, on)
    bill = None if agreed is None else agreed.bill(seats)
    return None if agreed is None or bill is None else agreed.monthly(bill)


def saving(
    book: PriceBook,
    product: str,
    site: str | None,
    used: int,
    removed: int,
    on: date,
    deployment: Deployment | None = None,
) -> Saving | None:
    """What freeing `removed` of `used` seats saves, by the prices of the day it takes effect.

    Returns:
        The saving; None when there is no contract, or it has no price for so many seats.

    Raises:
        ValueError: more seats would be freed than are used.
    """
    if not 0 <= removed <= used:
        raise ValueError(f"cannot free {removed} of {used} seats of {product}")
    agreed = book.find(product, site, deployment, on)
    if agreed is None or agreed.bill(used) is None:
        return None
    effective, later = settle(book, agreed, on)
    fallen = fall(later, used, used - removed)
    return Saving(NOTHING, fallen, effective) if later.yearly else Saving(fallen, NOTHING, effective)


def settle(book: PriceBook, agreed: Contract, on: date) -> tuple[date | None, Contract]:
    """First day of the next period and the contract with the prices that bill it.

    A contract that has ended by then is taken as it is now: whoever renews it pays at least something.
    """
    effective = agreed.next_start(on)
    if effective is None:
        return None, agreed
    return effective, book.running(agreed.name, effective) or agreed


def fall(contract: Contract, used: int, left: int) -> Decimal:
    """How much smaller a period's bill is when fewer seats are left; a free plan saves nothing."""
    if contract.bill(used) == NOTHING:
        return NOTHING
    return max(contract.bill_kept(used) - contract.bill_kept(left), NOTHING)


def to_lower_tier(
    book: PriceBook,
    product: str,
    site: str | None,
    used: int,
    on: date,
    deployment: Deployment | None = None,
) -> int | None:
    """Seats to free until a yearly contract reaches the next lower tier; None where there is none."""
    agreed = book.find(product, site, deployment, on)
    below = None if agreed is None else agreed.tier_below(used)
    return None if below is None else used - below
