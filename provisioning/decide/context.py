"""Everything known about one target when its changes are thought out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import find_entitlements
from provisioning.decide.correlate import Correlation
from provisioning.decide.lifecycle import USABLE, Lifecycle
from provisioning.decide.people import People
from provisioning.model.contested import find_contested
from provisioning.model.findings import Finding
from provisioning.model.keys import Mask, Rows, follow, pick, positions, take
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.model.terms import AccountState
from provisioning.model.text import folded, one_line
from provisioning.policy.policy import Policy
from provisioning.policy.rules import TargetRules

SHOWN = 20
"""Names a note lists before it counts the rest."""


class AssignedPairs(NamedTuple):
    """Pairs of account and entitlement, by row, that the target shows."""

    account: Rows
    entitlement: Rows


@dataclass(frozen=True)
class Context:
    """What the thinkers share about one target.

    Attributes:
        people: everyone the sources state.
        sources: snapshot of each source that was read.
        target: the target's snapshot.
        correlation: which person has which account.
        lifecycle: how each lifecycle moved.
        policy: the policy.
        rules: the policy's rules for this target.
        catalogue: the entitlement catalogue, as `catalogue.build_catalogue` gives it.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        actions: what the sink can do; None means everything.
        others: reads of the other targets that may show the same accounts.
        notes: what a person should know. The one part the thinkers write to: it is told in the order it
            was thought and read by none of them, and would otherwise pass through every one of their results.
    """

    people: People
    sources: Mapping[str, SourceSnapshot]
    target: TargetSnapshot
    correlation: Correlation
    lifecycle: Lifecycle
    policy: Policy
    rules: TargetRules
    catalogue: pd.DataFrame
    memory: Memory
    now: datetime
    actions: Collection[str] | None = None
    others: Sequence[TargetSnapshot] = ()
    notes: list[Finding] = field(default_factory=list)

    def note(self, message: str, remedy: str | None = None) -> None:
        """Tell a person something, in one line: a warning when there is something to do about it."""
        level: Literal["ok", "warning"] = "warning" if remedy else "ok"
        self.notes.append(
            Finding(level, self.rules.to, one_line(message), one_line(remedy) if remedy else None)
        )

    def can(self, action: str) -> bool:
        """Whether the sink can do it."""
        return self.actions is None or action in self.actions

    def person_of(self, account: Rows) -> Rows:
        """The person each account belongs to; -1 where it belongs to nobody, and for -1."""
        return follow(self.correlation.person, account)

    def flag(self, name: str, entitlement: Rows) -> Mask:
        """A yes-or-no column of the catalogue at some of its rows; no at -1."""
        return pick(self.catalogue[name].to_numpy(np.bool_), entitlement)

    @cached_property
    def holders(self) -> Rows:
        """The account of each of the target's assignments, by row; -1 where it has none."""
        return positions(self.target.assignments["account_id"], self.target.accounts["account_id"])

    @cached_property
    def assigned(self) -> AssignedPairs:
        """All that is assigned to accounts."""
        entitlement, account = find_entitlements(self.catalogue, self.target.assignments), self.holders
        known = (entitlement >= 0) & (account >= 0)
        return AssignedPairs(account[known], entitlement[known])

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The accounts; an address that the target hides is their person's."""
        accounts = self.target.accounts
        stated = take(self.people.records["email"], self.correlation.person).set_axis(accounts.index)
        return accounts.assign(email=accounts["email"].fillna(stated))

    @cached_property
    def contested(self) -> pd.DataFrame:
        """What other targets tell otherwise of the accounts, as `find_contested` lists it.

        An address that is hidden here is contested where it is another person's elsewhere.
        """
        if not self.others:
            return find_contested(self.target, self.others)
        found = find_contested(replace(self.target, accounts=self.shown), self.others)
        account = positions(found["account_id"], self.target.accounts["account_id"])
        hidden = pick(self.target.accounts["email"].isna().to_numpy(np.bool_), account)
        records = self.people.records
        bearer = follow(self.people.person, positions(folded(found["other_value"]), folded(records["email"])))
        others = (bearer >= 0) & (bearer != self.person_of(account))
        kept: pd.DataFrame = found[~hidden | found["field"].ne("email").to_numpy() | others]
        return kept

    @cached_property
    def usable(self) -> Mask:
        """Which accounts can be used now."""
        states: Mask = self.target.accounts["state"].isin(USABLE).to_numpy(np.bool_)
        return states

    @cached_property
    def managed(self) -> Mask:
        """Which accounts belong to the organisation; all of them where the target knows no such thing."""
        stated = self.target.accounts["managed"]
        if stated.isna().all():
            return np.ones(len(stated), dtype=np.bool_)
        owned: Mask = stated.fillna(value=False).to_numpy(np.bool_)
        return owned

    @cached_property
    def deleted(self) -> Mask:
        """Which accounts are deleted or about to be."""
        states: Mask = (self.target.accounts["state"] == AccountState.DELETED.value).to_numpy(np.bool_)
        return states


def list_names(names: Collection[str]) -> str:
    """Names for a sentence: the first few, and how many more there are."""
    few = sorted(names)
    more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
    return ", ".join(few[:SHOWN]) + more


def count(number: int, one: str, many: str | None = None) -> str:
    """A number and what is counted, for a sentence: 1 person, 2 people."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
