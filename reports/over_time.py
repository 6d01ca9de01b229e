"""What the licence report says over time: months, trend, what renewals will need, who waits, who left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from provisioning.licensing.assess import Assessment
from provisioning.licensing.charges import Charge
from provisioning.licensing.contract import CENT
from provisioning.licensing.departed import PRIVILEGES, count_departed
from provisioning.licensing.forecast import LEAST, Forecast, count_month_ends, foresee, months_between
from provisioning.licensing.over_time import Onboarding, as_of, count_months, find_onboarding, find_trend
from provisioning.licensing.price_book import PriceBook
from provisioning.model.facts import History
from reports.words import Definition

FORECAST = [
    "effective", "contract", "product", "site", "held", "months", "expected", "low", "high", "error",
    "trials", "bill", "word",
]  # fmt: skip
MEANINGS = [
    Definition(
        "Licence-months",
        "Seats times the share of the month in which they were held: a seat held for half a month is 0.50. "
        "Days between two reads count as the earlier one found them.",
    ),
    Definition(
        "Came, went",
        "Seats that a read showed for the first time, or no more. Those of the very first read came before.",
    ),
    Definition(
        "Seats to expect",
        "What the contract counts now, carried on to its renewal by the average change a month of the last "
        "year. Buy so many: seats can be added within a year but not given back.",
    ),
    Definition(
        "Range, error",
        "The same was done for months that are known by now. The error is how many seats it was off there on "
        "average, the range is as wide as it was at worst; both grow with the root of the time ahead.",
    ),
    Definition(
        "Days to the first seat",
        "From the first read in which a source states a person to the first that shows them with a paid "
        "seat; whoever was there in the first read of all is not counted.",
    ),
    Definition(
        "Left and still in",
        "Accounts that work although the person departed, by the last working day or else the day they were "
        "first known as gone.",
    ),
]


@dataclass(frozen=True)
class OverTime:
    """What is known over time.

    Attributes:
        since: first day of the history; None while there is none.
        months: what `over_time.count_months` gives.
        trend: day, seats, ready, cost (a month, null without prices).
        forecasts: the columns `FORECAST`, one row a yearly contract and place; word says what is missing.
        onboarding: how long people wait for their first seat.
        departed: what `departed.find_departed` gives.
        ages: what `departed.count_departed` gives.
    """

    since: date | None
    months: pd.DataFrame
    trend: pd.DataFrame
    forecasts: pd.DataFrame
    onboarding: Onboarding
    departed: pd.DataFrame
    ages: pd.DataFrame


def look_back(
    history: History, departed: pd.DataFrame, found: Assessment, book: PriceBook | None, day: date
) -> OverTime:
    """Put together what is known over time.

    Args:
        history: what the ledger keeps.
        departed: people who left and still have access.
        found: the assessment of the report.
        book: its price book.
        day: the day of the report; nothing later is looked at.
    """
    known = as_of(history, day)
    trend = find_trend(known)
    cost = trend["cents"].map(lambda cents: None if pd.isna(cents) else int(cents) * CENT)
    return OverTime(
        since=known.days["day"].min() if len(known.days) else None,
        months=count_months(known, day),
        trend=trend.drop(columns="cents").assign(cost=cost.astype(object)),
        forecasts=_forecasts(known, found, book, day),
        onboarding=find_onboarding(known),
        departed=departed,
        ages=count_departed(departed),
    )


def summary(told: OverTime) -> dict[str, Any]:
    """The part of a run's summary that is about time, as JSON values."""
    waited = told.onboarding
    over = {privilege.replace(" ", "_"): int(told.ages[privilege].sum()) for privilege in PRIVILEGES}
    return {
        "history_since": None if told.since is None else told.since.isoformat(),
        "onboarding": {**waited._asdict()},
        "departed_with_access": {"accounts": len(told.departed), **over},
    }


def _forecasts(known: History, found: Assessment, book: PriceBook | None, day: date) -> pd.DataFrame:
    counts = count_month_ends(known.prices, day)
    rows = [] if book is None else list(_foreseen(counts, found, book, day))
    table = pd.DataFrame(rows, columns=FORECAST, dtype=object)
    return table.sort_values(["effective", "contract", "site"], ignore_index=True)


def _foreseen(
    counts: dict[tuple[str, ...], list[int]], found: Assessment, book: PriceBook, day: date
) -> Iterator[dict[str, Any]]:
    for charge in found.charges:
        if not charge.contract.yearly or charge.effective is None:
            continue
        ends = counts.get((charge.contract.name, *charge.place), [])
        months = months_between(day, charge.effective)
        told = foresee(ends, months)
        yield {
            "effective": charge.effective,
            "contract": charge.contract.name,
            "product": charge.product,
            "site": charge.site,
            "held": charge.held,
            "months": months,
            **({} if told is None else told._asdict()),
            "bill": None if told is None else _bill(charge, told, book),
            "word": None if told else f"not enough history: {len(ends)} of at least {LEAST} months",
        }


def _bill(charge: Charge, told: Forecast, book: PriceBook) -> Decimal:
    """What the next year costs for what is to be expected, by the prices of its day."""
    return book.convert(charge.later.bill_at_least(told.expected), charge.contract.currency)
