"""What several sources state differently of one person: one record counts, the rest is listed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.people import DEPARTED, SUSPENDED, People
from provisioning.model.frames import Conflicts, complete, empty
from provisioning.model.text import folded

COMPARED = (
    "email",
    "user_name",
    "state",
    "given_name",
    "family_name",
    "department",
    "cost_center",
    "organization",
    "title",
    "user_type",
    "employee_number",
    "hired_on",
    "leaves_on",
)
"""Attributes that decide or are paid by; a manager is named differently by every provider."""


def find_conflicts(people: People) -> pd.DataFrame:
    """List the contradictions between sources about people in scope.

    Args:
        people: everyone the sources state.

    Returns:
        A Conflicts frame, by person and attribute. A source that is silent contradicts nobody, and
        neither does a difference of case.
    """
    rows = np.flatnonzero(people.person >= 0)
    rows = rows[people.person[rows] != rows]
    rows = rows[people.in_scope[people.person[rows]]]
    # What a state means today: a first day that has come, or a last one that is over, is no contradiction.
    records = people.records.assign(state=people.presence)
    primary = records.take(people.person[rows]).reset_index(drop=True)
    others = records.take(rows).reset_index(drop=True)
    if not len(rows):
        return empty(Conflicts)
    table = pd.concat([_compare(primary, others, name) for name in COMPARED], ignore_index=True)
    return complete(Conflicts, table.sort_values(["subject", "field", "other"], ignore_index=True))


def count_departed_elsewhere(conflicts: pd.DataFrame) -> int:
    """How many people departed by one source alone: what becomes of their accounts hangs on which counts.

    A source that cannot tell the departed from the suspended contradicts nobody who counts as departed.
    """
    states = conflicts[conflicts["field"] == "state"]
    departed = (states["value"] == DEPARTED) & (states["other_value"] != SUSPENDED)
    return int(states.loc[departed | (states["other_value"] == DEPARTED), "subject"].nunique())


def _compare(primary: pd.DataFrame, others: pd.DataFrame, name: str) -> pd.DataFrame:
    """The contradictions of one attribute; both frames have one row per pair of records."""
    value, other = _plain(primary[name]), _plain(others[name])
    same = folded(value) == folded(other)
    differ = (value.notna() & other.notna() & ~same).astype(bool)
    subject = primary["email"].fillna(primary["user_name"]).fillna(primary["source_id"])
    table = pd.DataFrame(
        {
            "subject": subject,
            "field": name,
            "source": primary["source"],
            "value": value,
            "other": others["source"],
            "other_value": other,
        }
    )
    return table[differ]


def _plain(column: pd.Series) -> pd.Series:
    """Values as text: days as ISO dates, null as null."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        days: pd.Series = column.dt.strftime("%Y-%m-%d")
        return days
    return column
