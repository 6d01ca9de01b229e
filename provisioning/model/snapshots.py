"""Whole reads of sources and targets, and what earlier runs left behind: the thinkers' input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

import pandas as pd

from provisioning.model import frames
from provisioning.model.text import folded


@dataclass(frozen=True)
class SourceSnapshot:
    """One read of a source: Identities, Memberships and the Rejects of both.

    Attributes:
        taken_at: when it was read.
        complete: whether nothing is missing from it.
        whole_at: when every page was read, if since then only the changes were; None: at `taken_at`.
        checkpoint: where in the source's feed of changes it stands; None without a feed.
    """

    source: str
    taken_at: datetime
    complete: bool
    identities: pd.DataFrame
    memberships: pd.DataFrame
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Rejects))
    whole_at: datetime | None = None
    checkpoint: str | None = None

    @property
    def read_whole_at(self) -> datetime:
        """When every page was last read."""
        return self.whole_at or self.taken_at


@dataclass(frozen=True)
class TargetSnapshot:
    """One read of a target: Accounts, Assignments, Entitlements, Seats, Capacity and their Rejects."""

    target: str
    taken_at: datetime
    complete: bool
    accounts: pd.DataFrame
    assignments: pd.DataFrame
    entitlements: pd.DataFrame
    seats: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Seats))
    capacity: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Capacity))
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Rejects))


def _nothing_granted() -> pd.DataFrame:
    at = pd.Series([], dtype=pd.DatetimeTZDtype("us", "UTC"))
    return pd.DataFrame(
        {"account_id": pd.Series([], dtype="str"), "entitlement_id": pd.Series([], dtype="str"), "at": at}
    )


class Sizes(NamedTuple):
    """How many rows a complete read had, in all and by segment (`domain:…`, `department:…`, `group:…`)."""

    identities: int
    memberships: int
    segments: Mapping[str, int]


@dataclass(frozen=True)
class Memory:
    """What the ledger remembers of one target when a run begins.

    Attributes:
        links: Links of the last run.
        leavers: account_id → when the account's holder was first seen as a leaver, UTC.
        owned: Assignments that Seatwise granted or adopted and has not taken back.
        taken: Taken assignments that were not given back since.
        granted: account_id, entitlement_id and at of what Seatwise granted and has not taken back.
        made: account_ids of the accounts that Seatwise created.
        previous: source → Sizes of its last complete read.
        applied_policy: fingerprint of the policy of the last applied plan, None before the first.
    """

    links: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Links))
    leavers: Mapping[str, datetime] = field(default_factory=dict)
    owned: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Assignments))
    taken: pd.DataFrame = field(default_factory=partial(frames.empty, frames.Taken))
    granted: pd.DataFrame = field(default_factory=_nothing_granted)
    made: frozenset[str] = frozenset()
    previous: Mapping[str, Sizes] = field(default_factory=dict)
    applied_policy: str | None = None


def measure(snapshot: SourceSnapshot) -> Sizes:
    """Count a read, so that the next one can be compared with it."""
    people = snapshot.identities
    domains = folded(people["email"]).str.rpartition("@")[2]
    counts = {
        "domain": domains[people["email"].notna()].value_counts(),
        "department": people["department"].value_counts(),
        "group": snapshot.memberships["group_name"].value_counts(),
    }
    segments = {f"{kind}:{name}": int(n) for kind, found in counts.items() for name, n in found.items()}
    return Sizes(len(people), len(snapshot.memberships), segments)
