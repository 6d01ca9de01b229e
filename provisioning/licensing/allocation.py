"""What the seats of each product and site cost and save, shared among the rows that cause it.

An installation is a (target, product, site). The shares of one sum to its total to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from provisioning.licensing import prices as priced
from provisioning.licensing.prices import CENT, NOTHING, Saving
from provisioning.model.seat_table import INSTALLATION
from provisioning.model.terms import Billing

Installation = tuple[str, str, str]


def compute_savings(
    billed: pd.DataFrame, wasted: pd.DataFrame, prices: pd.DataFrame | None, on: date
) -> dict[Installation, Saving]:
    """What freeing all wasted seats saves, by installation; one without a price is missing."""
    if prices is None:
        return {}
    used, removed = _sizes(billed), _sizes(wasted)
    savings = {
        (target, product, site): priced.saving(prices, product, site, used[target, product, site], count, on)
        for (target, product, site), count in removed.items()
    }
    return {installation: saving for installation, saving in savings.items() if saving is not None}


def compute_costs(
    billed: pd.DataFrame, prices: pd.DataFrame | None, capacity: pd.DataFrame, on: date
) -> dict[Installation, Decimal]:
    """What each installation costs a month.

    A monthly plan bills the seats in use; a yearly one the tier that was bought, where the target tells it.
    One without a price is missing.
    """
    if prices is None:
        return {}
    bought = capacity.dropna(subset="seats").drop_duplicates(INSTALLATION).set_index(INSTALLATION)["seats"]
    costs = {}
    for installation, used in _sizes(billed).items():
        agreed = priced.tariff(prices, installation[1], installation[2], on)
        if agreed is not None:
            yearly = agreed.billing is not Billing.MONTHLY
            seats = max(used, int(bought.get(installation, 0))) if yearly else used
            costs[installation] = agreed.monthly(seats)
    return {installation: cost for installation, cost in costs.items() if cost is not None}


def charge_back(billed: pd.DataFrame, costs: Mapping[Installation, Decimal], by: str) -> pd.DataFrame:
    """Share the whole cost of each product and site among those who hold its seats.

    Args:
        billed: what `seats.list_billed` gives.
        costs: what `compute_costs` gives.
        by: attribute to share by, for example `department` or `cost_center`.

    Returns:
        Columns `by` (null for seats of nobody known), product, site, seats and monthly (Decimal, null
        where the product has no price). The rows of a product and site sum to its cost.
    """
    share = billed[[by, "product", "site"]].assign(monthly=share_out(billed, costs))
    groups = share.groupby([by, "product", "site"], dropna=False, as_index=False, sort=True)
    return groups.agg(seats=("product", "size"), monthly=("monthly", add_up))


def add_up(money: pd.Series) -> Decimal | None:
    """Sum of the amounts that are known; None when none is."""
    amounts = list(money.dropna())
    return sum(amounts, NOTHING) if amounts else None


def share_out(rows: pd.DataFrame, totals: Mapping[Installation, Decimal]) -> pd.Series:
    """Share each installation's total among its rows: equal parts, the cents left over to the first rows.

    Returns:
        Decimal or None a row; the rows of a installation sum to its total exactly.
    """
    cents = {installation: int(total / CENT) for installation, total in totals.items()}
    counts = _sizes(rows)
    part = {
        installation: Decimal(cents[installation] // counts[installation]) * CENT
        for installation in counts
        if installation in cents
    }
    extra = {installation: cents[installation] % counts[installation] for installation in part}
    low = look_up(rows, part)
    high = look_up(rows, {installation: money + CENT for installation, money in part.items()})
    first = rows.groupby(INSTALLATION, sort=False).cumcount() < look_up(rows, extra).fillna(0).astype("int64")
    shares = high.where(first, low)
    return shares.where(shares.notna(), None)


def _sizes(rows: pd.DataFrame) -> dict[Installation, int]:
    return {installation: int(count) for installation, count in rows.groupby(INSTALLATION).size().items()}  # type: ignore[misc]


def look_up(rows: pd.DataFrame, values: Mapping[Installation, object]) -> pd.Series:
    """The value of each row's installation, None where it has none."""
    groups = rows.groupby(INSTALLATION, sort=False).ngroup()
    firsts = rows[~groups.duplicated()]
    installations = zip(firsts["target"], firsts["product"], firsts["site"], strict=True)
    lookup = np.array([*(values.get(installation) for installation in installations), None], dtype=object)[
        :-1
    ]
    return pd.Series(lookup[groups.to_numpy()], index=rows.index, dtype=object)
