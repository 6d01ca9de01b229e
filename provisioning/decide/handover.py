"""Accounts that seem to pass from one identity to another: the same person anew, or an address given on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.people import People
from provisioning.model.keys import Mask, Rows, locate, take
from provisioning.model.text import folded

_FACTS = ("employee_number", "family_name", "given_name", "display_name")
"""What one person has once, in whichever record."""
_SHOWN = ("family_name", "given_name", "display_name")
"""What an account shows of it."""


class Handover(NamedTuple):
    """A record that found the account of another person."""

    record: int
    account: int
    former: int
    """The record the account was joined with; -1 where there is none that is stated."""
    why: str
    """What speaks against one person, to follow on "another identity"."""


class _Likeness(NamedTuple):
    """Which pairs of rows show one person, and in what each pair states something different."""

    same: Mask
    differ: dict[str, Mask]


def find_handovers(
    people: People, accounts: pd.DataFrame, remembered: pd.DataFrame, records: Rows, found: Rows
) -> tuple[Mask, list[Handover]]:
    """Which records found, by a key, the account of another person.

    An account that an earlier run joined with another identity is handed over only where it shows to be the
    same person under a new identifier: nothing they state differs, and a name or the whole login agrees.

    Args:
        people: everyone the sources state.
        accounts: the target's Accounts.
        remembered: links of the last run, with rows of the record and of the account.
        records: rows of the records.
        found: the account each of them found.

    Returns:
        A mask of the records, and what is known of each that is in it, in their order.
    """
    known = remembered.drop_duplicates("account", ignore_index=True)
    link = locate(found, known["account"].to_numpy(np.int64))
    former = np.append(known["row"].to_numpy(np.int64), -1)[link]
    linked = link >= 0
    if not linked.any():
        return linked, []
    # The stated identity is asked first: it says more than the account shows.
    by_record = _compare(people.records, former, people.records, records, (*_FACTS, "email", "user_name"))
    by_account = _compare(accounts, found, people.records, records, (*_SHOWN, "email", "user_name"))
    stated = former >= 0
    same = np.where(stated, by_record.same, by_account.same)
    own = stated & (people.person[former] == people.person[records])
    passed = linked & ~own & ~same
    return passed, [
        Handover(
            int(records[row]),
            int(found[row]),
            int(former[row]),
            _describe(int(row), (by_record if stated[row] else by_account).differ),
        )
        for row in np.flatnonzero(passed)
    ]


def _compare(
    one: pd.DataFrame, one_rows: Rows, other: pd.DataFrame, other_rows: Rows, names: tuple[str, ...]
) -> _Likeness:
    """Those are the same of whom no known fact differs, and a name or both keys are the same."""
    differ: dict[str, Mask] = {}
    alike: dict[str, Mask] = {}
    for name in names:
        left, right = folded(take(one[name], one_rows)), folded(take(other[name], other_rows))
        alike[name] = (left == right).fillna(value=False).to_numpy(np.bool_)
        differ[name] = (left.notna() & right.notna()).to_numpy(np.bool_) & ~alike[name]
    keys = alike["email"] & alike["user_name"]
    named = np.logical_or.reduce([alike[name] for name in names if name in _FACTS and name != "given_name"])
    contradicted: Mask = np.logical_or.reduce([differ[name] for name in names if name in _FACTS])
    return _Likeness(~contradicted & (keys | named), differ)


def _describe(row: int, differ: dict[str, Mask]) -> str:
    """What speaks against one person: what differs, else that nothing shows it."""
    words = {name: name.replace("_", " ") for name, differs in differ.items() if differs[row]}
    if facts := [words[name] for name in _FACTS if name in words]:
        return f", of another {' and '.join(facts)}"
    keys = f"; another {' and '.join(words.values())} is stated" if words else ""
    return f", and no name stated of both shows that it is the same person{keys}"
