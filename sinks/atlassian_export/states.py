"""What an exported user list says of the state of an account."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from provisioning.model.terms import AccountState, State
from provisioning.model.text import folded
from provisioning.model.words import states_among

_MEANT = {
    State.ACTIVE: AccountState.ACTIVE,
    State.STAGED: AccountState.INVITED,
    State.SUSPENDED: AccountState.SUSPENDED,
    State.DEPARTED: AccountState.DEACTIVATED,
}
_OWN = {
    **dict.fromkeys(("invited", "not accepted", "pending invitation"), AccountState.INVITED.value),
    **dict.fromkeys(("closed", "deleted", "for deletion"), AccountState.DEACTIVATED.value),
}
"""Words for the state of an account beside those of a person."""
PROBLEM = "not a known state, so the account counts as there, and its seats count as not billed"


class States(NamedTuple):
    """State of each account.

    Attributes:
        told: null where it is not known.
        silent: whether nothing is said of it.
        odd: whether a word stands there that nobody knows.
    """

    told: pd.Series[str]
    silent: pd.Series[bool]
    odd: pd.Series[bool]


def account_states(words: pd.Series[str], doubted: pd.Series[bool]) -> States:
    """Read the state of each account.

    Args:
        words: as they stand; null where there is none.
        doubted: accounts whose rows state several.
    """
    told = folded(words).map(meanings(words)).astype("str")
    return States(told, words.isna() & ~doubted, told.isna() & words.notna())


def compared(words: pd.Series[str]) -> pd.Series[str]:
    """States as they are compared: two words for one state are the same."""
    plain = folded(words)
    return plain.map(meanings(words)).astype("str").fillna(plain)


def meanings(words: pd.Series[str]) -> dict[str, str]:
    """What the words of a column mean, all of them together."""
    meant = {word: _MEANT[state].value for word, state in states_among(words.dropna().unique()).items()}
    return meant | _OWN
