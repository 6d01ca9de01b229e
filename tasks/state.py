"""What a run has come to so far; the steps fill it, and publish shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

import pandas as pd

from ledger import StoredPlan
from provisioning.decide.decide import Decision
from provisioning.model.frames import Changes, Conflicts, Outcomes, concat, empty
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from sinks import Sink
from tasks.progress import Advance

Read = SourceSnapshot | TargetSnapshot


class Earlier(NamedTuple):
    """What was read by an earlier day."""

    at: datetime
    sources: dict[str, SourceSnapshot]
    targets: dict[str, TargetSnapshot]


class Batch(NamedTuple):
    """A part of a plan that is written in one step."""

    plan: StoredPlan
    sink: Sink
    """The open target, which the batches of a phase share."""
    changes: pd.DataFrame
    advance: Advance


@dataclass
class RunState:
    """What a run has read, decided and done so far.

    Attributes:
        sources, targets: complete reads, by name.
        decisions: what was decided from them, by target.
        plans: one a target at most: decided by this run, or given to it.
        outcomes: how the changes of a plan that was written ended, by target.
        lasting: changes of a run being taken back that cannot be.
        before: the targets that were changed as they were read before; `targets` has them as they are.
        remarks: what the report must say of how it was made.
        earlier: what the report compares with.
    """

    sources: dict[str, SourceSnapshot] = field(default_factory=dict)
    targets: dict[str, TargetSnapshot] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    plans: list[StoredPlan] = field(default_factory=list)
    outcomes: dict[str, pd.DataFrame] = field(default_factory=dict)
    lasting: pd.DataFrame = field(default_factory=partial(empty, Changes))
    before: dict[str, TargetSnapshot] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    earlier: Earlier | None = None

    @property
    def fallen(self) -> frozenset[str]:
        """Sources that a decision found too small to go by."""
        return frozenset(name for decision in self.decisions.values() for name in decision.verdict.fallen)

    @property
    def conflicts(self) -> pd.DataFrame:
        """What connections contradict each other in: between sources every decision lists the same."""
        listed = [decision.conflicts for decision in self.decisions.values()]
        return concat(Conflicts, listed).drop_duplicates(ignore_index=True)

    @property
    def all_changes(self) -> pd.DataFrame:
        """The changes of all plans: a Changes frame."""
        return concat(Changes, [plan.changes for plan in self.plans])

    @property
    def all_outcomes(self) -> pd.DataFrame:
        """The outcomes of all targets: an Outcomes frame."""
        return concat(Outcomes, self.outcomes.values())
