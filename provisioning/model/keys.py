"""Joining by integers: text keys become row numbers once, everything after compares numbers.

A null key has no row, so nulls never join each other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
"""Row numbers; -1 stands for no row."""
Mask = npt.NDArray[np.bool_]


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
