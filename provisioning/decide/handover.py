"""Accounts that seem to pass from one identity to another: the same person anew, or an address given on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.people import People
from provisioning.model.keys import Mask, Rows, locate, take
from provisioning.model.text import folded

_FACTS = ("employee_number", "family_name", "given_name", "display_name")
"""What one person has once, in whichever record."""
_SHOWN = ("family_name", "given_name", "display_name")
"""What an account shows of it."""


def find_handovers(
    people: People, accounts: pd.DataFrame, remembered: pd.DataFrame, records: Rows, found: Rows
) -> tuple[Mask, Rows]:
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
        A mask, and the record each account was joined with; -1 where there is none that is stated.
    """
    known = remembered.drop_duplicates("account", ignore_index=True)
    link = locate(found, known["account"].to_numpy(np.int64))
    former = np.append(known["row"].to_numpy(np.int64), -1)[link]
    linked = link >= 0
    if not linked.any():
        return linked, former
    # The stated identity is asked first: it says more than the account shows.
    by_record = _agree(people.records, former, people.records, records, (*_FACTS, "email", "user_name"))
    by_account = _agree(accounts, found, people.records, records, (*_SHOWN, "email", "user_name"))
    same = np.where(former >= 0, by_record, by_account)
    own = (former >= 0) & (people.person[former] == people.person[records])
    return linked & ~own & ~same, former


def _agree(
    one: pd.DataFrame, one_rows: Rows, other: pd.DataFrame, other_rows: Rows, names: tuple[str, ...]
) -> Mask:
    """Whether no fact differs where both are known, and a name or both keys are the same."""
    differ = np.zeros(len(one_rows), dtype=np.bool_)
    alike: dict[str, Mask] = {}
    for name in names:
        left, right = folded(take(one[name], one_rows)), folded(take(other[name], other_rows))
        alike[name] = (left == right).fillna(value=False).to_numpy(np.bool_)
        if name in _FACTS:
            differ |= (left.notna() & right.notna()).to_numpy(np.bool_) & ~alike[name]
    keys = alike["email"] & alike["user_name"]
    named = np.logical_or.reduce([alike[name] for name in names if name in _FACTS and name != "given_name"])
    agree: Mask = ~differ & (keys | named)
    return agree
