"""What the ledger remembers, as the thinkers want it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from ledger import Ledger, Snapshot
from provisioning.decide.fresh_losses import find_young
from provisioning.model.frames import Assignments, Identities, Links, Taken, complete
from provisioning.model.snapshots import Memory, Sizes, SourceSnapshot, TargetSnapshot
from provisioning.model.terms import Action, Status

SIZES = TypeAdapter(Sizes)
"""How the catalogue of snapshots keeps sizes."""
WINDOW = timedelta(days=30)
"""How far back a steady loss of people is looked for."""
MADE = [Status.APPLIED.value, Status.PROPAGATING.value]
"""How a change ends that the target accepted."""


def recall(ledger: Ledger, target: str, sources: list[str]) -> Memory:
    """The memory of one target as the run begins.

    Args:
        ledger: the open ledger.
        target: the target.
        sources: the sources whose last complete reads count.
    """
    owned = ledger.owned(target)
    assigned = owned[owned["entitlement_id"].notna()].assign(target=target, name="")
    accounts = owned[owned["entitlement_id"].isna() & (owned["how"] == "made")]
    leavers = ledger.leavers(target)
    return Memory(
        links=ledger.links(target),
        leavers=dict(zip(leavers["account_id"], leavers["since"].dt.to_pydatetime(), strict=True)),
        doubted=ledger.doubted(target),
        causes=dict(leavers.loc[leavers["cause"].notna(), ["account_id", "cause"]].to_numpy().tolist()),
        owned=complete(Assignments, assigned),
        taken=ledger.taken(target),
        granted=ledger.granted(target),
        made=frozenset(accounts["account_id"]),
        ended=ledger.ended(target),
        previous=recall_sizes(ledger, sources),
        written={name: at for name in sources if (at := _recall_written(ledger, name)) is not None},
        sizes_30d=_recall_window(ledger, target, sources),
        undone=ledger.suspended_rules(target),
        applied_policy=ledger.applied_policy(target),
    )


def recall_said(ledger: Ledger, memory: Memory, sources: list[str], now: datetime) -> pd.DataFrame:
    """What the last reads said of people who got something within the last day, as `Memory.said`.

    A read whose files are lost says nothing.
    """
    young = find_young(memory.granted, now)["account_id"]
    people = memory.links[memory.links["account_id"].isin(young)]
    parts = [memory.said]
    for name in set(people["source"]) & set(sources):
        last = ledger.last_complete(name)
        if last is not None and not last.absent():
            some = set(people.loc[people["source"] == name, "source_id"])
            parts += [_of(last.frame(part), some) for part in ("identities", "memberships")]
    return pd.concat(parts)[list(memory.said.columns)].drop_duplicates(ignore_index=True)


def _of(frame: pd.DataFrame, people: set[str]) -> pd.DataFrame:
    """What a frame of a source says of some people; its identities stand for no group."""
    rows = frame[frame["source_id"].isin(people)]
    return rows if "group_id" in rows else rows.assign(group_id="")


def recall_sizes(ledger: Ledger, sources: list[str]) -> dict[str, Sizes]:
    """How large each source was when it was last read whole.

    The catalogue knows: a lost file must not take the measure away.
    """
    last = {name: ledger.last_complete(name) for name in sources}
    return {
        name: SIZES.validate_python(snapshot.measured)
        for name, snapshot in last.items()
        if snapshot is not None and snapshot.measured is not None
    }


def _recall_written(ledger: Ledger, source: str) -> datetime | None:
    """When the newest file was written that was read since the last complete read, that one included.

    Of a file that was held back nothing is compared but its date: what comes after it must not be older.
    """
    measured = [SIZES.validate_python(one).as_of for one in ledger.measured_lately(source)]
    return max((at for at in measured if at is not None), default=None)


def _recall_window(ledger: Ledger, target: str, sources: list[str]) -> dict[str, list[Sizes]]:
    """How large each source was in the last 30 days, at most since a person approved a plan of the target."""
    seen = {name: ledger.last_complete(name) for name in sources}
    window: dict[str, list[Sizes]] = {}
    for name, last in seen.items():
        if last is not None:
            measured = ledger.measured(name, since=since_when(ledger, target, last))
            window[name] = [SIZES.validate_python(one) for one in measured]
    return window


def since_when(ledger: Ledger, target: str, last: Snapshot) -> datetime:
    """Since when reads are compared: 30 days before the last, or since that of the last approved plan."""
    approved, since = ledger.last_approved(target), last.taken_at - WINDOW
    if approved is None:
        return since
    run_id, created = approved
    read = ledger.read_by([run_id], last.origin, since=since)
    return max(since, created if read is None else read.taken_at)


def restore_source(snapshot: Snapshot) -> SourceSnapshot:
    """A catalogued read of a source, loaded; what an earlier version did not keep is unknown."""
    frames: dict[str, Any] = {**snapshot.frames()}
    frames["identities"] = complete(Identities, frames["identities"])
    return SourceSnapshot(
        snapshot.origin,
        snapshot.taken_at,
        snapshot.complete,
        whole_at=snapshot.whole_at,
        checkpoint=snapshot.checkpoint,
        **frames,
    )


def restore_target(snapshot: Snapshot) -> TargetSnapshot:
    """A catalogued read of a target, loaded."""
    frames: dict[str, Any] = {**snapshot.frames()}
    # What tells its changes was read whole before; of what does not, the facts were older than the read.
    is_older = snapshot.checkpoint is None and snapshot.whole_at < snapshot.taken_at
    return TargetSnapshot(
        snapshot.origin,
        snapshot.taken_at,
        snapshot.complete,
        as_of=snapshot.whole_at if is_older else None,
        whole_at=snapshot.whole_at,
        checkpoint=snapshot.checkpoint,
        **frames,
    )


def remember(
    ledger: Ledger, target: str, changes: pd.DataFrame, outcomes: pd.DataFrame, at: datetime
) -> None:
    """Keep what changes that were made mean for later runs: links, ownership, what was taken.

    Args:
        ledger: the open ledger.
        target: the target they were made in.
        changes: a Changes frame.
        outcomes: how they ended; rows that were not made are passed over.
        at: when.
    """
    made = outcomes[outcomes["status"].isin(MADE)]
    done = changes.drop(columns="account_id").merge(
        made[["change_id", "account_id"]], on="change_id", how="inner", validate="one_to_one"
    )
    done = done[done["account_id"].notna()]
    by_action = dict(list(done.groupby("action")))
    _link_created(ledger, target, by_action.get(Action.CREATE), at)
    _own_granted(ledger, target, by_action.get(Action.GRANT), at)
    _take_revoked(ledger, target, by_action.get(Action.REVOKE))


def _link_created(ledger: Ledger, target: str, created: pd.DataFrame | None, at: datetime) -> None:
    if created is None:
        return
    ledger.link(target, complete(Links, created.assign(rule="created")), at)
    ledger.own(target, created.assign(kind=None, entitlement_id=None, how="made"), at)


def _own_granted(ledger: Ledger, target: str, granted: pd.DataFrame | None, at: datetime) -> None:
    if granted is None:
        return
    ledger.own(target, granted.assign(how="made"), at)
    ledger.forget_taken(target, granted)


def _take_revoked(ledger: Ledger, target: str, revoked: pd.DataFrame | None) -> None:
    """What a leaver or an unused seat lost is remembered: it returns at a rehire, or stays away."""
    if revoked is None:
        return
    ledger.disown(target, revoked)
    lost = revoked[(revoked["movement"] == "leaver") | revoked["rule"].str.startswith("inactive")]
    ledger.take(target, complete(Taken, lost.assign(name=lost["entitlement"])))
