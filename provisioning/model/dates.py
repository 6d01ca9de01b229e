"""Columns of dates as people, spreadsheets and services write them.

`03/04/2026` is two days. Which one it is, no cell tells by itself, so one order is taken for the whole
column: the one a connection states, or the only one under which every cell is a date. Where both would do
the column is refused, for a guess would move somebody's last working day by months.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from provisioning.model.findings import Unreadable
from provisioning.model.intake import iso_times
from provisioning.model.keys import positions, take

_FIGURES = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(\D.*)?")
_NAMED = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %y",
    "%d %B %Y",
    "%d. %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y/%m/%d",
)
"""Formats that can be read in one way only."""
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S")
_ORDERS = {"day first": "%d{0}%m{0}{1}", "month first": "%m{0}%d{0}{1}"}


class Dates(NamedTuple):
    """Instants, and which texts are no date."""

    times: pd.Series
    unread: pd.Series


def read_dates(texts: pd.Series, formats: Sequence[str], *, column: str, connection: str) -> Dates:
    """Read a column of dates.

    Args:
        texts: as they stand; null where there is none.
        formats: what the connection states of this table's dates; they come before anything else.
        column: its header, for the message.
        connection: which connection's `dates` would settle the order.

    Raises:
        Unreadable: its dates can be read in two orders, or some in one and some in the other.
    """
    distinct = texts.dropna().drop_duplicates()
    times = _stated(distinct, formats)
    times = times.fillna(iso_times(distinct[times.isna()])) if times.isna().any() else times
    times = times.fillna(_stated(distinct[times.isna()], _NAMED))
    left = distinct[times.isna()]
    figures = left[left.map(lambda text: _FIGURES.fullmatch(text.strip()) is not None).astype(bool)]
    if len(figures):
        times = times.fillna(_in_one_order(figures, column=column, connection=connection))
    whole = take(times.reset_index(drop=True), positions(texts, distinct)).set_axis(texts.index)
    return Dates(whole, texts.notna() & whole.isna())


def _in_one_order(texts: pd.Series, *, column: str, connection: str) -> pd.Series:
    """Read dates in figures by the only order that fits them all; a cell that fits none stays unread."""
    # With dots nobody writes the month first.
    dotted = texts.str.contains(".", regex=False)
    read = {order: _by_order(texts, order) for order in _ORDERS}
    day, month = read.values()
    proves_day, proves_month = day.notna() & month.isna(), month.notna() & day.isna()
    open_ = day.notna() & month.notna() & (day != month)
    day_first = bool((proves_day | dotted).any())
    if day_first and not (proves_month & ~dotted).any():
        return day
    if proves_month.any() and not day_first:
        return month
    if not open_.any() and not day_first:
        return day
    cells = ", ".join(texts[proves_day | proves_month | open_].head(3))
    why = "in both orders" if proves_month.any() else "with the day first or with the month first"
    raise Unreadable(
        f"the dates of column '{column}' can be read {why}: {cells}",
        remedy=f"State their order in connection {connection}: dates: ['%d/%m/%Y'] or dates: ['%m/%d/%Y'].",
    )


def _by_order(texts: pd.Series, order: str) -> pd.Series:
    patterns = [
        _ORDERS[order].format(sign, year) + time for sign in "./-" for year in ("%Y", "%y") for time in _TIMES
    ]
    return _stated(texts, patterns)


def _stated(texts: pd.Series, formats: Sequence[str]) -> pd.Series:
    """Read texts by the first format that fits each."""
    times = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us, UTC]")
    for pattern in formats:
        left = texts[times.isna()]
        if left.empty:
            break
        read = pd.to_datetime(left.str.strip(), utc=True, format=pattern, errors="coerce")
        times = times.fillna(read.astype(times.dtype))
    return times
