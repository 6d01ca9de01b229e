"""Headers beside the one that fills a column which may be meant as well, and what becomes of them.

Where another one says something else of what decides, nobody knows which is meant, and the table is refused.
Of anything else the usual first one counts. What holds no word of a state, such as a province, is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import pandas as pd

from provisioning.model.attributes import TIMES
from provisioning.model.text import folded
from sources.tables.headers import Header

DECISIVE = frozenset(("source_id", "user_name", "email", "state", "employee_number", *TIMES))
"""Columns that say who somebody is, whether they work here and when they were last seen."""
Compared = Callable[[str, "pd.Series[str]"], "pd.Series[str]"]


class Settled(NamedTuple):
    """Which header fills each column, and those that were passed over for it; by position."""

    places: dict[str, int]
    passed: dict[str, list[int]]


def settle(
    header: Header,
    rows: pd.DataFrame,
    places: dict[str, int],
    stated: Collection[int],
    states: Collection[str],
    compared: Compared,
) -> Settled:
    """Say which of the headers that may fill a column does.

    Args:
        header: the table's first row.
        rows: its cells, by position.
        places: position of the first header that may fill each column.
        stated: positions of the headers that the connection names.
        states: words that may stand for a state, as they are compared.
        compared: cells of a column as they are compared.

    Raises:
        Unreadable: several may fill columns that decide, and differ; all of them are named.
    """
    rivals: dict[str, list[int]] = defaultdict(list)
    for name, rival in header.rivals(places, stated):
        if rows[rival].notna().any():
            rivals[name].append(rival)
    settled, passed, doubted = dict(places), dict[str, list[int]](), dict[str, list[int]]()
    for name, others in rivals.items():
        found = [places[name], *others]
        own, *meant = _states(found, rows, states) if name == "state" else found
        words = compared(name, rows[own])
        differing = [place for place in meant if not compared(name, rows[place]).equals(words)]
        settled[name], passed[name] = own, [place for place in found if place not in (own, *meant)]
        if name in DECISIVE and differing:
            doubted[name] = [own, *differing]
        else:
            passed[name] += differing
    if doubted:
        raise header.refuse_rivals(doubted)
    return Settled(settled, {name: others for name, others in passed.items() if others})


def _states(places: Sequence[int], rows: pd.DataFrame, states: Collection[str]) -> Sequence[int]:
    """The columns that hold a word of a state; all of them where none does."""
    wanted = list(states)
    return [place for place in places if folded(rows[place].astype("str")).isin(wanted).any()] or places
