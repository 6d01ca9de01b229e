"""Several rows of one account become one: what one leaves out another may say.

Of its last use the latest counts. What the rows state differently otherwise is unknown, and told: a plain
column is empty then, and of roles and products everything is kept that some row gives, as what is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.model.dates import Dates
from provisioning.model.keys import Mask, Rows, coded, pick, take
from provisioning.model.text import fold, folded
from provisioning.model.words import booleans_among
from sinks.atlassian_export.access import Meaning, meanings_among, read_access, stated
from sinks.atlassian_export.layout import Layout
from sinks.atlassian_export.states import compared

SHOWN = 5
"""How many lines a report names."""


class Spread(NamedTuple):
    """How the rows of a file spread over its accounts.

    Attributes:
        number: account of each row; -1 where it names none.
        keys: key of each account, in the order of their first rows.
        lines: line of each row.
    """

    number: Rows
    keys: pd.Series[str]
    lines: pd.Series[int]

    @classmethod
    def of(cls, keys: pd.Series[str], lines: pd.Series[int]) -> Spread:
        """Number the accounts of some rows by their keys."""
        found = coded(keys)
        return cls(found.codes, found.distinct, lines)

    @property
    def is_plain(self) -> bool:
        """Whether each row is an account of its own."""
        return len(self.keys) == len(self.number)

    def first(self, which: Mask) -> Rows:
        """The first of these rows of each account; -1 where there is none."""
        return self._last(np.flatnonzero(which & (self.number >= 0))[::-1])

    def latest(self, dates: Dates, cells: pd.Series[str]) -> Rows:
        """The row of each account that decides its last use; -1 where none says anything.

        What cannot be read may be the latest, so it comes before any date; and any date before `never`.
        """
        rank = np.where(dates.unread, np.iinfo(np.int64).max, dates.times.to_numpy("int64"))
        order = np.argsort(rank, kind="stable")
        return self._last(order[(cells.notna().to_numpy() & (self.number >= 0))[order]])

    def tell_lines(self, which: Mask) -> pd.Series[str]:
        """On which lines the rows of some accounts stand, one text an account."""
        rows = np.flatnonzero(pick(which, self.number))
        listed = self.lines.iloc[rows].astype("str").groupby(self.number[rows]).agg(list)
        return listed.map(_say_lines).astype("str")

    def _last(self, rows: Rows) -> Rows:
        """The last of some rows of each account."""
        found: Rows = np.full(len(self.keys), -1, dtype=np.int64)
        found[self.number[rows]] = rows
        return found


class Merged(NamedTuple):
    """One row for each account.

    Attributes:
        rows: cells, one column a position.
        dates: what the columns of dates hold, by position.
        doubted: of which accounts the rows differ, by position of the column.
        differing: rows that state something else than the first that states anything, by position; of what
            names an account the first as well, for nobody knows which of them is right.
    """

    rows: pd.DataFrame
    dates: dict[int, Dates]
    doubted: dict[int, pd.Series[bool]]
    differing: dict[int, pd.Series[bool]]


def merge_rows(
    rows: pd.DataFrame,
    spread: Spread,
    dates: Mapping[int, Dates],
    layout: Layout,
    roles: Mapping[str, Meaning],
) -> Merged:
    """Merge the rows of each account.

    Args:
        rows: cells as they stand.
        spread: which rows are of which account.
        dates: what the columns of dates hold, row by row.
        layout: what stands where.
        roles: what words of access cells mean besides those that are known.
    """
    if spread.is_plain:
        return Merged(rows, dict(dates), {}, {})
    chosen = {place: spread.first(rows[place].notna().to_numpy()) for place in rows}
    chosen |= {place: spread.latest(dates[place], rows[place]) for place in layout.uses}
    merged = {place: take(rows[place], at) for place, at in chosen.items()}
    read = {place: _take_dates(dates[place], chosen[place]) for place in dates}
    doubted, differing = {}, {}
    names = [layout.header.places.get(name) for name in ("email", "user_name")]
    for place, words in _compared(rows, dates, layout, roles):
        differs = _differing(words, spread)
        if differs.any():
            which = np.zeros(len(spread.keys), dtype=np.bool_)
            which[spread.number[differs]] = True
            if place in names:
                differs[spread.first(words.notna().to_numpy())[which]] = True
            doubted[place], differing[place] = pd.Series(which), pd.Series(differs, index=rows.index)
            kept = _joined(rows[place], spread, which) if place in layout.several else None
            merged[place] = merged[place].mask(doubted[place], kept)
            if place in read:
                read[place] = Dates(read[place].times.mask(doubted[place]), read[place].unread)
    return Merged(pd.DataFrame(merged), read, doubted, differing)


def _take_dates(dates: Dates, rows: Rows) -> Dates:
    return Dates(take(dates.times, rows), pd.Series(pick(dates.unread.to_numpy(np.bool_), rows)))


def _compared(
    rows: pd.DataFrame, dates: Mapping[int, Dates], layout: Layout, roles: Mapping[str, Meaning]
) -> Iterator[tuple[int, pd.Series]]:
    """Yield each column that must agree, in the form in which its cells are compared."""
    for name, place in layout.header.places.items():
        words = folded(rows[place])
        if name == "state":
            words = compared(rows[place])
        elif name == "claimed":
            words = words.map(booleans_among(rows[place].dropna().unique())).astype("str").fillna(words)
        elif place in dates:
            # What cannot be read is the least of all numbers, and so is none of the dates.
            moments = pd.Series(dates[place].times.to_numpy("int64"), dtype="Int64")
            words = moments.mask(rows[place].isna().to_numpy())
        if name != "account_id":
            yield place, words
    own = stated(roles)
    for column in layout.products:
        if column.sort == "access":
            cells = rows[column.place]
            distinct = cells.dropna().unique()
            known = meanings_among(distinct, own)
            meant = {cell: _meaning(cell, known) for cell in distinct}
            yield column.place, cells.map(meant).astype("str")
        elif column.sort == "sites":
            yield column.place, folded(rows[column.place])


def _meaning(cell: str, roles: Mapping[str, Meaning]) -> str:
    access = read_access(cell, roles)
    known = "billed" if access.billed else "free" if access.held else "none"
    return fold(cell) if access.unknown else known


def _differing(words: pd.Series, spread: Spread) -> Mask:
    """Rows that state something else than the first of their account, each statement once."""
    codes = pd.factorize(words)[0]
    first = spread.first(codes >= 0)
    compared_to = np.append(codes, -1)[np.append(first, -1)[spread.number]]
    differs: Mask = (spread.number >= 0) & (codes >= 0) & (codes != compared_to)
    if differs.any():
        again = pd.DataFrame({"account": spread.number, "code": codes})[differs].duplicated()
        differs[np.flatnonzero(differs)[again.to_numpy()]] = False
    return differs


def _joined(cells: pd.Series[str], spread: Spread, which: Mask) -> pd.Series[str]:
    """Everything that the rows of some accounts state; null for the others."""
    rows = np.flatnonzero(pick(which, spread.number) & cells.notna().to_numpy())
    listed = cells.iloc[rows].groupby(spread.number[rows]).agg(list)
    joined = listed.map(lambda told: ", ".join(dict.fromkeys(told)))
    return joined.reindex(range(len(spread.keys))).astype("str")


def _say_lines(lines: list[str]) -> str:
    told = ", ".join(lines[:SHOWN]) + (", …" if len(lines) > SHOWN else "")
    return f"line {told}" if len(lines) == 1 else f"lines {told}"
