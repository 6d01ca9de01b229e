"""One account that several connections show: where they contradict each other nobody knows which is right.

An account of the cloud bears one identifier wherever it is shown. A list without identifiers names accounts
by their address, which is one account's. What is older than the rest contradicts nobody: things change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from provisioning.model.keys import Mask, Rows, attach, follow, pick, positions, take
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.terms import AccountState, Activity
from provisioning.model.text import folded

AS_OLD = timedelta(days=1)
"""How much older than another a read may be and still be of the same day."""
_SEAT = ["account_id", "product", "site"]
_KIND_OF_STATE = {
    AccountState.ACTIVE.value: "there",
    AccountState.INVITED.value: "there",
    AccountState.DEACTIVATED.value: "gone",
    AccountState.DELETED.value: "gone",
}
"""States that contradict each other; a suspension is one directory's, and says nothing of another's."""
COLUMNS = ["account_id", "subject", "field", "source", "value", "other", "other_value"]


def find_contested(target: TargetSnapshot, others: Sequence[TargetSnapshot]) -> pd.DataFrame:
    """List what other connections tell otherwise of the accounts of one.

    Whose address it is counts of every read. The state counts between files alone: of a service it is looked
    at again before anything is written.

    Args:
        target: a read of the cloud.
        others: further reads of the cloud, of any organisation.

    Returns:
        account_id, subject (address or name), field, source (this connection), value, other (connection) and
        other_value; one row a contradiction.
    """
    rows = [_compare(target, other) for other in others if _told_at(other) >= _told_at(target) - AS_OLD]
    return pd.concat([pd.DataFrame(columns=COLUMNS, dtype="str"), *rows], ignore_index=True)


def describe_contested(contested: pd.DataFrame, account_ids: pd.Series | None = None) -> list[str]:
    """Both sides of each contradiction in words, sorted; of some accounts alone where they are given."""
    if account_ids is not None:
        contested = contested[positions(contested["account_id"], account_ids) >= 0]
    here = contested["subject"] + " is " + contested["value"] + " in " + contested["source"]
    return sorted(here + " and " + contested["other_value"] + " in " + contested["other"])


def add_later_use(seats: pd.DataFrame, others: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Seats with their latest use, whichever connection tells it; what is unknown stays unknown.

    Args:
        seats: Seats of one connection of the cloud, as `build_seats` gives them.
        others: those of further ones, their accounts named as here.
    """
    used = pd.concat([other[[*_SEAT, "last_active"]] for other in others] or [seats[:0]])
    latest: pd.DataFrame = used.dropna(subset="last_active").groupby(_SEAT, as_index=False).max()
    if latest.empty:
        return seats
    elsewhere = attach(seats[_SEAT], latest, _SEAT)["last_active"].set_axis(seats.index)
    known = seats["activity"] != Activity.UNKNOWN.value
    later = known & elsewhere.notna() & (seats["last_active"].isna() | (elsewhere > seats["last_active"]))
    return seats.assign(
        last_active=seats["last_active"].mask(later, elsewhere),
        activity=seats["activity"].mask(later, Activity.USED.value),
    )


def name_as_in(accounts: pd.DataFrame, others: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows about the accounts of another connection, these named as in one; who is unknown here as there.

    Args:
        accounts: Accounts of the one.
        others: those of the other.
        rows: a frame with account_id.
    """
    here = take(accounts["account_id"], pair_accounts(others, accounts))
    named = take(here, positions(rows["account_id"], others["account_id"])).set_axis(rows.index)
    return rows.assign(account_id=named.fillna(rows["account_id"]))


def pair_accounts(mine: pd.DataFrame, theirs: pd.DataFrame) -> Rows:
    """The row of each account in another list; -1 where it is in none.

    An account is known by its identifier. Where one of the lists has none its address stands in.
    """
    same = positions(mine["account_id"], theirs["account_id"])
    known = folded(theirs["email"])
    once = np.flatnonzero((known.notna() & ~known.duplicated(keep=False)).to_numpy(np.bool_))
    address = follow(once, positions(folded(mine["email"]), take(known, once)))
    nameless = _is_nameless(mine) | pick(_is_nameless(theirs), address)
    return np.where((same < 0) & nameless, address, same)


def _is_nameless(accounts: pd.DataFrame) -> Mask:
    """Whose address stands in for the identifier."""
    return folded(accounts["account_id"]).eq(folded(accounts["email"])).fillna(value=False).to_numpy(np.bool_)


def _told_at(read: TargetSnapshot) -> datetime:
    """The moment its accounts are of: those that changed since the last whole read were read again."""
    return min(read.as_of or read.taken_at, read.taken_at)


def _compare(target: TargetSnapshot, other: TargetSnapshot) -> pd.DataFrame:
    mine, theirs = target.accounts, other.accounts
    row = pair_accounts(mine, theirs)
    found = [_differences(target, other, "email", row, folded(mine["email"]), folded(theirs["email"]))]
    if target.as_of is not None and other.as_of is not None:
        kinds = [one["state"].map(_KIND_OF_STATE).astype("str") for one in (mine, theirs)]
        found.append(_differences(target, other, "state", row, *kinds))
    return pd.concat(found)


def _differences(
    target: TargetSnapshot, other: TargetSnapshot, field: str, row: Rows, mine: pd.Series, theirs: pd.Series
) -> pd.DataFrame:
    """Where a field differs that both know, as it is compared; shown as it is told."""
    there = take(theirs, row).set_axis(mine.index)
    differs = (mine.notna() & there.notna() & (mine != there)).to_numpy(np.bool_)
    accounts, elsewhere = target.accounts[differs], take(other.accounts[field], row[differs])
    return pd.DataFrame(
        {
            "account_id": accounts["account_id"],
            "subject": accounts["email"].fillna(accounts["user_name"]).fillna(accounts["account_id"]),
            "field": field,
            "source": target.target,
            "value": accounts[field],
            "other": other.target,
            "other_value": elsewhere.to_numpy(),
        }
    )
