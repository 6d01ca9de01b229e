"""What freeing seats saves, seat by seat: each by itself, after those before it have gone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from provisioning.licensing.charges import Charge, Positions
from provisioning.licensing.contract import CENT, NOTHING
from provisioning.licensing.many_bills import bills_kept
from provisioning.licensing.price_book import PriceBook
from provisioning.model.terms import Unit

Cents = np.ndarray[Any, np.dtype[np.int64]]


class Freed(NamedTuple):
    """What freeing seats saves; the two are of different days and never added.

    Attributes:
        next_cycle: cents a month by seat, from the next cycle of monthly contracts.
        at_renewal: cents a year by seat, at the renewal of yearly contracts.
        by_charge: what each charge's next bill falls by, in its contract's currency.
    """

    next_cycle: Cents
    at_renewal: Cents
    by_charge: list[Decimal]


def value_seats(charges: Sequence[Charge], billed: pd.DataFrame, order: Positions, book: PriceBook) -> Freed:
    """Value each seat by what the bills fall by when it is freed after those before it.

    Args:
        charges: what the contracts charge for.
        billed: billed seats.
        order: positions of the seats to free, the first to go first.
        book: the price book.
    """
    rank = np.full(len(billed), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    cycle, renewal = np.zeros(len(billed), dtype=np.int64), np.zeros(len(billed), dtype=np.int64)
    falls = []
    for charge in charges:
        steps, left = count_down(charge, billed, rank)
        falling = _falls(charge, left)
        # Few amounts differ, and each is converted once.
        different, places = np.unique(falling, return_inverse=True)
        own = [book.convert(int(fall) * CENT, charge.contract.currency) for fall in different]
        money = renewal if charge.later.yearly else cycle
        money[steps] += np.array([int(amount / CENT) for amount in own], dtype=np.int64)[places]
        falls.append(int(falling.sum()) * CENT)
    return Freed(cycle, renewal, falls)


def count_down(charge: Charge, billed: pd.DataFrame, rank: Cents) -> tuple[Positions, Positions]:
    """The seats of a charge that go, in their order, and how many units are left from none to all of them.

    Args:
        charge: what a contract charges for.
        billed: billed seats.
        rank: place of each seat in the order of freeing, -1 for one that stays.
    """
    if not len(charge.rows):
        return charge.rows, np.array([charge.held], dtype=np.int64)
    going = charge.rows[rank[charge.rows] >= 0]
    steps = going[np.argsort(rank[going], kind="stable")]
    if charge.per_seat:
        fewer = np.arange(1, len(steps) + 1)
        return steps, np.concatenate([[charge.held], charge.held - fewer])
    if charge.contract.unit is Unit.HOST:
        products, sites = billed["product"].to_numpy(), billed["site"].to_numpy()
        return steps, _largest_left(products, sites, charge.rows, steps)
    gone = _last_of_person(billed["person"], charge.rows, steps)
    return steps, np.concatenate([[charge.held], charge.held - np.cumsum(gone)])


def _last_of_person(people: pd.Series, rows: Positions, steps: Positions) -> np.ndarray[Any, Any]:
    """Whether with each seat that goes its holder has none left that counts."""
    # Numbers for names: they are counted and compared many times.
    persons = pd.factorize(people)[0]
    going = pd.Series(persons[steps])
    held = np.bincount(persons[rows])[persons[steps]]
    last: np.ndarray[Any, Any] = (going.groupby(going).cumcount() + 1).to_numpy() == held
    return last


def _largest_left(
    products: np.ndarray[Any, Any], sites: np.ndarray[Any, Any], rows: Positions, steps: Positions
) -> Positions:
    """The seats of the largest product of each site together, from none to all of the seats that go."""
    total = np.zeros(len(steps) + 1, dtype=np.int64)
    for site in sorted(set(sites[rows])):
        here, going, left = rows[sites[rows] == site], sites[steps] == site, []
        for product in sorted(set(products[here])):
            count = int((products[here] == product).sum())
            left.append(np.concatenate([[count], count - np.cumsum(going & (products[steps] == product))]))
        total += np.max(left, axis=0)
    return total


def _falls(charge: Charge, left: Positions) -> Cents:
    """What the next bill falls by with each seat that goes; a plan that is free today saves nothing."""
    if charge.contract.bill_at_least(charge.held) == NOTHING:
        return np.zeros(len(left) - 1, dtype=np.int64)
    kept = bills_kept(charge.later, left)
    falls: Cents = np.maximum(kept[:-1] - kept[1:], 0)
    return falls
