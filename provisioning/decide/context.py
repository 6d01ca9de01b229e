"""Everything known about one target when its changes are thought out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import placed
from provisioning.decide.correlate import Correlation
from provisioning.decide.lifecycle import LIVE, Lives
from provisioning.decide.people import People
from provisioning.model.findings import Finding
from provisioning.model.frames import AccountState
from provisioning.model.keys import Mask, Rows, positions
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy
from provisioning.policy.rules import TargetRules

SHOWN = 20
"""Names a note lists before it counts the rest."""


class Assigned(NamedTuple):
    """Pairs of account and thing, by row, that the target shows."""

    account: Rows
    thing: Rows


@dataclass(frozen=True)
class Context:
    """What the thinkers share about one target.

    Attributes:
        people: everyone the sources state.
        sources: snapshot of each source that was read.
        target: the target's snapshot.
        found: who holds which account.
        lives: how each life moved.
        policy: the policy.
        rules: the policy's rules for this target.
        things: what can be held in the target, as `things.thing_table` gives it.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        actions: what the sink can do; None means everything.
        notes: what a person should know; the thinkers add to it.
    """

    people: People
    sources: Mapping[str, SourceSnapshot]
    target: TargetSnapshot
    found: Correlation
    lives: Lives
    policy: Policy
    rules: TargetRules
    things: pd.DataFrame
    memory: Memory
    now: datetime
    actions: Collection[str] | None = None
    notes: list[Finding] = field(default_factory=list)

    def note(self, message: str, remedy: str | None = None) -> None:
        """Tell a person something: a warning when there is something to do about it."""
        self.notes.append(Finding("warning" if remedy else "ok", self.rules.to, message, remedy))

    def can(self, action: str) -> bool:
        """Whether the sink can do it."""
        return self.actions is None or action in self.actions

    @cached_property
    def assigned(self) -> Assigned:
        """All that accounts hold."""
        rows = self.target.assignments
        thing = placed(self.things, rows)
        account = positions(rows["account_id"], self.target.accounts["account_id"])
        fine = (thing >= 0) & (account >= 0)
        return Assigned(account[fine], thing[fine])

    @cached_property
    def usable(self) -> Mask:
        """Which accounts can be used now."""
        states: Mask = self.target.accounts["state"].isin(LIVE).to_numpy(np.bool_)
        return states

    @cached_property
    def managed(self) -> Mask:
        """Which accounts belong to the organisation; all of them where the target knows no such thing."""
        told = self.target.accounts["managed"]
        if told.isna().all():
            return np.ones(len(told), dtype=np.bool_)
        owned: Mask = told.fillna(value=False).to_numpy(np.bool_)
        return owned

    @cached_property
    def deleted(self) -> Mask:
        """Which accounts are deleted or about to be."""
        states: Mask = (self.target.accounts["state"] == AccountState.DELETED.value).to_numpy(np.bool_)
        return states

    def flag(self, name: str) -> Mask:
        """A yes-or-no column of the things; the entry after the last stands for none."""
        return np.append(self.things[name].to_numpy(np.bool_), [False])


def shown(names: Collection[str]) -> str:
    """Names for a sentence: the first few, and how many more there are."""
    few = sorted(names)
    more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
    return ", ".join(few[:SHOWN]) + more


def picked(mask: Mask, rows: Rows) -> Mask:
    """Values of a mask at row numbers; no at -1."""
    found: Mask = np.append(mask, [False])[rows]
    return found
