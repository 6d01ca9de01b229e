"""A plan against a fresh look at its accounts: does `before` still hold, does `after` hold already."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pandas as pd

from provisioning.model.keys import Mask, Rows, coded, positions, take
from provisioning.model.terms import AccountState, Action, Unknown
from provisioning.model.text import fold, folded, own_script

_SETS = [Action.GRANT.value, Action.REVOKE.value]
_UPDATES = [Action.UPDATE.value, Action.UPDATE_EMAIL.value]
_LOST_WITH_THE_ACCOUNT = [Action.REVOKE.value, Action.REMOVE.value, Action.DELETE.value]
"""Actions whose end is reached once the account is no longer there."""


def precondition_holds(
    changes: pd.DataFrame,
    accounts: pd.DataFrame,
    assignments: pd.DataFrame,
    groups: pd.DataFrame | None = None,
    unknown: Unknown = frozenset(),
) -> pd.Series[bool]:
    """Whether each change finds what it was planned on; if not, it is stale.

    Args:
        changes: Changes frame, of one target.
        accounts: Accounts as they are now; at least those of the changes.
        assignments: Assignments as they are now, of the same accounts.
        groups: groups there are now, at least those the changes make; its column `name` counts.
        unknown: accounts and kinds of entitlement that were not told; no grant or revoke of them holds.

    Returns:
        One boolean a row, with the index of `changes`. An account that is created finds none with its
        address; what is granted to an account not created yet finds it not assigned.
    """
    row = _find_accounts(changes, accounts)
    nobody_yet = changes["account_id"].isna().to_numpy(np.bool_) & (row < 0)
    holds = _agrees(changes, "before", row, accounts, assignments, absent=nobody_yet)
    holds = np.where(_is(changes, Action.CREATE), row < 0, holds)
    holds = np.where(_is(changes, Action.CREATE_GROUP), ~_has_group(changes, groups), holds)
    return pd.Series(holds & ~_is_unknown(changes, row, accounts, unknown), index=changes.index, dtype=bool)


def postcondition_holds(
    changes: pd.DataFrame,
    accounts: pd.DataFrame,
    assignments: pd.DataFrame,
    groups: pd.DataFrame | None = None,
    unknown: Unknown = frozenset(),
) -> pd.Series[bool]:
    """Whether each change is already so: its `after` holds.

    Args:
        changes: Changes frame, of one target.
        accounts: Accounts as they are now; at least those of the changes.
        assignments: Assignments as they are now, of the same accounts.
        groups: groups there are now, at least those the changes make; its column `name` counts.
        unknown: accounts and kinds of entitlement that were not told; no grant or revoke of them holds.

    Returns:
        One boolean a row, with the index of `changes`. An account that is no longer there counts as
        removed and as deleted, and has nothing assigned.
    """
    row = _find_accounts(changes, accounts)
    nobody = np.zeros(len(changes), dtype=np.bool_)
    holds = _agrees(changes, "after", row, accounts, assignments, absent=nobody)
    holds = np.where(_is(changes, Action.CREATE), row >= 0, holds)
    holds = np.where(_is(changes, Action.CREATE_GROUP), _has_group(changes, groups), holds)
    holds = holds & ~_is_unknown(changes, row, accounts, unknown)
    lost = changes["action"].isin(_LOST_WITH_THE_ACCOUNT).to_numpy(np.bool_)
    gone = lost & (row < 0) & changes["account_id"].notna().to_numpy(np.bool_)
    return pd.Series(holds | gone, index=changes.index, dtype=bool)


def _find_accounts(changes: pd.DataFrame, accounts: pd.DataFrame) -> Rows:
    """The account of each change: by identifier, or by e-mail address while it has none."""
    named = positions(changes["account_id"], accounts["account_id"])
    # A customer may share a person's address; what is deleted has given its address free.
    theirs = (accounts["state"] != AccountState.DELETED.value) & (accounts["kind"] == "person")
    by_email = positions(folded(changes["subject"]), folded(accounts["email"].where(theirs)))
    return np.where(changes["account_id"].isna().to_numpy(), by_email, named)


def _has_group(changes: pd.DataFrame, groups: pd.DataFrame | None) -> Mask:
    """Whether there is a group of the name each change is about; unseen groups are not there."""
    if groups is None:
        return np.zeros(len(changes), dtype=np.bool_)
    return positions(folded(changes["entitlement"]), folded(groups["name"])) >= 0


def _agrees(
    changes: pd.DataFrame,
    side: str,
    row: Rows,
    accounts: pd.DataFrame,
    assignments: pd.DataFrame,
    *,
    absent: Mask,
) -> Mask:
    """Whether the state on one side of each change is the present one."""
    action = changes["action"]
    texts = coded(changes[side])
    stated = [orjson.loads(text) for text in texts.distinct]
    wants_assigned = np.array([bool(value.get("assigned")) for value in stated], dtype=bool)[texts.codes]
    assigned = _is_assigned(changes, row, accounts, assignments)
    agrees = (assigned == wants_assigned) & ((row >= 0) | absent)
    wanted = pd.Series([value.get("state") for value in stated], dtype="str").take(texts.codes).to_numpy()
    states = take(accounts["state"], row).to_numpy()
    is_state = ~action.isin([*_SETS, *_UPDATES]).to_numpy()
    agrees = np.where(is_state, (row >= 0) & (states == wanted), agrees)
    for number in np.flatnonzero(action.isin(_UPDATES).to_numpy()):
        agrees[number] = row[number] >= 0 and _shows(stated[texts.codes[number]], accounts, int(row[number]))
    return np.asarray(agrees, dtype=np.bool_)


def _is_assigned(changes: pd.DataFrame, row: Rows, accounts: pd.DataFrame, assignments: pd.DataFrame) -> Mask:
    """Whether the entitlement of each change is assigned to its account."""
    wanted = pd.MultiIndex.from_arrays(
        [take(accounts["account_id"], row), changes["kind"].reset_index(drop=True),
         changes["entitlement_id"].reset_index(drop=True)]
    )  # fmt: skip
    now = pd.MultiIndex.from_frame(assignments[["account_id", "kind", "entitlement_id"]])
    assigned: Mask = wanted.isin(now) & (row >= 0)
    return assigned


def _is_unknown(changes: pd.DataFrame, row: Rows, accounts: pd.DataFrame, unknown: Unknown) -> Mask:
    """Whether nobody told if the account of each change holds entitlements of the kind it is about."""
    if not unknown:
        return np.zeros(len(changes), dtype=np.bool_)
    asked = pd.MultiIndex.from_arrays(
        [take(accounts["account_id"], row), changes["kind"].reset_index(drop=True)]
    )
    told_not: Mask = asked.isin(list(unknown)) & (row >= 0)
    return told_not & changes["action"].isin(_SETS).to_numpy(np.bool_)


def _shows(stated: dict[str, Any], accounts: pd.DataFrame, row: int) -> bool:
    """Whether an account shows these values; addresses in whatever case and script of their domain."""
    for name, value in stated.items():
        present = accounts[name].iloc[row]
        shown = None if pd.isna(present) else str(present)
        if name == "email" and shown and value:
            shown, value = fold(shown), fold(value)  # noqa: PLW2901
        elif name == "user_name" and shown and value:
            shown, value = own_script(shown), own_script(value)  # noqa: PLW2901
        if shown != value:
            return False
    return True


def _is(changes: pd.DataFrame, action: Action) -> Mask:
    rows: Mask = (changes["action"] == action.value).to_numpy(np.bool_)
    return rows
