"""Rows of a source that could not be read: whoever it does not list may stand in one of them.

A row that was not understood is unknown, not absent. Where nothing tells for certain whose row it is, it may
be anybody's, and then nobody of that source counts as no longer listed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.correlate import Correlation
from provisioning.model import frames
from provisioning.model.frames import Identities, Memberships
from provisioning.model.keys import Mask, positions, take
from provisioning.model.snapshots import MEMBERS, ROW, SourceSnapshot, TargetSnapshot
from provisioning.model.text import folded

_GUESSED = ("source_id", ROW)
"""Fields of rejects whose key is a guess: the row has no identifier, or is askew."""
_OF_GROUPS = frozenset(frames.columns(Memberships)) - frozenset(frames.columns(Identities)) | {MEMBERS}
"""Fields of rejects that are about groups and lose nobody's row."""


class Unread(NamedTuple):
    """Which people may not have been read, and how many rows may be anybody's."""

    people: Mask
    rows: int


def list_missing(correlation: Correlation, target: TargetSnapshot) -> pd.DataFrame:
    """Return the remembered links, with `account`, whose account is there and whose identity no source lists.

    Args:
        correlation: who has which account.
        target: the target's snapshot, for the addresses of the accounts.
    """
    known = correlation.remembered
    missing = known[(known["row"] < 0) & (known["account"] >= 0)]
    accounts = missing["account"].to_numpy(np.int64)
    return missing.assign(email=take(target.accounts["email"], accounts).array)


def find_unread(snapshot: SourceSnapshot, missing: pd.DataFrame) -> Unread:
    """Find who may stand in a row that could not be read.

    Args:
        snapshot: a read of the source.
        missing: `source_id` and account's `email` of people of that source whom it does not list.
    """
    rejects = snapshot.rejects
    unread: Mask = positions(missing["source_id"], rejects["key"]) >= 0
    nameless = rejects["field"].isin(_GUESSED) | (rejects["key"].isna() & ~rejects["field"].isin(_OF_GROUPS))
    guesses = rejects[nameless]
    if guesses.empty:
        return Unread(unread, 0)
    # An address is as good as an identifier where it is that of one missing person; a row askew shows none.
    shown = folded(missing["email"])
    address = folded(guesses["key"]).where(guesses["field"] == "source_id")
    single = shown.where(~shown.duplicated(keep=False))
    told = positions(address, single) >= 0
    if told.all():
        return Unread(unread | (positions(single, address) >= 0), 0)
    return Unread(np.ones(len(missing), dtype=np.bool_), int((~told).sum()))
