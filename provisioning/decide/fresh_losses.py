"""What was given within the last day and is gone again in this read: the next read has to say so, too.

A server behind its peers, or a cache, answers with what was true a while ago. Such an answer lacks only what
came since. So nobody loses by a single read what that read may be too old to know of. Whoever is said to
have left, in so many words, loses it at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Context, count, list_names
from provisioning.model.keys import Mask
from provisioning.model.terms import Action, State

YOUNG = timedelta(hours=20)
"""Less than a day, so that a daily run does not wait for what the one before it gave."""
IDENTITY = ["source", "source_id"]
HELD = ["account_id", "entitlement_id"]
SAID_GONE = [State.DEPARTED.value, State.SUSPENDED.value]
BY_THE_SOURCE = ["mover", "leaver"]


def drop_unconfirmed(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave out what takes something young from people of whom the last read said more, with a note."""
    doubted = _takes_young(context, changes) & _said_less(context, changes)
    if doubted.any():
        who = list_names(set(changes.loc[doubted, "subject"]))
        number = count(int(doubted.sum()), "change")
        context.note(
            f"{number} left for the next run: what was given within the last day is gone from this read, and "
            f"an answer that is out of date looks the same: {who}",
            "do nothing; the next run makes them if the source still says so",
        )
    return renumbered(changes, ~doubted)


def find_young(granted: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The rows of `Memory.granted` that are younger than `YOUNG`."""
    return granted[granted["at"] > pd.Timestamp(now - YOUNG)]


def _takes_young(context: Context, changes: pd.DataFrame) -> Mask:
    """Changes for the source's sake that take what Seatwise gave lately, or touch an account that has it."""
    young = find_young(context.memory.granted, context.now)[HELD]
    whole = changes["account_id"].isin(young["account_id"]) & (changes["action"] != Action.REVOKE.value)
    part = pd.MultiIndex.from_frame(changes[HELD]).isin(pd.MultiIndex.from_frame(young))
    found = (whole | part) & changes["destructive"] & changes["movement"].isin(BY_THE_SOURCE)
    return found.to_numpy(np.bool_)


def _said_less(context: Context, changes: pd.DataFrame) -> Mask:
    """Changes of accounts of whose identity the last read said something that this one does not."""
    said = context.memory.said
    if said.empty:
        return np.zeros(len(changes), dtype=np.bool_)
    now, plainly_gone = _say(context)
    both = said.merge(now, on=list(said.columns), how="left", indicator="where")
    lost = both.loc[both["where"] == "left_only", IDENTITY]
    # How old a file is, is known; one that is older than the one before waits for a person anyway.
    files = [name for name, snapshot in context.sources.items() if snapshot.as_of is not None]
    lost = lost[~lost["source"].isin(files)]
    lost = lost[~pd.MultiIndex.from_frame(lost).isin(pd.MultiIndex.from_frame(plainly_gone))]
    links = context.memory.links
    doubtful = links[pd.MultiIndex.from_frame(links[IDENTITY]).isin(pd.MultiIndex.from_frame(lost))]
    found: Mask = changes["account_id"].isin(doubtful["account_id"]).to_numpy(np.bool_)
    return found


def _say(context: Context) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What this read says of the same people as `Memory.said`, and those of them who it says have left."""
    said = context.memory.said
    parts, gone = [said.head(0)], [said.head(0)[IDENTITY]]
    for snapshot in context.sources.values():
        people, members = (
            frame[frame["source_id"].isin(said["source_id"])]
            for frame in (snapshot.identities, snapshot.memberships)
        )
        parts += [people[IDENTITY].assign(group_id=""), members[[*IDENTITY, "group_id"]]]
        gone.append(people.loc[people["state"].isin(SAID_GONE), IDENTITY])
    return pd.concat(parts).drop_duplicates(), pd.concat(gone)
