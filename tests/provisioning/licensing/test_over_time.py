"""Figures over time: the hand computation stands beside each, and days are counted one by one."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from provisioning.licensing.forecast import count_month_ends, foresee, months_between
from provisioning.licensing.over_time import as_of, count_months, find_onboarding, find_trend
from provisioning.model.facts import History

FIRST = date(2026, 1, 1)


def history(spans, *, days=None, prices=(), people=(), identities=()) -> History:
    """From rows: seats (account, since, until, lane), prices (since, until, held), people, first days."""
    columns = ["account_key", "since", "until", "lane"]
    seats = pd.DataFrame(spans, columns=columns).assign(deployment="cloud", product="jira", site="acme")
    charged = pd.DataFrame(prices, columns=["since", "until", "held"], dtype=object)
    return History(
        pd.DataFrame({"day": pd.Series(days or [FIRST], dtype=object)}),
        seats,
        pd.DataFrame(people, columns=["account_key", "source", "source_id", "since", "until"]),
        charged.assign(
            contract="Jira", deployment="cloud", product="jira", site="acme", cents=charged["held"] * 800
        ),
        pd.DataFrame(identities, columns=["source", "source_id", "first_day"]),
    )


def test_a_month_counts_each_seat_for_the_days_it_was_held():
    """January has 31 days: one all month 1.00, one until the 11th 10/31, one from the 22nd on 10/31."""
    held = [(1, FIRST, None, None), (2, FIRST, date(2026, 1, 11), None), (3, date(2026, 1, 22), None, None)]
    found = count_months(history(held), date(2026, 2, 14)).set_index("month")

    january, february = found.loc[date(2026, 1, 1)], found.loc[date(2026, 2, 1)]
    assert january["licence_months"] == pytest.approx(1.65, abs=0.005)  # 1 + 20/31 = 1.645
    assert list(january[["at_end", "came", "went"]]) == [2, 1, 1]
    # 14 of 28 days so far: 2 x 0.5.
    assert list(february[["licence_months", "at_end", "came", "went"]]) == [1.0, 2, 0, 0]


def test_another_lane_is_no_other_seat():
    """A seat that became idle neither went nor came."""
    idle = date(2026, 1, 20)
    found = count_months(history([(1, FIRST, idle, None), (1, idle, None, "ready")]), date(2026, 1, 31))

    assert list(found.iloc[0][["licence_months", "at_end", "came", "went"]]) == [1.0, 1, 0, 0]


def test_the_months_are_those_counted_day_by_day():
    """By brute force: every seat on every day of half a year."""
    chance, spans = random.Random(4), []
    for account in range(40):
        start = FIRST + timedelta(days=chance.randrange(150))
        end = start + timedelta(days=chance.randrange(1, 90))
        spans.append((account, start, end if end < date(2026, 6, 30) else None, None))
    found = count_months(history(spans), date(2026, 6, 30)).set_index("month")
    for month in range(1, 7):
        begin = date(2026, month, 1)
        days = [begin + timedelta(days=n) for n in range(31) if (begin + timedelta(days=n)).month == month]
        held = sum(start <= day and (end is None or day < end) for day in days for _, start, end, _ in spans)

        assert found.loc[begin, "licence_months"] == round(held / len(days), 2)


def test_the_trend_is_what_was_so_on_each_day():
    days = [FIRST, date(2026, 1, 5), date(2026, 1, 9)]
    known = history(
        [(1, FIRST, None, None), (2, FIRST, days[1], None), (2, days[1], days[2], "ready")],
        days=days,
        prices=[(FIRST, days[2], 2), (days[2], None, 1)],
    )

    assert find_trend(known).to_dict("list") == {
        "day": days,
        "seats": [2, 2, 1],
        "ready": [0, 1, 0],
        "cents": [1600, 1600, 800],
    }
    then = as_of(known, days[1])
    assert find_trend(then)["seats"].tolist() == [2, 2]
    assert then.spans["until"].tolist() == [None, days[1], None]


def test_the_wait_for_a_first_seat_is_of_those_who_came_since():
    """Waits of 0, 2, 2, 30 days: half within 2, 95 % within 30; p0 was there before, p5 still waits."""
    seen = FIRST + timedelta(days=10)
    waits = {"p1": 0, "p2": 2, "p3": 2, "p4": 30}
    spans = [(0, FIRST, None, None)]
    spans += [(n, seen + timedelta(days=wait), None, None) for n, wait in enumerate(waits.values(), start=1)]
    people = [(n, "hr", f"p{n}", FIRST, None) for n in range(5)]
    identities = [("hr", "p0", FIRST), *(("hr", f"p{n}", seen) for n in range(1, 6))]

    assert find_onboarding(history(spans, people=people, identities=identities)) == (4, 2, 30, 1)
    assert find_onboarding(history([], days=[], people=[], identities=[])) == (0, None, None, 0)


@pytest.mark.parametrize(
    ("counts", "months", "expected"),
    [
        # Two more each month, always: exactly right, no error.
        ([10, 12, 14, 16, 18, 20, 22], 3, (28, 28, 28, 0.0)),
        # Never another number.
        ([50] * 8, 6, (50, 50, 50, 0.0)),
        # Falls by one a month and never below nothing.
        ([6, 5, 4, 3, 2, 1], 9, (0, 0, 0, 0.0)),
        # Carried on by (13 - 10) / 6 = 0.5 a month: 14. Tried two months ahead from the counts 3, 4, 5:
        # 10 + 2 x 0 = 10 for 12, 12 + 2 x 2/3 = 13.33 for 12, 12 + 2 x 0.5 = 13 for 13.
        ([10, 10, 10, 12, 12, 12, 13], 2, (14, 12, 16, 1.1)),
    ],
)
def test_a_forecast_carries_on_and_says_how_wrong_it_was(counts, months, expected):
    found = foresee(counts, months)

    assert expected == (found.expected, found.low, found.high, found.error)
    assert found.trials >= 3


def test_too_short_a_history_foresees_nothing():
    assert foresee([10, 11, 12, 13, 14], 1) is None


def test_counts_of_months_are_those_of_their_last_day():
    """Held 5 until 10 February, then 7; the running month counts as it is."""
    known = history([], prices=[(FIRST, date(2026, 2, 10), 5), (date(2026, 2, 10), None, 7)])

    assert count_month_ends(known.prices, date(2026, 3, 3)) == {("Jira", "cloud", "jira", "acme"): [5, 7, 7]}
    assert (months_between(date(2026, 11, 29), date(2027, 1, 5)), Decimal(1)) == (2, Decimal(1))
