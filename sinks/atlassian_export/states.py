"""What an exported user list says of the state of an account."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from provisioning.model.terms import AccountState, State
from provisioning.model.text import folded
from provisioning.model.words import STATES as WORDS

_MEANT = {
    State.ACTIVE: AccountState.ACTIVE,
    State.STAGED: AccountState.INVITED,
    State.SUSPENDED: AccountState.SUSPENDED,
    State.DEPARTED: AccountState.DEACTIVATED,
}
STATES = {
    **{word: _MEANT[state].value for word, state in WORDS.items()},
    **dict.fromkeys(("invited", "not accepted", "pending invitation"), AccountState.INVITED.value),
    **dict.fromkeys(("closed", "deleted", "for deletion"), AccountState.DEACTIVATED.value),
}
"""Words for the state of an account."""
PROBLEM = "not a known state, so the account counts as there, and its seats count as not billed"


class States(NamedTuple):
    """State of each row: `told` is null where it is not known, `silent` where nothing is said of it."""

    told: pd.Series[str]
    silent: pd.Series[bool]

    @property
    def odd(self) -> pd.Series[bool]:
        """Whether a word stands there that nobody knows."""
        return self.told.isna() & ~self.silent


def account_states(words: pd.Series[str]) -> States:
    """Read the state of each row; null where there is none."""
    return States(folded(words).map(STATES).astype("str"), words.isna())


def compared(words: pd.Series[str]) -> pd.Series[str]:
    """States as they are compared: two words for one state are the same."""
    plain = folded(words)
    return plain.map(STATES).astype("str").fillna(plain)
