"""Which identities of a source are Seatwise's to provision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.model.guessed_rows import GROUP_NAME, MEMBERS
from provisioning.model.keys import Mask, coded, positions, within
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import State
from provisioning.model.text import matching
from provisioning.policy.filters import matches
from provisioning.policy.rules import Scope


class Scoped(NamedTuple):
    """Which identities are in a scope.

    Attributes:
        inside: who satisfies all that it states.
        undecided: who may do so: too little is known of their last sign-in for the filter, or of their
            groups.
    """

    inside: Mask
    undecided: Mask


def find_scoped(scope: Scope, snapshot: SourceSnapshot) -> Scoped:
    """Find which identities satisfy all that the scope states.

    Identity providers take the groups from someone who departs, so a departed identity need not hold
    one of `groups`; the filter and the excluded groups decide about it alone.

    Returns:
        One boolean per row of `snapshot.identities`, each.
    """
    people = snapshot.identities
    found: Mask = np.ones(len(people), dtype=np.bool_)
    undecided: Mask = np.zeros(len(people), dtype=np.bool_)
    if scope.filter is not None:
        satisfied = matches(scope.filter, people, snapshot.known_at)
        undecided = satisfied.isna().to_numpy(np.bool_)
        found = satisfied.fillna(value=True).to_numpy(np.bool_)
    open_groups = _with_open_groups(snapshot)
    if scope.groups:
        departed = (people["state"] == State.DEPARTED.value).to_numpy()
        told = _members(scope, snapshot, scope.groups) | departed
        undecided = undecided | (open_groups & ~told)
        found &= told | open_groups
    if scope.exclude_groups:
        undecided = undecided | open_groups
        found &= ~_members(scope, snapshot, scope.exclude_groups)
    return Scoped(found & ~undecided, found & undecided)


def is_unsure(scope: Scope, snapshot: SourceSnapshot) -> bool:
    """Whether the scope asks for a group whose members could not all be told, whatever its name is."""
    rejects = snapshot.rejects[snapshot.rejects["field"] == MEMBERS]
    names, keys = rejects["value"].fillna(rejects["key"]), rejects["key"]
    nameless = names == keys
    asked = matching(names, scope.groups) | keys.isin(scope.groups).to_numpy() | nameless.to_numpy()
    return bool(scope.groups) and bool(asked.any())


def counting(scope: Scope, memberships: pd.DataFrame) -> pd.DataFrame:
    """The memberships that count: without the nested ones where the scope does not want them."""
    return memberships if scope.nested else memberships[memberships["direct"]]


def _with_open_groups(snapshot: SourceSnapshot) -> Mask:
    """Which identities may be in any group, for a cell that names their groups could not be read."""
    rejects = snapshot.rejects
    keys = rejects.loc[rejects["field"] == GROUP_NAME, "key"]
    return positions(snapshot.identities["source_id"], keys) >= 0


def _members(scope: Scope, snapshot: SourceSnapshot, globs: list[str]) -> Mask:
    """Which identities are in a group whose name fits, or whose identifier is given."""
    memberships = counting(scope, snapshot.memberships)
    names = coded(memberships["group_name"])
    chosen = within(names.codes, np.flatnonzero(matching(names.distinct, globs)))
    chosen = chosen | memberships["group_id"].isin(globs).to_numpy()
    ids = pd.Series(memberships["source_id"].array[chosen]).drop_duplicates()
    return positions(snapshot.identities["source_id"], ids) >= 0
