"""What changed in a target since a read, laid over that read: together they are a complete read again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import pandas as pd

from provisioning.model import frames
from provisioning.model.frames import Accounts, Assignments, Rejects, Seats, concat
from provisioning.model.snapshots import TargetSnapshot


@dataclass(frozen=True)
class TargetDelta:
    """What changed in a target since a checkpoint.

    Attributes:
        checkpoint: where the next delta begins.
        looked: account_ids that were looked at again; who of them has no row is there no more.
        accounts: Accounts of `looked`.
        assignments: Assignments of `looked`, all of them.
        seats: Seats of `looked`, all of them.
        entitlements: Entitlements of the whole target.
        capacity: Capacity of the whole target.
        rejects: Rejects of all of these.
    """

    checkpoint: str
    looked: Collection[str]
    accounts: pd.DataFrame
    assignments: pd.DataFrame
    seats: pd.DataFrame
    entitlements: pd.DataFrame
    capacity: pd.DataFrame
    rejects: pd.DataFrame = field(default_factory=partial(frames.empty, Rejects))


def merged_target(before: TargetSnapshot, delta: TargetDelta, at: datetime) -> TargetSnapshot:
    """Lay a delta over a complete read.

    Args:
        before: a complete read.
        delta: what changed since its checkpoint.
        at: the present time, UTC.

    Returns:
        A complete read as of `at`; when it was read whole stays as it was.
    """
    looked = list(delta.looked)
    return replace(
        before,
        taken_at=at,
        as_of=None,
        whole_at=before.read_whole_at,
        checkpoint=delta.checkpoint,
        accounts=_accounts(before.accounts, delta),
        assignments=concat(Assignments, [_others(before.assignments, looked), delta.assignments]),
        entitlements=delta.entitlements,
        seats=concat(Seats, [_others(before.seats, looked), delta.seats]),
        capacity=delta.capacity,
        rejects=_rejects(before, delta),
    )


def _others(rows: pd.DataFrame, looked: list[str]) -> pd.DataFrame:
    return rows[~rows["account_id"].isin(looked)]


def _accounts(known: pd.DataFrame, delta: TargetDelta) -> pd.DataFrame:
    """Accounts with the changed in the place of what they were, and nobody's last use forgotten."""
    accounts = concat(Accounts, [_others(known, list(delta.looked)), delta.accounts])
    told = pd.concat([known, delta.accounts])[["account_id", "last_active"]]
    latest = told.groupby("account_id")["last_active"].max()
    last = latest.reindex(accounts["account_id"]).reset_index(drop=True)
    return Accounts.validate(accounts.assign(last_active=last))


def _rejects(before: TargetSnapshot, delta: TargetDelta) -> pd.DataFrame:
    """Earlier rejects of whatever was not read again: entitlements always are."""
    again = {*delta.looked, *before.entitlements["entitlement_id"], *delta.rejects["key"]}
    known = before.rejects
    return concat(Rejects, [known[~known["key"].isin(list(again))], delta.rejects])
