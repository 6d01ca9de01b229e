"""Joining by integers: text keys become row numbers once, everything after compares numbers.

A null key has no row, so nulls never join each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
"""Row numbers; -1 stands for no row."""
Mask = npt.NDArray[np.bool_]

_MOST = 2**62
"""Combinations that numbers can tell apart."""
_NUMBER = "\N{NUMERO SIGN}"
"""A column that no frame has."""


class Coded(NamedTuple):
    """A text column as numbers into its distinct values; -1 for null."""

    codes: Rows
    distinct: pd.Series


def positions(values: pd.Series, among: pd.Series) -> Rows:
    """The first row of `among` that equals each value; -1 where there is none and for null."""
    if len(among) == 0 or len(values) == 0:
        return np.full(len(values), -1, dtype=np.int64)
    found = pc.index_in(_arrow(values), value_set=_arrow(among), skip_nulls=True)
    return _numbers(found)


def coded(values: pd.Series) -> Coded:
    """Number the distinct values of a text column."""
    encoded = _arrow(values).dictionary_encode()
    return Coded(_numbers(encoded.indices), pd.Series(encoded.dictionary.to_pylist(), dtype="str"))


def translated(values: pd.Series, words: Mapping[str, Any] | Callable[[str], Any] | pd.Series) -> pd.Series:
    """What stands for each value of a text column of few distinct ones; null for null and for the unknown."""
    codes, distinct = coded(values)
    return take(distinct.map(words), codes).set_axis(values.index)


def numbered(tables: Sequence[pd.DataFrame], on: Sequence[str]) -> list[Rows]:
    """Number the distinct combinations of text columns, alike in all tables; -1 where a part is null."""
    lengths = [len(table) for table in tables]
    numbers = np.zeros(sum(lengths), dtype=np.int64)
    unknown = np.zeros(len(numbers), dtype=np.bool_)
    many = 1
    for name in on:
        encoded = _arrow(pd.concat([table[name] for table in tables], ignore_index=True)).dictionary_encode()
        codes, size = _numbers(encoded.indices), max(len(encoded.dictionary), 1)
        if many > _MOST // size:
            numbers, found = pd.factorize(numbers)
            many = len(found)
        numbers, many, unknown = numbers * size + codes, many * size, unknown | (codes < 0)
    numbers[unknown] = -1
    return np.split(numbers, np.cumsum(lengths)[:-1])


def attach(
    rows: pd.DataFrame,
    table: pd.DataFrame,
    on: Sequence[str],
    *,
    how: Literal["left", "inner"] = "left",
    once: bool = True,
    suffixes: tuple[str, str] = ("_x", "_y"),
) -> pd.DataFrame:
    """Merge by several text columns, which pandas would number once for the merge and again to validate it.

    Args:
        rows: the table on the left.
        table: what is added to it.
        on: the text columns that both have.
        how: whether rows without a partner stay.
        once: whether the combinations of `table` must be distinct.
        suffixes: for other columns that both have.
    """
    mine, theirs = numbered([rows[[*on]], table[[*on]]], on)
    added = table.drop(columns=[*on]).assign(**{_NUMBER: theirs})[theirs >= 0]
    both = rows.assign(**{_NUMBER: mine}).merge(
        added,
        on=_NUMBER,
        how=how,
        validate="many_to_one" if once else "many_to_many",
        suffixes=suffixes,
    )
    return both.drop(columns=_NUMBER)


def locate(values: Rows, among: Rows) -> Rows:
    """Where each row number first stands in a list of them; -1 where it does not, and for -1."""
    size = max(int(values.max(initial=-1)), int(among.max(initial=-1))) + 1
    table = np.full(size + 1, -1, dtype=np.int64)
    listed = np.flatnonzero(among >= 0)[::-1]
    table[among[listed]] = listed
    return table[values]


def take(column: pd.Series, rows: Rows) -> pd.Series:
    """Values of a column at row numbers; null at -1. The index is fresh."""
    if len(column) == 0:
        return pd.Series(pd.NA, index=range(len(rows)), dtype=column.dtype)
    found = column.array.take(rows, allow_fill=True)
    return pd.Series(found)


def pick(mask: Mask, rows: Rows) -> Mask:
    """Values of a mask at row numbers; no at -1."""
    values: Mask = np.append(mask, [False])[rows]
    return values


def follow(rows: Rows, at: Rows) -> Rows:
    """Row numbers at row numbers; -1 at -1."""
    values: Rows = np.append(rows, -1)[at]
    return values


def first_of_each(values: Rows) -> Mask:
    """Whether each number stands here for the first time."""
    return ~pd.Series(values).duplicated().to_numpy()


def within(values: Rows, among: Rows) -> Mask:
    """Whether each number stands in another list."""
    return pd.Series(values).isin(among).to_numpy()


def _arrow(values: pd.Series) -> Any:
    found = pa.array(values, type=None if len(values) and values.notna().any() else pa.large_string())
    whole = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return whole.cast(pa.large_string())


def _numbers(found: Any) -> Rows:
    rows: Rows = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows
