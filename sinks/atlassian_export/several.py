"""Cells that hold one value for each directory an account is in, as lists of Data Center accounts do.

The first directory is the one that decides there, so its value is taken. Other cells with several values
are left as they are if all are the same, and are unknown, and reported, if they are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from provisioning.model.text import fold

SINGLE = ("account_id", "user_name", "email", "display_name", "state", "directory", "claimed")
"""Columns in which one value is expected."""
NAMES = ("display_name", "directory")
"""Those of them whose value may hold a separator of its own."""
_APART = re.compile(r"\s*[;|\n]\s*")


def take_first(
    rows: pd.DataFrame, places: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[int, pd.Series[bool]]]:
    """Return the rows with one value a cell, and by position which cells hold several that contradict."""
    rows, odd = rows.copy(deep=False), {}
    counts = _counts(rows[places["directory"]]) if "directory" in places else None
    for name in SINGLE:
        place = places.get(name)
        if place is None or not rows[place].str.contains(_APART).any():
            continue
        cells = rows[place]
        parts = cells.str.split(_APART)
        by_directory = (counts == _lengths(parts)) if counts is not None else False
        same = parts.map(_all_same, na_action="ignore").eq(other=True)
        several = _lengths(parts).gt(1)
        taken = several & (same | by_directory)
        rows[place] = cells.mask(taken, parts.str[0]).astype("str")
        left = several & ~taken
        if name not in NAMES and left.any():
            odd[place] = left
    return rows, odd


def _counts(cells: pd.Series[str]) -> pd.Series:
    return _lengths(cells.str.split(_APART))


def _lengths(parts: pd.Series) -> pd.Series:
    return parts.map(len, na_action="ignore")


def _all_same(parts: list[str]) -> bool:
    return len({fold(part) for part in parts}) == 1
