"""Several rows of one person become one, where they agree; where they do not, none of them counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pandas as pd

from provisioning.model.frames import Rejects, concat, empty
from provisioning.model.intake import reject
from provisioning.model.text import folded

REMEDY = "keep one row of this person, or rows that say the same, then run again; until then nothing is done"
SHOWN = 5
"""How many lines a report names."""


@dataclass(frozen=True)
class People:
    """Rows of people, as they stand or one per person.

    Attributes:
        rows: texts by column.
        keys: what names the person of each row; a row without one stands for itself.
        lines: number of each row.
        contested: whose rows contradict each other.
        rejects: one for each field they contradict each other in.
    """

    rows: pd.DataFrame
    keys: pd.Series[str]
    lines: pd.Series[int]
    contested: pd.Series[bool]
    rejects: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame, keys: pd.Series[str], lines: pd.Series[int]) -> People:
        """Return rows as they stand; nothing is contested."""
        return cls(rows, keys, lines, pd.Series(data=False, index=rows.index, dtype="bool"), empty(Rejects))


def merge_rows(
    people: People, meanings: pd.Series[str], free: Collection[str], *, origin: str, unit: str
) -> People:
    """Merge the rows of each person: what one leaves out another may say, but none may say otherwise.

    Args:
        people: rows as they stand.
        meanings: what the words of column `source_state` mean, so that two words for one state agree.
        free: columns in which each row may say something else; the first one counts.
        origin: the connection, for the report.
        unit: what a row is called there.

    Returns:
        One row per person; what its rows state differently is null.
    """
    keys = people.keys
    repeated = keys.notna() & keys.duplicated(keep=False)
    if not repeated.any():
        return people
    some, of = people.rows[repeated], keys[repeated]
    # Groups stand in the order in which their first rows do.
    merged = some.groupby(of, sort=False).first().set_axis(of.index[~of.duplicated()])
    contested: set[str] = set()
    reports = [empty(Rejects)]
    for name, values in _compared(some, meanings[repeated], free):
        differ = of.map(values.groupby(of).nunique()) > 1
        if differ.any():
            contested |= set(of[differ])
            merged.loc[merged.index.isin(differ.index[differ]), name] = None
            reports += _contradictions(some[name][differ], of[differ], people.lines, origin, unit)
    rows = people.rows.copy()
    rows.loc[merged.index] = merged
    kept = ~(repeated & keys.duplicated())
    return People(
        rows[kept].reset_index(drop=True),
        keys[kept].reset_index(drop=True),
        people.lines[kept].reset_index(drop=True),
        keys[kept].isin(contested).reset_index(drop=True),
        concat(Rejects, reports),
    )


def _compared(
    rows: pd.DataFrame, meanings: pd.Series[str], free: Collection[str]
) -> Iterator[tuple[str, pd.Series[str]]]:
    """Yield each column that must agree, in the form in which its values are compared."""
    for name in map(str, rows):
        words = folded(rows[name].astype("str"))
        if name == "source_state":
            yield name, meanings.fillna(words)
        elif name not in free:
            yield name, words


def _contradictions(
    cells: pd.Series[str], keys: pd.Series[str], lines: pd.Series[int], origin: str, unit: str
) -> list[pd.DataFrame]:
    """One report a person, with all their rows."""
    found = []
    for key, stated in cells.groupby(keys, sort=False):
        numbers = [str(number) for number in lines[stated.index]]
        told = ", ".join(numbers[:SHOWN]) + (", …" if len(numbers) > SHOWN else "")
        problem = f"{unit}s {told} of one person contradict each other, so none of them counts"
        values = " / ".join(stated.fillna("nothing").drop_duplicates())
        found.append(reject(key, str(cells.name), values, problem, origin=origin, remedy=REMEDY))
    return found
