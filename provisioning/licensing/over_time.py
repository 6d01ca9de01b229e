"""Figures over time from the history of seats: months, who came and went, the trend, how long people wait."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.licensing.counting import PLACE
from provisioning.model.facts import History
from provisioning.model.terms import Lane

MONTHS = 24
"""Months that are shown at most, the running one included."""
POINTS = 120
"""Days of the trend that are shown at most."""


class Onboarding(NamedTuple):
    """How long people wait for their first seat.

    Attributes:
        people: who were first stated by a source since the history began, and have had a seat.
        p50, p95: days half of them, and 95 % of them, waited at most; None of nobody.
        waiting: who were first stated since then and have had none.
    """

    people: int
    p50: int | None
    p95: int | None
    waiting: int


def as_of(history: History, day: date) -> History:
    """The history as it was known on a day: what came later is not in it, what ended later still holds."""
    days = history.days[history.days["day"] <= day]
    first = history.identities[history.identities["first_day"] <= day]
    spans, people, prices = (_known(part, day) for part in (history.spans, history.people, history.prices))
    return History(days, spans, people, prices, first)


def _known(table: pd.DataFrame, day: date) -> pd.DataFrame:
    known = table[table["since"] <= day]
    later = known["until"].map(lambda end: end is not None and end > day).astype(bool)
    return known.assign(until=known["until"].mask(later, None))


def count_months(history: History, until: date) -> pd.DataFrame:
    """Licence-months, and seats that came and went, by month and place.

    Args:
        history: what is kept.
        until: the last day that counts.

    Returns:
        Columns month (its first day), deployment, product, site, licence_months (seats times the share of the
        month they were held), at_end (seats on its last day, or on `until`), came and went (seats; those of
        the first day of all came before); the newest month first.
    """
    held = join_spans(history.spans)
    if held.empty or history.days.empty:
        return pd.DataFrame(columns=["month", *PLACE, "licence_months", "at_end", "came", "went"])
    first = history.days["day"].min()
    end = pd.Timestamp(until) + pd.Timedelta(days=1)
    starts = pd.period_range(max(pd.Period(first, "M"), pd.Period(until, "M") - MONTHS + 1), until, freq="M")
    parts = [
        _month(held, month.start_time, min((month + 1).start_time, end), first) for month in starts[::-1]
    ]
    return pd.concat(parts, ignore_index=True)


def _month(held: pd.DataFrame, begin: pd.Timestamp, end: pd.Timestamp, first: date) -> pd.DataFrame:
    since, until = pd.to_datetime(held["since"]), pd.to_datetime(held["until"])
    ends = until.where(until < end, end)
    days = (ends - since.where(since > begin, begin)).dt.days.clip(lower=0)
    rows = held.assign(
        licence_months=days / begin.days_in_month,
        at_end=(since < end) & (until.isna() | (until >= end)),
        came=(since >= begin) & (since < end) & (since > pd.Timestamp(first)),
        went=(until >= begin) & (until < end),
    )
    rows = rows[(days > 0) | rows["came"] | rows["went"]]
    counted = ["licence_months", "at_end", "came", "went"]
    sums: pd.DataFrame = rows.groupby(PLACE, as_index=False)[counted].sum()
    sums.insert(0, "month", begin.date())
    return sums.assign(licence_months=sums["licence_months"].round(2))


def join_spans(spans: pd.DataFrame) -> pd.DataFrame:
    """Seats from when until when they were held, whatever lane or contract they were in meanwhile.

    Returns:
        Columns account_key, those of the place, since and until; one row a time it was held.
    """
    seat = ["account_key", *PLACE]
    ordered = spans.sort_values([*seat, "since"])
    before = ordered.groupby(seat)["until"].shift()
    begins = (before.isna() | (before != ordered["since"])).cumsum().rename("time")
    times = ordered.groupby(begins, sort=False)
    starts, ends = times.head(1), times.tail(1)
    return starts[[*seat, "since"]].reset_index(drop=True).assign(until=ends["until"].to_numpy())


def find_trend(history: History) -> pd.DataFrame:
    """Seats, those that are ready to be freed, and what a month costs, by day that was read.

    Returns:
        Columns day, seats, ready and cents (null without prices); the oldest first, at most `POINTS` of them.
    """
    days = history.days["day"].sort_values().to_list()
    picked = [
        days[int(at)] for at in np.unique(np.linspace(0, len(days) - 1, min(len(days), POINTS)).round())
    ]
    ready = history.spans[history.spans["lane"] == Lane.READY.value]
    rows = {
        "day": picked,
        "seats": _holding(history.spans, picked, None),
        "ready": _holding(ready, picked, None),
        "cents": _holding(history.prices, picked, "cents") if len(history.prices) else None,
    }
    return pd.DataFrame(rows, columns=list(rows))


def _holding(spans: pd.DataFrame, days: list[date], name: str | None) -> list[int]:
    """How many rows hold on each day, or the sum of one of their columns."""
    amounts = np.ones(len(spans), dtype=np.int64) if name is None else spans[name].to_numpy(dtype=np.int64)
    since, until = (pd.to_datetime(spans[one]).to_numpy() for one in ("since", "until"))
    still = np.isnat(until)
    asked = pd.to_datetime(pd.Series(days, dtype=object)).to_numpy()
    return [int(amounts[(since <= day) & (still | (until > day))].sum()) for day in asked]


def find_onboarding(history: History) -> Onboarding:
    """How long it takes from the first read that states a person to the first that shows them with a seat.

    Who was stated by the first read of all was there before anybody looked, and is not counted.
    """
    if history.days.empty:
        return Onboarding(0, None, None, 0)
    key = ["source", "source_id"]
    new = history.identities[history.identities["first_day"] > history.days["day"].min()]
    if new.empty:
        return Onboarding(0, None, None, 0)
    theirs = history.people["source_id"].isin(new["source_id"])
    holders = history.people[theirs].drop_duplicates([*key, "account_key"])
    seats = holders[[*key, "account_key"]].merge(history.spans[["account_key", "since"]], on="account_key")
    first = seats.groupby(key, as_index=False)["since"].min()
    met = new.merge(first, on=key, how="left", validate="one_to_one")
    waited = pd.to_datetime(met["since"]) - pd.to_datetime(met["first_day"])
    days = waited.dropna().dt.days.clip(lower=0)
    if days.empty:
        return Onboarding(0, None, None, len(met))
    p50, p95 = (int(np.quantile(days, share, method="inverted_cdf")) for share in (0.5, 0.95))
    return Onboarding(len(days), p50, p95, len(met) - len(days))
