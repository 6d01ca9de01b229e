"""Whole reads of sources and targets, and what earlier runs left behind: the thinkers' input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from provisioning.model import frames
from provisioning.model.group_sizes import GroupSize, ToldGroup, list_groups, measure_groups
from provisioning.model.guessed_rows import MEMBERS, digest_rows
from provisioning.model.text import folded


@dataclass(frozen=True)
class SourceSnapshot:
    """One read of a source: Identities, Memberships and the Rejects of both.

    Attributes:
        taken_at: when it was read.
        complete: whether nothing is missing from it.
        whole_at: when every page was read, if since then only the changes were; None: at `taken_at`.
        checkpoint: where in the source's feed of changes it stands; None without a feed.
        as_of: when a file that it was read from was written; None where nothing is older than the read.
    """

    source: str
    taken_at: datetime
    complete: bool
    identities: pd.DataFrame
    memberships: pd.DataFrame
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Rejects))
    whole_at: datetime | None = None
    checkpoint: str | None = None
    as_of: datetime | None = None

    @property
    def read_whole_at(self) -> datetime:
        """When every page was last read."""
        return self.whole_at or self.taken_at

    @property
    def known_at(self) -> datetime:
        """The moment up to which its facts tell what happened."""
        return self.taken_at if self.as_of is None else min(self.as_of, self.taken_at)

    @property
    def unread_groups(self) -> dict[str, str]:
        """Identifier → name of the groups whose members were not all understood; nothing is taken by them.

        The name is the identifier where that is all that is known.
        """
        told = self.rejects[self.rejects["field"] == MEMBERS].dropna(subset="key")
        return dict(zip(told["key"], told["value"].fillna(told["key"]), strict=True))

    @cached_property
    def groups(self) -> list[ToldGroup]:
        """The groups it tells."""
        return list_groups(self.memberships, self.unread_groups)


@dataclass(frozen=True)
class TargetSnapshot:
    """One read of a target: Accounts, Assignments, Entitlements, Seats, Capacity and their Rejects.

    Attributes:
        taken_at: when it was read.
        as_of: the moment its facts are of, where that is not the moment of the read, as with a file.
        whole_at: when every page was read, if since then only the changes were; None: at `taken_at`.
        checkpoint: where in the target's feed of changes it stands; None without a feed.
    """

    target: str
    taken_at: datetime
    complete: bool
    accounts: pd.DataFrame
    assignments: pd.DataFrame
    entitlements: pd.DataFrame
    seats: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Seats))
    capacity: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Capacity))
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Rejects))
    as_of: datetime | None = None
    whole_at: datetime | None = None
    checkpoint: str | None = None

    @property
    def read_whole_at(self) -> datetime:
        """When every page was last read."""
        return self.whole_at or self.taken_at

    @property
    def known_at(self) -> datetime:
        """The moment up to which its facts tell what happened: of use, no feed tells."""
        return min(self.as_of or self.taken_at, self.read_whole_at, self.taken_at)


def _nothing_granted() -> pd.DataFrame:
    at = pd.Series([], dtype=pd.DatetimeTZDtype("us", "UTC"))
    return pd.DataFrame(
        {"account_id": pd.Series([], dtype="str"), "entitlement_id": pd.Series([], dtype="str"), "at": at}
    )


def _nothing_said() -> pd.DataFrame:
    return pd.DataFrame(columns=["source", "source_id", "group_id"], dtype="str")


def _nothing_doubted() -> pd.DataFrame:
    return pd.DataFrame(columns=["account_id", "source", "source_id", "number", "reason"], dtype="str")


def _nothing_undone() -> pd.DataFrame:
    names = ["account_id", "rule", "action", "entitlement_id", "entitlement", "rule_digest"]
    return pd.DataFrame(columns=names, dtype="str")


class Sizes(NamedTuple):
    """How many rows a complete read had, in all and by segment (`domain:…`, `department:…`, `group:…`)."""

    identities: int
    memberships: int
    segments: Mapping[str, int]
    groups: Mapping[str, GroupSize] = MappingProxyType({})
    """Groups by their identifier."""
    as_of: datetime | None = None
    """When the file it was read from was written."""
    unread: Sequence[str] | None = None
    """What rows that may be anybody's are known by; None where an earlier version kept nothing of them."""


@dataclass(frozen=True)
class Memory:
    """What the ledger remembers of one target when a run begins.

    Attributes:
        links: Links of the last run.
        leavers: account_id → when the account's holder was first seen as a leaver, UTC.
        doubted: account_id, source, source_id, number and reason of accounts of people who left whose
            employee number somebody else bears now: the identity named.
        causes: account_id → why: departed, suspended, outside or vanished, where it is known.
        owned: Assignments that Seatwise granted or adopted and has not taken back.
        taken: Taken assignments that were not given back since.
        granted: account_id, entitlement_id and at of what Seatwise granted and has not taken back.
        grouped: source → source_id, group_id, group_name, excluded and read: who was in the groups of its
            scope, as `scope.list_grouped` gives them; by the first complete read within 30 days, 0, and by
            the last, 1. A source is absent whose scope names no groups, or whose reads are lost.
        said: source, source_id and group_id of what the last read said of people who got something lately;
            the group is empty where the identity itself is meant.
        made: account_ids of the accounts that Seatwise created.
        ended: account_ids of the accounts that Seatwise suspended, deactivated or deleted, and that it has
            not brought back since.
        previous: source → Sizes of its last complete read.
        written: source → when the newest of its files was written that were read since its last complete
            read, that one included.
        unlisted: source → identifiers of linked people whom that read did not list, where one asked for them.
        sizes_30d: source → Sizes of its complete reads of the last 30 days, in any order.
        undone: account_id, rule, action, entitlement_id, entitlement (its name, where it is known) and
            rule_digest of what a person took back, as `undone.name_rules`, `undone.name_entitlements` and
            `undone.digest_rule` give them.
        applied_policy: fingerprint of the policy of the last applied plan, None before the first.
    """

    links: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Links))
    leavers: Mapping[str, datetime] = field(default_factory=dict)
    causes: Mapping[str, str] = field(default_factory=dict)
    doubted: pd.DataFrame = field(default_factory=_nothing_doubted)
    owned: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Assignments))
    taken: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Taken))
    granted: pd.DataFrame = field(default_factory=_nothing_granted)
    grouped: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    said: pd.DataFrame = field(default_factory=_nothing_said)
    made: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    previous: Mapping[str, Sizes] = field(default_factory=dict)
    written: Mapping[str, datetime] = field(default_factory=dict)
    unlisted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sizes_30d: Mapping[str, Sequence[Sizes]] = field(default_factory=dict)
    undone: pd.DataFrame = field(default_factory=_nothing_undone)
    applied_policy: str | None = None


def measure(
    snapshot: SourceSnapshot,
    before: Sizes | None = None,
    is_named: Callable[[str], bool] = lambda _: True,
) -> Sizes:
    """Count a read, so that the next one can be compared with it.

    Args:
        snapshot: the read.
        before: Sizes of the read before it, from which the earlier names of groups are carried on.
        is_named: whether the policy goes by a group of that name; other earlier names mean nothing.
    """
    people = snapshot.identities
    domains = folded(people["email"]).str.replace("(?s)^.*@", "", regex=True)
    counts = {
        "domain": domains[people["email"].notna()].value_counts(),
        "department": people["department"].value_counts(),
        "group": snapshot.memberships["group_name"].value_counts(),
    }
    segments = {f"{kind}:{name}": int(n) for kind, found in counts.items() for name, n in found.items()}
    groups = {
        key: size._replace(earlier=tuple(filter(is_named, size.earlier)))
        for key, size in measure_groups(snapshot.groups, {} if before is None else before.groups).items()
    }
    unread = tuple(sorted(digest_rows(snapshot.rejects)))
    return Sizes(len(people), len(snapshot.memberships), segments, groups, snapshot.as_of, unread)
