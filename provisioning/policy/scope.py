"""Which identities of a source are Seatwise's to provision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.model.group_sizes import GroupSize, measure_groups
from provisioning.model.guessed_rows import GROUP_NAME
from provisioning.model.keys import Mask, positions
from provisioning.model.snapshots import Sizes, SourceSnapshot
from provisioning.model.terms import State
from provisioning.policy.filters import matches
from provisioning.policy.rules import Scope
from provisioning.policy.scope_groups import find_asked, find_excluded


class Scoped(NamedTuple):
    """Which identities are in a scope.

    Attributes:
        inside: who satisfies all that it states.
        undecided: who may do so: too little is known of their last sign-in for the filter, or of their
            groups, or which group is meant.
        eligible: who satisfies the filter, or may.
        asked: who is in a group that it asks for, or may be, or departed; everyone where it asks for none.
        excluded: who is in a group that it leaves out, or may be.
        unsure: whether it asks for a group whose members could not all be told.
        groups: every group of the source by its identifier; none where the scope names no groups.
    """

    inside: Mask
    undecided: Mask
    eligible: Mask
    asked: Mask
    excluded: Mask
    unsure: bool
    groups: Mapping[str, GroupSize]


def find_scoped(scope: Scope, snapshot: SourceSnapshot, before: Sizes | None = None) -> Scoped:
    """Find which identities satisfy all that the scope states.

    Identity providers take the groups from someone who departs, so a departed identity need not hold
    one of `groups`; the filter and the excluded groups decide about it alone.

    Args:
        scope: what it states.
        snapshot: the read.
        before: sizes of the last complete read, by which groups are known again that were renamed since.

    Returns:
        One boolean per row of `snapshot.identities`, each.
    """
    eligible, undecided = _filtered(scope, snapshot)
    found = eligible
    asked: Mask = np.ones(len(found), dtype=np.bool_)
    excluded: Mask = np.zeros(len(found), dtype=np.bool_)
    if not scope.groups and not scope.exclude_groups:
        return Scoped(
            found & ~undecided, found & undecided, eligible, asked, excluded, unsure=False, groups={}
        )
    groups = measure_groups(snapshot.groups, before.groups if before else {})
    open_groups = _with_open_groups(snapshot)
    if scope.groups:
        wanted = find_asked(scope.groups, groups)
        departed = (snapshot.identities["state"] == State.DEPARTED.value).to_numpy()
        told = _members(scope, snapshot, wanted.meant) | departed
        asked = told | open_groups | _members(scope, snapshot, wanted.doubtful)
        undecided = undecided | (asked & ~told)
    if scope.exclude_groups:
        unwanted = find_excluded(scope.exclude_groups, groups)
        perhaps = open_groups | _members(scope, snapshot, unwanted.doubtful)
        undecided = undecided | perhaps
        told = _members(scope, snapshot, unwanted.meant)
        excluded = told | perhaps
        found = found & ~told
    found = found & asked
    unsure = _is_unsure(scope, snapshot, groups)
    return Scoped(found & ~undecided, found & undecided, eligible, asked, excluded, unsure, groups)


def _filtered(scope: Scope, snapshot: SourceSnapshot) -> tuple[Mask, Mask]:
    """Who may satisfy the filter, and of whom one cannot say."""
    people = snapshot.identities
    if scope.filter is None:
        return np.ones(len(people), dtype=np.bool_), np.zeros(len(people), dtype=np.bool_)
    satisfied = matches(scope.filter, people, snapshot.known_at)
    undecided = satisfied.isna().to_numpy(np.bool_)
    return satisfied.fillna(value=True).to_numpy(np.bool_), undecided


def counting(scope: Scope, memberships: pd.DataFrame) -> pd.DataFrame:
    """The memberships that count: without the nested ones where the scope does not want them."""
    return memberships if scope.nested else memberships[memberships["direct"]]


def list_grouped(
    scope: Scope, memberships: pd.DataFrame, groups: Mapping[str, GroupSize], linked: pd.Series
) -> pd.DataFrame:
    """Who was in the groups of a scope by one read.

    Args:
        scope: what it states.
        memberships: what was read.
        groups: every group of that read by its identifier.
        linked: identifiers of people who have an account; of those who have none only the excluded count.

    Returns:
        source_id, group_id, group_name and excluded, whether the scope leaves the group out.
    """
    asked = frozenset().union(*find_asked(scope.groups, groups))
    excluded = find_excluded(scope.exclude_groups, groups).meant
    rows = counting(scope, memberships)
    rows = rows[["source_id", "group_id", "group_name"]].assign(excluded=rows["group_id"].isin(excluded))
    wanted = rows["group_id"].isin(asked) & (positions(rows["source_id"], linked) >= 0)
    return rows[rows["excluded"] | wanted].drop_duplicates(["source_id", "group_id"])


def _with_open_groups(snapshot: SourceSnapshot) -> Mask:
    """Which identities may be in any group, for a cell that names their groups could not be read."""
    rejects = snapshot.rejects
    keys = rejects.loc[rejects["field"] == GROUP_NAME, "key"]
    return positions(snapshot.identities["source_id"], keys) >= 0


def _is_unsure(scope: Scope, snapshot: SourceSnapshot, groups: Mapping[str, GroupSize]) -> bool:
    """Whether the scope asks for a group whose members could not all be told, whatever its name is."""
    asked = frozenset().union(*find_asked(scope.groups, groups))
    unread = snapshot.unread_groups.items()
    return bool(scope.groups) and any(key in asked or name == key for key, name in unread)


def _members(scope: Scope, snapshot: SourceSnapshot, groups: Collection[str]) -> Mask:
    """Which identities are in one of the groups, given by identifier."""
    if not groups:
        return np.zeros(len(snapshot.identities), dtype=np.bool_)
    memberships = counting(scope, snapshot.memberships)
    chosen = memberships.loc[memberships["group_id"].isin(groups), "source_id"].drop_duplicates()
    return positions(snapshot.identities["source_id"], chosen) >= 0
