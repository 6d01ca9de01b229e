"""Columns of dates as people, spreadsheets and services write them.

`03/04/2026` is two days, and `03/04/26` is three. Which one it is, no cell tells by itself, so one order is
taken for the whole column: the one a connection states, or the only one under which every cell is a date.
Where several would do, or a cell is a date in another order than the stated one alone, the column is refused,
for a guess would move somebody's last working day by months.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
_ORDERS = {
    "day first": ("%d{0}%m{0}%Y", "%d{0}%m{0}%y"),
    "month first": ("%m{0}%d{0}%Y", "%m{0}%d{0}%y"),
    "year first": ("%y{0}%m{0}%d",),
}
_IN_FIGURES = re.compile(r"%([dmy])([./-])%([dm])\2%([dyY]).*", re.DOTALL)
_BY_LETTERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}


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
        Unreadable: its dates can be read in several orders, or some in one and some in another, or not all in
            the order that is stated.
    """
    distinct = texts.dropna().drop_duplicates()
    # What pandas takes for this very moment, `today` and `now`, is no date of a file.
    distinct = distinct[distinct.astype("str").str.contains(r"\d").astype(bool)]
    orders = [_order_of(pattern) for pattern in formats]
    plain = [pattern for pattern, order in zip(formats, orders, strict=True) if order is None]
    times = _stated(distinct, plain)
    times = times.fillna(iso_times(distinct[times.isna()])) if times.isna().any() else times
    times = times.fillna(_stated(distinct[times.isna()], _NAMED))
    left = distinct[times.isna()]
    figures = left[left.map(lambda text: _FIGURES.fullmatch(text.strip()) is not None).astype(bool)]
    if len(figures):
        stated = {
            order: [pattern for pattern, own in zip(formats, orders, strict=True) if own == order]
            for order in orders
            if order is not None
        }
        times = times.fillna(_in_one_order(figures, stated, column=column, connection=connection))
    whole = take(times.reset_index(drop=True), positions(texts, distinct)).set_axis(texts.index)
    return Dates(whole, texts.notna() & whole.isna())


def _order_of(pattern: str) -> str | None:
    """The order of a format in figures that could be meant in another; None for any other format."""
    found = _IN_FIGURES.fullmatch(pattern)
    return _BY_LETTERS.get("".join(found.group(1, 3, 4)).lower()) if found else None


def _in_one_order(
    texts: pd.Series, stated: Mapping[str, Sequence[str]], *, column: str, connection: str
) -> pd.Series:
    """Read dates in figures by the only order that fits them all; a cell that fits none stays unread.

    Args:
        texts: cells.
        stated: formats that the connection states by their order; without one every order may be meant.
        column: its header.
        connection: name of the connection.
    """
    # With dots nobody writes the month or a year of two figures first.
    dotted = texts.str.contains(".", regex=False)
    read = {order: _by_order(texts, order, stated.get(order, ())) for order in _ORDERS}
    for order in read.keys() - {"day first", *stated}:
        read[order] = read[order].mask(dotted)
    dated = _is_dated(read)
    fitting = [order for order in stated or read if read[order].notna().equals(dated)]
    if fitting and all(read[order].equals(read[fitting[0]]) for order in fitting):
        return read[fitting[0]]
    raise _refuse_order(texts, read, fitting, stated, column=column, connection=connection)


def _refuse_order(
    texts: pd.Series,
    read: Mapping[str, pd.Series],
    fitting: Sequence[str],
    stated: Mapping[str, Sequence[str]],
    *,
    column: str,
    connection: str,
) -> Unreadable:
    """The error of a column whose cells several orders fit, or none, or not the one that is stated."""
    possible = [order for order, times in read.items() if times.notna().any()]
    forms = " or ".join(f"dates: ['{_ORDERS[order][0].format('/')}']" for order in possible)
    orders = " or with the ".join(fitting or stated)
    if fitting:
        told = f"can be read with the {orders}"
        meant = pd.concat([read[order] for order in fitting], axis="columns").nunique(axis="columns")
        cells = texts[meant > 1]
    else:
        told = f"are not all with the {orders}, as `dates` states" if stated else "are in several orders"
        unfit = [texts[_is_dated(read) & read[order].isna()].head(2) for order in stated or possible]
        cells = pd.concat(unfit).drop_duplicates()
    return Unreadable(
        f"the dates of column '{column}' {told}: {', '.join(cells.head(3))}",
        remedy=f"State their order in connection {connection}: {forms}.",
    )


def _is_dated(read: Mapping[str, pd.Series]) -> pd.Series:
    """Which cells are a date in some order."""
    return pd.concat(read, axis="columns").notna().any(axis="columns")


def _by_order(texts: pd.Series, order: str, stated: Sequence[str]) -> pd.Series:
    days = [pattern.format(sign) for sign in "./-" for pattern in _ORDERS[order]]
    return _stated(texts, [*stated, *(day + time for day in days for time in _TIMES)])


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
