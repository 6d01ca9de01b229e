"""What the seats of each product and site cost and save, shared among the rows that cause it.

A place is a (target, product, site). Shares of a place sum to its total to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from provisioning.licensing import prices as priced
from provisioning.licensing.prices import CENT, NOTHING, Saving
from provisioning.model.frames import Billing
from provisioning.model.seat_table import PLACE

Place = tuple[str, str, str]


def savings_by_place(
    held: pd.DataFrame, wasted: pd.DataFrame, prices: pd.DataFrame | None, on: date
) -> dict[Place, Saving]:
    """What freeing all wasted seats saves, by (target, product, site); a place without price is missing."""
    if prices is None:
        return {}
    used, removed = _sizes(held), _sizes(wasted)
    found = {
        place: priced.saving(prices, place[1], place[2], used[place], count, on)
        for place, count in removed.items()
    }
    return {place: saving for place, saving in found.items() if saving is not None}


def costs_by_place(
    held: pd.DataFrame, prices: pd.DataFrame | None, capacity: pd.DataFrame, on: date
) -> dict[Place, Decimal]:
    """What each (target, product, site) costs a month.

    A monthly plan bills the seats held; a yearly one the tier that was bought, where the target tells it.
    A place without price is missing.
    """
    if prices is None:
        return {}
    bought = capacity.dropna(subset="seats").drop_duplicates(PLACE).set_index(PLACE)["seats"]
    found = {}
    for place, used in _sizes(held).items():
        agreed = priced.tariff(prices, place[1], place[2], on)
        if agreed is not None:
            yearly = agreed.billing is not Billing.MONTHLY
            seats = max(used, int(bought.get(place, 0))) if yearly else used
            found[place] = agreed.monthly(seats)
    return {place: cost for place, cost in found.items() if cost is not None}


def chargeback(held: pd.DataFrame, costs: Mapping[Place, Decimal], by: str) -> pd.DataFrame:
    """Share the whole cost of each product and site among those who hold its seats.

    Args:
        held: what `holders` gives.
        costs: what `costs_by_place` gives.
        by: attribute to share by, for example `department` or `cost_center`.

    Returns:
        Columns `by` (null for seats of nobody known), product, site, seats and monthly (Decimal, null
        where the product has no price). The rows of a product and site sum to its cost.
    """
    share = held[[by, "product", "site"]].assign(monthly=shared(held, costs))
    groups = share.groupby([by, "product", "site"], dropna=False, as_index=False, sort=True)
    return groups.agg(seats=("product", "size"), monthly=("monthly", summed))


def summed(money: pd.Series) -> Decimal | None:
    """Sum of the amounts that are known; None when none is."""
    amounts = list(money.dropna())
    return sum(amounts, NOTHING) if amounts else None


def shared(rows: pd.DataFrame, totals: Mapping[Place, Decimal]) -> pd.Series:
    """Share each place's total among its rows: equal parts, the cents left over to the first rows.

    Returns:
        Decimal or None a row; the rows of a place sum to its total exactly.
    """
    cents = {place: int(total / CENT) for place, total in totals.items()}
    counts = _sizes(rows)
    part = {place: Decimal(cents[place] // counts[place]) * CENT for place in counts if place in cents}
    extra = {place: cents[place] % counts[place] for place in part}
    low = by_place(rows, part)
    high = by_place(rows, {place: money + CENT for place, money in part.items()})
    first = rows.groupby(PLACE, sort=False).cumcount() < by_place(rows, extra).fillna(0).astype("int64")
    shares = high.where(first, low)
    return shares.where(shares.notna(), None)


def _sizes(rows: pd.DataFrame) -> dict[Place, int]:
    return {place: int(count) for place, count in rows.groupby(PLACE).size().items()}  # type: ignore[misc]


def by_place(rows: pd.DataFrame, values: Mapping[Place, object]) -> pd.Series:
    """The value of each row's place, None where it has none."""
    groups = rows.groupby(PLACE, sort=False).ngroup()
    firsts = rows[~groups.duplicated()]
    places = zip(firsts["target"], firsts["product"], firsts["site"], strict=True)
    lookup = np.array([*(values.get(place) for place in places), None], dtype=object)[:-1]
    return pd.Series(lookup[groups.to_numpy()], index=rows.index, dtype=object)
