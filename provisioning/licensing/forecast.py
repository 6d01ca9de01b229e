"""How many seats a contract will need at its renewal: what it held so far, carried on, and how good that is.

The method is the plainest that can be held to account: the last count and the average change a month. It is
tried on months that are known already, and the range is as wide as it was wrong there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import ceil, floor, sqrt
from typing import NamedTuple

import pandas as pd

LEAST = 6
"""Counts of months without which nothing is said."""
TRIALS = 3
"""Known months that must have been foreseen before an error is stated."""
LEARNT = 3
"""Counts the method must have seen before it is tried."""
RECENT = 12
"""Changes that the average is of, at most."""


class Forecast(NamedTuple):
    """Seats at a renewal.

    Attributes:
        months: months ahead.
        expected: seats to expect, and to buy: seats can be added within a year but not given back.
        low, high: the range in which they lie if the method is no further off than it ever was.
        error: how many seats it was off on average in the months that were held back.
        trials: how many these are.
    """

    months: int
    expected: int
    low: int
    high: int
    error: float
    trials: int


def foresee(counts: Sequence[int], months: int) -> Forecast | None:
    """Foresee a count.

    Args:
        counts: what was counted at the end of each month, oldest first, none left out.
        months: how many months ahead.

    Returns:
        The forecast; None where there is not enough history to say how good it is.
    """
    if len(counts) < LEAST:
        return None
    # Far renewals are tried as far ahead as the known months reach; the error grows with the root of time.
    tried = max(1, min(months, len(counts) - LEARNT - TRIALS + 1))
    origins = range(LEARNT, len(counts) - tried + 1)
    misses = [abs(carry_on(counts[:seen], tried) - counts[seen + tried - 1]) for seen in origins]
    growth = sqrt(max(months, 1) / tried)
    expected, most = carry_on(counts, months), max(misses) * growth
    return Forecast(
        months=months,
        expected=max(ceil(round(expected, 6)), 0),
        low=max(floor(expected - most), 0),
        high=max(ceil(round(expected + most, 6)), 0),
        error=round(sum(misses) / len(misses) * growth, 1),
        trials=len(misses),
    )


def carry_on(counts: Sequence[int], months: int) -> float:
    """The last count, carried on by the average change a month."""
    recent = counts[-RECENT - 1 :]
    return recent[-1] + months * (recent[-1] - recent[0]) / (len(recent) - 1)


def count_month_ends(prices: pd.DataFrame, until: date) -> dict[tuple[str, ...], list[int]]:
    """What contracts counted at the end of each month.

    Args:
        prices: the prices of a history.
        until: the last day that is known; its month counts as it is then.

    Returns:
        Contract, deployment, product and site to the counts, oldest first, from the first known month on.
    """
    found: dict[tuple[str, ...], list[int]] = {}
    for key, rows in prices.groupby(["contract", "deployment", "product", "site"]):
        since, end = pd.to_datetime(rows["since"]), pd.to_datetime(rows["until"])
        months = pd.period_range(since.min(), until, freq="M")
        last = [min(month.end_time.normalize(), pd.Timestamp(until)) for month in months]
        found[tuple(map(str, key))] = [
            int(rows.loc[(since <= day) & (end.isna() | (end > day)), "held"].sum()) for day in last
        ]
    return found


def months_between(day: date, later: date) -> int:
    """Months from one day to a later one, a begun one counted whole."""
    whole = (later.year - day.year) * 12 + later.month - day.month
    return max(whole + (later.day > day.day), 0)
