"""Two columns for one thing: where they tell different things nobody knows which is meant; that is refused.

Columns of last use and of products need no such care: the latest use counts, and what either of them gives.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pandas as pd

from provisioning.model.findings import Unreadable
from provisioning.model.text import fold, folded
from sinks.atlassian_export.headers import NAMES, Header
from sinks.atlassian_export.states import compared, meanings

DECISIVE = ("account_id", "email", "state")
"""Columns that decide whose an account is and what becomes of it, whatever header they go by."""


def refuse_twins(header: Header, rows: pd.DataFrame, mapped: Collection[str]) -> None:
    """Refuse a file in which a plain column stands twice and differs.

    Args:
        header: where the plain columns stand.
        rows: cells.
        mapped: columns whose header the connection states, so that another header is no rival.

    Raises:
        Unreadable: one does.
    """
    for name, place in header.places.items():
        for twin in _same_header(header, place):
            if (_compared(name, rows[place]) != _compared(name, rows[twin])).any():
                raise _refusal(header, name, place, twin)
        for twin in _other_headers(header, name) if name not in mapped else ():
            if _contradict(name, rows[place], rows[twin]):
                raise _refusal(header, name, place, twin)


def _same_header(header: Header, place: int) -> Iterator[int]:
    """Positions of the other columns of the same header."""
    wanted = fold(header.clean[place])
    return (n for n, name in enumerate(header.clean) if n != place and fold(name) == wanted)


def _other_headers(header: Header, name: str) -> Iterator[int]:
    """Positions of columns of another header that tell the same decisive thing, and are nothing else."""
    known = NAMES[name] if name in DECISIVE else ()
    return (n for n, own in enumerate(header.clean) if n not in header.taken and fold(own) in known)


def _compared(name: str, cells: pd.Series[str]) -> pd.Series[str]:
    return (compared(cells) if name == "state" else folded(cells)).fillna("")


def _contradict(name: str, cells: pd.Series[str], others: pd.Series[str]) -> bool:
    """Whether two columns differ in a row that both fill; what is no state is not one of an account."""
    if name == "state":
        others = others.where(folded(others).isin(list(meanings(others))))
    mine, theirs = _compared(name, cells), _compared(name, others)
    return bool(((mine != theirs) & (mine != "") & (theirs != "")).any())


def _refusal(header: Header, name: str, place: int, twin: int) -> Unreadable:
    first, second = sorted((place, twin))
    one, other = (f"'{header.names[n]}' (number {n + 1})" for n in (first, second))
    remedy = "Rename or remove one of them, so that it is certain which is meant"
    if fold(header.clean[place]) != fold(header.clean[twin]):
        remedy += f", or state it in the connection: columns: {{{name}: '{header.names[place]}'}}"
    return Unreadable(f"two columns tell the {name} and differ: {one} and {other}", remedy=f"{remedy}.")
