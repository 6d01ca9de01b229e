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
MOVES = ["day", "product", "site", "display_name", "email", "department", "target", "account_id", "run_id"]


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
    parts = []
    for table in (history.spans, history.people, history.prices):
        known = table[table["since"] <= day]
        parts.append(
            known.assign(until=known["until"].where(known["until"].map(lambda end: _past(end, day))))
        )
    first = history.identities[history.identities["first_day"] <= day]
    return History(days, *parts, first)


def _past(end: date | None, day: date) -> bool:
    return end is not None and end <= day


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
    days = (until.fillna(end).clip(upper=end) - since.clip(lower=begin)).dt.days.clip(lower=0)
    rows = held.assign(
        licence_months=days / begin.days_in_month,
        at_end=(since < end) & (until.isna() | (until >= end)),
        came=(since >= begin) & (since < end) & (since > pd.Timestamp(first)),
        went=(until >= begin) & (until < end),
    )
    rows = rows[(days > 0) | rows["came"] | rows["went"]]
    sums = rows.groupby(PLACE, as_index=False)[["licence_months", "at_end", "came", "went"]].sum()
    sums.insert(0, "month", begin.date())
    return sums.assign(licence_months=sums["licence_months"].round(2))


def join_spans(spans: pd.DataFrame) -> pd.DataFrame:
    """Seats from when until when they were held, whatever lane or contract they were in meanwhile.

    Returns:
        Columns account_key, those of the place, since, until, came_by and gone_by; one row a time it was held.
    """
    seat = ["account_key", *PLACE]
    ordered = spans.sort_values([*seat, "since"])
    before = ordered.groupby(seat)["until"].shift()
    begins = (before.isna() | (before != ordered["since"])).cumsum().rename("time")
    times = ordered.groupby(begins, sort=False)
    ends = {name: times[name].nth(-1).to_numpy() for name in ("until", "gone_by")}
    starts = times[[*seat, "since", "came_by"]].nth(0).reset_index(drop=True)
    return starts.assign(**ends)


def list_moves(history: History, after: date, until: date) -> pd.DataFrame:
    """Seats that came or went after one day, up to another.

    Returns:
        Columns moved (`came` or `went`), `MOVES`; the run that saw it first, which is also the one that did it
        where Seatwise did.
    """
    held = join_spans(history.spans)
    parts = []
    for word, on, by in (("went", "until", "gone_by"), ("came", "since", "came_by")):
        day = held[on]
        inside = day.map(lambda one: one is not None and after < one <= until).astype(bool)
        rows = held[inside].rename(columns={on: "day", by: "run_id"})
        parts.append(_named(rows, history.people).assign(moved=word)[["moved", *MOVES]])
    return pd.concat(parts, ignore_index=True)


def _named(rows: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The rows with who held the seat, as last known."""
    last = people.sort_values("seq").drop_duplicates("account_key", keep="last")
    who = ["account_key", "display_name", "email", "department", "target", "account_id"]
    return rows.merge(last[who], on="account_key", how="left", validate="many_to_one")


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
    since = pd.to_datetime(spans["since"]).to_numpy()
    until = pd.to_datetime(spans["until"]).fillna(pd.Timestamp.max).to_numpy()
    return [
        int(amounts[(since <= day) & (until > day)].sum())
        for day in pd.to_datetime(pd.Series(days)).to_numpy()
    ]


def find_onboarding(history: History) -> Onboarding:
    """How long it takes from the first read that states a person to the first that shows them with a seat.

    Who was stated by the first read of all was there before anybody looked, and is not counted.
    """
    if history.days.empty:
        return Onboarding(0, None, None, 0)
    key = ["source", "source_id"]
    new = history.identities[history.identities["first_day"] > history.days["day"].min()]
    holders = history.people.dropna(subset=key).drop_duplicates([*key, "account_key"])
    seats = holders[[*key, "account_key"]].merge(history.spans[["account_key", "since"]], on="account_key")
    first = seats.groupby(key, as_index=False)["since"].min()
    met = new.merge(first, on=key, how="left", validate="one_to_one")
    waited = pd.to_datetime(met["since"]) - pd.to_datetime(met["first_day"])
    days = waited.dropna().dt.days.clip(lower=0)
    if days.empty:
        return Onboarding(0, None, None, len(met))
    p50, p95 = (int(np.quantile(days, share, method="inverted_cdf")) for share in (0.5, 0.95))
    return Onboarding(len(days), p50, p95, len(met) - len(days))
