"""Rows that could not be read: whoever is not listed, or listed as departed, may stand in one of them.

A row that was not understood is unknown, not absent. Where nothing tells for certain whose row it is, it may
be anybody's, and then nobody of that source counts as no longer listed. Rows that stood there when somebody
was listed are not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.correlate import Correlation
from provisioning.decide.people import People
from provisioning.model.frames import Rejects, concat
from provisioning.model.guessed_rows import ROW, cells_shown, digest_rows, guessed_rows
from provisioning.model.keys import Mask, positions, take
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.model.text import folded


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


def find_unread(
    name: str, sources: Mapping[str, SourceSnapshot], missing: pd.DataFrame, memory: Memory
) -> Unread:
    """Find who of a source may stand in a row that could not be read: in one of its own, or in another's.

    Args:
        name: the source.
        sources: a read of each source.
        missing: `source_id`, `account_id` and account's `email` of people of that source whom none lists.
        memory: what is remembered of the target.
    """
    rejects = sources[name].rejects
    others = [one.rejects for other, one in sources.items() if other != name]
    shown = cells_shown(concat(Rejects, others))
    unread: Mask = positions(missing["source_id"], rejects["key"]) >= 0
    for column in ("source_id", "email"):
        unread |= positions(folded(missing[column]), shown) >= 0
    fresh = _may_be_theirs(_fresh_rows(name, rejects, memory), missing)
    # Who was not listed before and has not left since was not found in the rows that stood there already.
    waits = missing["source_id"].isin(memory.unlisted.get(name, frozenset()))
    waits &= ~missing["account_id"].isin(memory.leavers)
    old = _may_be_theirs(guessed_rows(rejects), missing[waits])
    unread |= fresh.people
    unread[waits] |= old.people
    return Unread(unread, fresh.rows or (old.rows if waits.any() else 0))


def find_unread_people(people: People, sources: Mapping[str, SourceSnapshot]) -> Mask:
    """Find which records a row that could not be read may contradict, for it shows a key of theirs."""
    shown = cells_shown(concat(Rejects, [snapshot.rejects for snapshot in sources.values()]))
    unread = np.zeros(len(people.records), dtype=np.bool_)
    for column in ("source_id", "email", "user_name") if len(shown) else ():
        unread |= positions(folded(people.records[column]), shown) >= 0
    return unread


def find_unread_links(remembered: pd.DataFrame, target: TargetSnapshot) -> Mask:
    """Find of which remembered links the account may stand in a row of the target that could not be read."""
    ids, rejects = remembered["account_id"], target.rejects
    unread: Mask = positions(ids, rejects["key"]) >= 0
    rows = rejects[(rejects["field"] == ROW) & rejects["key"].isna() & rejects["value"].notna()]
    if rows.empty:
        return unread
    shown = positions(folded(ids), cells_shown(rows)) >= 0
    return unread | shown if shown.sum() == len(rows) else np.ones(len(ids), dtype=np.bool_)


def _fresh_rows(name: str, rejects: pd.DataFrame, memory: Memory) -> pd.DataFrame:
    """Rows that may be anybody's and did not stand in the last whole read."""
    guesses, before = guessed_rows(rejects), memory.previous.get(name)
    if before is None or before.unread is None:
        return guesses
    stood = set(before.unread)
    return guesses[[digest not in stood for digest in digest_rows(rejects)]]


def _may_be_theirs(guesses: pd.DataFrame, missing: pd.DataFrame) -> Unread:
    """Whose such rows may be: of those whom they name, else of everybody."""
    if guesses.empty:
        return Unread(np.zeros(len(missing), dtype=np.bool_), 0)
    # An address is as good as an identifier where it is that of one missing person; a row askew shows none.
    shown = folded(missing["email"])
    address = folded(guesses["key"]).where(guesses["field"] == "source_id")
    single = shown.where(~shown.duplicated(keep=False))
    told = positions(address, single) >= 0
    if told.all():
        return Unread(positions(single, address) >= 0, 0)
    return Unread(np.ones(len(missing), dtype=np.bool_), int((~told).sum()))
