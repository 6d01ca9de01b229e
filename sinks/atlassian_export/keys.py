"""What names the account of each row, and which rows are no accounts: totals and dates below a list."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from provisioning.model.keys import positions
from provisioning.model.text import folded
from sinks.atlassian_export.headers import Header

KEYS = ("account_id", "email", "user_name")
"""What may name a row, best first."""
NO_ACCOUNT = "it is no account: what names it is no identifier, and it has neither an address nor a state"
REMOVE = "remove the row, or give it an address or a state, then run again"
_IDENTIFIER = r"\S*\d\S*"
"""Every identifier of Atlassian's has a figure and no blank."""
_NAME = r"\S+"


class Named(NamedTuple):
    """Rows by their accounts.

    Attributes:
        keys: account of each row; null where it is of none.
        strangers: what names the rows that are no accounts; null elsewhere.
    """

    keys: pd.Series[str]
    strangers: pd.Series[str]


def name_accounts(rows: pd.DataFrame, header: Header, *, mapped: bool) -> Named:
    """Say of which account each row is.

    Args:
        rows: cells.
        header: where the plain columns stand.
        mapped: whether the connection says where identifiers stand, so that they may be of any sort.
    """
    keys = pd.Series(None, index=rows.index, dtype="str")
    for key in KEYS:
        if key in header.places:
            own = rows[header.places[key]]
            keys = keys.fillna(own.str.strip() if key == "account_id" else folded(own))
    pattern = _NAME if mapped or "account_id" not in header.places else _IDENTIFIER
    told = _is_told(rows, header)
    bare = keys[keys.notna() & ~told]
    odd = bare[~bare.str.fullmatch(pattern)]
    odd = odd[positions(odd, keys[told]) < 0]
    strange = pd.Series(keys.index.isin(odd.index), index=keys.index)
    return Named(keys.mask(strange), keys.where(strange))


def _is_told(rows: pd.DataFrame, header: Header) -> pd.Series[bool]:
    """Whether each row has an address or a state; all have where the file tells neither."""
    places = [header.places[name] for name in ("email", "state") if name in header.places]
    told = pd.Series(not places, index=rows.index, dtype="bool")
    for place in places:
        told |= rows[place].notna()
    return told
