"""From snapshots to a judged plan: correlate, lifecycle, entitle, plan, guard."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from provisioning.findings import Finding
from provisioning.guard import Verdict
from provisioning.plan import Plan
from provisioning.policy import Policy
from provisioning.snapshots import Memory, SourceSnapshot, TargetSnapshot

__all__ = ["Decision", "Memory", "Plan", "SourceSnapshot", "TargetSnapshot", "Verdict", "decide"]


@dataclass(frozen=True)
class Decision:
    """All that was thought about one target.

    Attributes:
        target: connection it is about.
        identities: Identities in scope, one row a person.
        links: Links frame.
        ambiguities: Ambiguities frame.
        orphans: Accounts of persons that are linked to nobody.
        movements: Movements frame.
        plan: the changes to make.
        verdict: whether they may be made unattended.
        notes: what a person should know, in words.
    """

    target: str
    identities: pd.DataFrame
    links: pd.DataFrame
    ambiguities: pd.DataFrame
    orphans: pd.DataFrame
    movements: pd.DataFrame
    plan: Plan
    verdict: Verdict
    notes: list[Finding]


def decide(
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    policy: Policy,
    memory: Memory,
    now: datetime,
    *,
    attended: bool = False,
    only: Collection[str] = (),
    actions: Collection[str] | None = None,
) -> Decision:
    """Think about one target.

    Args:
        sources: snapshot by connection; those of `policy.sources` are used, in that order.
        target: the target's snapshot.
        policy: the policy.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        attended: whether a person looks at this plan before it is applied.
        only: e-mail addresses the plan is restricted to; empty means everyone.
        actions: what the sink can do; None means everything.

    Returns:
        The decision; a held verdict is a result, not an error.
    """
    raise NotImplementedError
