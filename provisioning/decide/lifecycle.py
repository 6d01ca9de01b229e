"""How the life of each person moved, as one target sees it: joiner, mover, leaver, rehire, stayer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from provisioning.decide.correlate import Correlation
from provisioning.decide.people import ACTIVE, DEPARTED, SUSPENDED, WAITING, People
from provisioning.model import frames
from provisioning.model.frames import AccountState, Movements
from provisioning.model.keys import Mask, Rows, places, positions, take, within
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot

LIVE = [AccountState.ACTIVE.value, AccountState.INVITED.value]
"""States in which an account can be used and its seats are billed."""
LEAVER_REASONS = {
    DEPARTED: "departed",
    SUSPENDED: "suspended at the identity provider",
    "outside": "no longer in scope",
    "vanished": "no longer listed by the identity provider",
}


@dataclass(frozen=True)
class Lives:
    """One row per person or account whose life concerns the target.

    Attributes:
        person: row of the statement; -1 for an account whose identity vanished.
        account: row of the account; -1 where there is none.
        movement: joiner, leaver, rehire or stayer; movers are told by the changes a plan finds.
        why: a key of LEAVER_REASONS for leavers, else active or waiting.
        source: source of the identity, of vanished ones too.
        source_id: its identifier there.
        since: when a leaver was first seen as such, the present time for joiners and rehires, else null.
        lasting: for leavers, whether the reason lasts; of those suspended nothing is deleted.
    """

    person: Rows
    account: Rows
    movement: pd.Series
    why: pd.Series
    source: pd.Series
    source_id: pd.Series
    since: pd.Series
    lasting: Mask

    def are(self, *movements: str) -> Mask:
        """Which rows are of these movements."""
        found: Mask = self.movement.isin(movements).to_numpy(np.bool_)
        return found


def live(
    people: People,
    target: TargetSnapshot,
    found: Correlation,
    sources: Mapping[str, SourceSnapshot],
    memory: Memory,
    *,
    now: datetime,
) -> Lives:
    """Say of everyone in scope, and of everyone once linked, how their life moved."""
    rows = np.flatnonzero(people.counts & ~found.aside & (people.in_scope | (found.account >= 0)))
    accounts = found.account[rows]
    left = standing_links(people, target, found) & (found.remembered["account"] >= 0).to_numpy()
    vanished = found.remembered[left & _may_vanish(found, sources)]
    why = take(people.standing, rows).mask(pd.Series(~people.in_scope[rows]), "outside")
    states = take(target.accounts["state"], accounts)
    movement = _movement(why, accounts, states)
    holders = np.concatenate([accounts, vanished["account"].to_numpy(np.int64)])
    movement = pd.concat([movement, pd.Series("leaver", index=range(len(vanished)))], ignore_index=True)
    why = pd.concat([why, pd.Series("vanished", index=range(len(vanished)))], ignore_index=True)
    concerned = (movement.notna() & ~((movement == "leaver") & pd.Series(holders < 0))).to_numpy()
    part = np.flatnonzero(concerned)
    everyone = np.concatenate([rows, np.full(len(vanished), -1, dtype=np.int64)])
    texts = {
        name: pd.concat([take(people.statements[name], rows), vanished[name]], ignore_index=True)
        for name in ("source", "source_id")
    }
    why, movement = take(why.astype("str"), part), take(movement.astype("str"), part)
    return Lives(
        person=everyone[part],
        account=holders[part],
        movement=movement,
        why=why,
        source=take(texts["source"], part),
        source_id=take(texts["source_id"], part),
        since=_since(movement, take(target.accounts["account_id"], holders[part]), memory, now),
        lasting=(why != SUSPENDED).to_numpy(np.bool_),
    )


def standing_links(people: People, target: TargetSnapshot, found: Correlation) -> Mask:
    """Which remembered links stand although this run joined nobody by them.

    The identity is not stated any more or set aside, and nobody else holds the account; or the account
    could not be read. A link with an account that a whole read did not find is forgotten.
    """
    held = found.remembered
    rows, accounts = held["row"].to_numpy(np.int64), held["account"].to_numpy(np.int64)
    doubtful = (rows < 0) | np.append(found.aside | (people.person < 0), False)[rows]
    held_by_other = np.append(found.holder, -1)[accounts] >= 0
    unread = positions(held["account_id"], target.rejects["key"]) >= 0
    standing: Mask = np.where(accounts >= 0, doubtful & ~held_by_other, unread | (not target.complete))
    return standing


def movements(people: People, target: TargetSnapshot, lives: Lives, changed: pd.DataFrame) -> pd.DataFrame:
    """The Movements frame, sorted.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        lives: how each life moved.
        changed: changes of people who stay, with `account` (row) and `what` (the words for it).
    """
    what = changed.groupby("account")["what"].agg(lambda words: ", ".join(sorted(set(words))))
    moved = places(lives.account, what.index.to_numpy(np.int64))
    mover = lives.are("stayer") & (moved >= 0)
    word = take(what.astype("str").reset_index(drop=True), moved)
    states = take(people.statements["source_state"], lives.person).fillna("unknown")
    said = lives.source + " says " + states
    reason = lives.why.map(LEAVER_REASONS).fillna(lives.why) + "; " + said
    reason = reason.where(lives.why != "vanished", "no longer listed by " + lives.source)
    table = pd.DataFrame(
        {
            "target": target.target,
            "account_id": take(target.accounts["account_id"], lives.account),
            "source": lives.source,
            "source_id": lives.source_id,
            "movement": lives.movement.mask(pd.Series(mover), "mover"),
            "since": lives.since,
            "reason": reason.mask(pd.Series(mover), "changed: " + word),
        }
    )
    order = ["source", "source_id", "account_id"]
    return frames.complete(Movements, table.sort_values(order, ignore_index=True))


def _may_vanish(found: Correlation, sources: Mapping[str, SourceSnapshot]) -> Mask:
    """Links whose identity a whole read did not list, and not because its row could not be read."""
    held = found.remembered
    known: Mask = np.zeros(len(held), dtype=np.bool_)
    for name, snapshot in sources.items():
        mine = (held["source"] == name).to_numpy() & (held["row"] < 0).to_numpy()
        unread = positions(held["source_id"], snapshot.rejects["key"]) >= 0
        known |= mine & ~unread & snapshot.complete
    aside = np.flatnonzero(found.aside_accounts)
    return known & ~within(held["account"].to_numpy(np.int64), aside)


def _movement(why: pd.Series, accounts: Rows, states: pd.Series) -> pd.Series:
    """The movement of each stated person; null where there is nothing to do or to say."""
    has = pd.Series(accounts >= 0)
    usable = states.isin(LIVE)
    movement = pd.Series("leaver", index=range(len(why)), dtype="str")
    movement = movement.mask((why == ACTIVE) & ~has, "joiner")
    movement = movement.mask((why == ACTIVE) & has & usable, "stayer")
    movement = movement.mask((why == ACTIVE) & has & ~usable, "rehire")
    movement = movement.mask((why == WAITING) & has, "stayer")
    return movement.mask((why == WAITING) & ~has)


def _since(movement: pd.Series, account_ids: pd.Series, memory: Memory, now: datetime) -> pd.Series:
    present = pd.Timestamp(now).tz_convert("UTC").as_unit("us")
    since = pd.Series(pd.NaT, index=range(len(movement)), dtype="datetime64[us, UTC]")
    since = since.mask(movement.isin(["joiner", "rehire", "leaver"]), present)
    if not memory.leavers:
        return since
    first = pd.Series(memory.leavers)
    known = pd.Series(pd.to_datetime(first.to_numpy(), utc=True)).dt.as_unit("us")
    rows = positions(account_ids, pd.Series(first.index, dtype="str"))
    seen = take(known, rows)
    return since.mask((movement == "leaver") & seen.notna(), seen)
