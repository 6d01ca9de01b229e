"""How the lifecycle of each person moved, as one target sees it: joiner, mover, leaver, rehire, stayer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from provisioning.decide.correlate import Correlation
from provisioning.decide.people import ACTIVE, DEPARTED, SUSPENDED, WAITING, People
from provisioning.decide.unread_rows import find_unread, find_unread_links, find_unread_people, list_missing
from provisioning.model import frames
from provisioning.model.frames import Movements
from provisioning.model.keys import Mask, Rows, locate, pick, positions, take, within
from provisioning.model.sign_ins import describe
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.model.terms import AccountState
from provisioning.policy.rules import Cause, Leaver, Stage, TargetRules

USABLE = [AccountState.ACTIVE.value, AccountState.INVITED.value]
"""States in which an account can be used and its seats are billed."""
CAUSES: tuple[Cause, ...] = ("departed", "suspended", "outside", "vanished")
"""What makes someone a leaver, as the policy calls it."""
_SAME = {"vanished": DEPARTED}
"""Whoever departed is often no longer listed after a while: that is one leaving and one clock."""
LEAVER_REASONS = {
    DEPARTED: "departed",
    SUSPENDED: "suspended at the identity provider",
    "outside": "no longer in scope",
    "vanished": "no longer listed by the identity provider",
}


@dataclass(frozen=True)
class Lifecycle:
    """One row per person or account whose lifecycle concerns the target.

    Attributes:
        person: row of the record; -1 for an account whose identity vanished.
        account: row of the account; -1 where there is none.
        movement: joiner, leaver, rehire or stayer; movers are told by the changes a plan finds.
        reason: a key of LEAVER_REASONS for leavers, else active or waiting.
        source: source of the identity, of vanished ones too.
        source_id: its identifier there.
        since: when a leaver was first seen as such, or for the present cause where causes have stages of
            their own or the last one was no lasting one; the present time for joiners and rehires, else null.
        lasting: for leavers, whether the reason lasts; of those suspended nothing is deleted.
        unsure: accounts of whoever is no leaver, for a row that could not be read may say otherwise.
    """

    person: Rows
    account: Rows
    movement: pd.Series
    reason: pd.Series
    source: pd.Series
    source_id: pd.Series
    since: pd.Series
    lasting: Mask
    unsure: Rows

    def moved_as(self, *movements: str) -> Mask:
        """Which rows are of these movements."""
        rows: Mask = self.movement.isin(movements).to_numpy(np.bool_)
        return rows

    def stays_active(self, *movements: str) -> Mask:
        """Which rows are of these movements and of people who are active now."""
        return self.moved_as(*movements) & (self.reason == ACTIVE).to_numpy(np.bool_)


def derive_lifecycle(
    people: People,
    target: TargetSnapshot,
    correlation: Correlation,
    sources: Mapping[str, SourceSnapshot],
    memory: Memory,
    *,
    now: datetime,
    apart: bool = False,
) -> Lifecycle:
    """Say of everyone in scope, and of everyone once linked, how their lifecycle moved.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        correlation: who has which account.
        sources: the snapshots of the sources.
        memory: what is remembered of the target.
        now: aware time.
        apart: whether each cause of leaving has stages of its own.
    """
    vanished = _find_vanished(people, target, correlation, sources, memory)
    listed = _list_moved(people, target, correlation, vanished)
    unread = pick(find_unread_people(people, sources), listed["person"].to_numpy(np.int64))
    unsure = (listed["movement"] == "leaver") & unread
    table = listed[~unsure].reset_index(drop=True)
    account_ids = take(target.accounts["account_id"], table["account"].to_numpy(np.int64))
    return Lifecycle(
        person=table["person"].to_numpy(np.int64),
        account=table["account"].to_numpy(np.int64),
        movement=table["movement"],
        reason=table["reason"],
        source=table["source"],
        source_id=table["source_id"],
        since=_first_seen(table[["movement", "reason"]], account_ids, memory, now, apart=apart),
        lasting=(table["reason"] != SUSPENDED).to_numpy(np.bool_),
        unsure=listed.loc[unsure, "account"].to_numpy(np.int64),
    )


def _list_moved(
    people: People, target: TargetSnapshot, correlation: Correlation, vanished: pd.DataFrame
) -> pd.DataFrame:
    """Everyone whose lifecycle concerns the target, with movement and reason, those who vanished last."""
    account = correlation.account
    rows = np.flatnonzero(people.primary & ~correlation.ambiguous & (people.in_scope | (account >= 0)))
    outside = ~(people.in_scope | people.undecided)[rows]
    reason = take(people.presence, rows).mask(pd.Series(outside), "outside")
    movement = _derive_movement(reason, account[rows], take(target.accounts["state"], account[rows]))
    table = pd.DataFrame(
        {
            "person": np.concatenate([rows, np.full(len(vanished), -1, dtype=np.int64)]),
            "account": np.concatenate([account[rows], vanished["account"].to_numpy(np.int64)]),
            "movement": _stack(movement, pd.Series("leaver", index=range(len(vanished)))),
            "reason": _stack(reason, pd.Series("vanished", index=range(len(vanished)))),
            "source": _stack(take(people.records["source"], rows), vanished["source"]),
            "source_id": _stack(take(people.records["source_id"], rows), vanished["source_id"]),
        }
    )
    nothing_to_leave = (table["movement"] == "leaver") & (table["account"] < 0)
    nothing_to_leave |= (table["reason"] == "outside") & table["source"].isin(people.unsure)
    here = table["reason"].isin([ACTIVE, WAITING])
    passed_over = nothing_to_leave | (pick(people.undecided, table["person"].to_numpy(np.int64)) & here)
    return table[table["movement"].notna() & ~passed_over].reset_index(drop=True)


def list_stages(rules: TargetRules, cause: Cause) -> list[Stage]:
    """The stages of those who are leavers for one cause, in the order of their days."""
    stated = rules.leaver
    return _pick_stages(stated, cause) if isinstance(stated, Leaver) else stated


def _pick_stages(leaver: Leaver, cause: Cause) -> list[Stage]:
    match cause:
        case "departed":
            return leaver.departed
        case "suspended":
            return leaver.suspended
        case "vanished":
            return leaver.vanished
        case "outside":
            return leaver.outside


def _stack(stated: pd.Series, vanished: pd.Series) -> pd.Series:
    return pd.concat([stated, vanished], ignore_index=True).astype("str")


def find_lasting_links(people: People, target: TargetSnapshot, correlation: Correlation) -> Mask:
    """Which remembered links last although this run joined nobody by them.

    The identity is not stated any more or is ambiguous, and the account belongs to nobody else; or the
    account could not be read. A link with an account that a whole read did not find is forgotten.
    """
    known = correlation.remembered
    rows, accounts = known["row"].to_numpy(np.int64), known["account"].to_numpy(np.int64)
    unsettled = (rows < 0) | pick(correlation.ambiguous | (people.person < 0), rows)
    free = ~pick(correlation.person >= 0, accounts)
    unread = find_unread_links(known, target)
    lasting: Mask = np.where(accounts >= 0, unsettled & free, unread | (not target.complete))
    return lasting


def tabulate_movements(
    people: People, target: TargetSnapshot, lifecycle: Lifecycle, changed: pd.DataFrame
) -> pd.DataFrame:
    """The Movements frame, sorted.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        lifecycle: how each lifecycle moved.
        changed: changes of people who stay, with `account` (row) and `what` (the words for it).
    """
    what = changed.groupby("account")["what"].agg(lambda words: ", ".join(sorted(set(words))))
    moved = locate(lifecycle.account, what.index.to_numpy(np.int64))
    mover = lifecycle.moved_as("stayer") & (moved >= 0)
    word = take(what.astype("str").reset_index(drop=True), moved)
    states = take(people.records["source_state"], lifecycle.person).fillna("unknown")
    reason = say_why_leaving(people, lifecycle, np.arange(len(lifecycle.person)))
    reason = reason.fillna(lifecycle.reason) + "; " + lifecycle.source + " says " + states
    reason = reason.where(lifecycle.reason != "vanished", "no longer listed by " + lifecycle.source)
    table = pd.DataFrame(
        {
            "target": target.target,
            "account_id": take(target.accounts["account_id"], lifecycle.account),
            "source": lifecycle.source,
            "source_id": lifecycle.source_id,
            "movement": lifecycle.movement.mask(pd.Series(mover), "mover"),
            "since": lifecycle.since,
            "reason": reason.mask(pd.Series(mover), "changed: " + word),
        }
    )
    order = ["source", "source_id", "account_id"]
    return frames.complete(Movements, table.sort_values(order, ignore_index=True))


def say_why_leaving(people: People, lifecycle: Lifecycle, rows: Rows) -> pd.Series:
    """Why some leavers are such, as a part of a sentence; of those out of scope by it the last sign-in, too.

    Args:
        people: everyone the sources state.
        lifecycle: how each lifecycle moved.
        rows: of `lifecycle`.

    Returns:
        One text a row, numbered from 0; null for whoever is no leaver.
    """
    reason = take(lifecycle.reason, rows)
    words = reason.map(LEAVER_REASONS).astype("str")
    judged = (reason == "outside") & take(lifecycle.source, rows).isin(people.by_sign_in)
    if not judged.any():
        return words
    known = describe(people.records.take(lifecycle.person[rows[judged]]))
    words[judged] = words[judged] + ", " + known.to_numpy()
    return words


def _find_vanished(
    people: People,
    target: TargetSnapshot,
    correlation: Correlation,
    sources: Mapping[str, SourceSnapshot],
    memory: Memory,
) -> pd.DataFrame:
    """Links whose identity a whole read did not list, and not because its row could not be read."""
    known = correlation.remembered
    accounts = known["account"].to_numpy(np.int64)
    missing = list_missing(correlation, target)
    vanished: Mask = np.zeros(len(known), dtype=np.bool_)
    for name, snapshot in sources.items():
        here = missing[missing["source"] == name]
        gone = ~find_unread(name, sources, here, memory).people & snapshot.complete
        vanished |= known.index.isin(here.index[gone])
    vanished &= ~within(accounts, np.flatnonzero(correlation.ambiguous_accounts))
    return known[vanished & find_lasting_links(people, target, correlation)]


def _derive_movement(presence: pd.Series, accounts: Rows, states: pd.Series) -> pd.Series:
    """The movement of each stated person; null where there is nothing to do or to say."""
    has = pd.Series(accounts >= 0)
    usable = states.isin(USABLE)
    movement = pd.Series("leaver", index=range(len(presence)), dtype="str")
    movement = movement.mask((presence == ACTIVE) & ~has, "joiner")
    movement = movement.mask((presence == ACTIVE) & has & usable, "stayer")
    movement = movement.mask((presence == ACTIVE) & has & ~usable, "rehire")
    movement = movement.mask((presence == WAITING) & has, "stayer")
    return movement.mask((presence == WAITING) & ~has)


def _first_seen(
    table: pd.DataFrame, account_ids: pd.Series, memory: Memory, now: datetime, *, apart: bool
) -> pd.Series:
    movement = table["movement"]
    present = pd.Timestamp(now).tz_convert("UTC").as_unit("us")
    since = pd.Series(pd.NaT, index=range(len(movement)), dtype="datetime64[us, UTC]")
    since = since.mask(movement.isin(["joiner", "rehire", "leaver"]), present)
    if not memory.leavers:
        return since
    first = pd.Series(memory.leavers)
    known = pd.Series(pd.to_datetime(first.to_numpy(), utc=True)).dt.as_unit("us")
    rows = positions(account_ids, pd.Series(first.index, dtype="str"))
    seen = take(known, rows)
    before = account_ids.map(memory.causes).astype("str")
    other = before.notna() & (before.replace(_SAME) != table["reason"].replace(_SAME))
    # Who was suspended may come back: the time after which nothing does begins with what lasts.
    seen = seen.mask(other if apart else other & (before == SUSPENDED))
    # A clock that was put right since must not make a stage that was due wait again.
    return since.mask((movement == "leaver") & seen.notna(), seen.where(seen <= present, present))
