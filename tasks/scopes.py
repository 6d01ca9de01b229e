"""What the ledger remembers of the groups by which a scope goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from ledger import Ledger, Snapshot
from ledger.errors import SnapshotDamaged
from provisioning.model.group_sizes import GroupSize, list_groups, measure_groups
from provisioning.model.snapshots import Memory
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import list_grouped
from tasks.memory import SIZES, since_when


def recall_grouped(ledger: Ledger, memory: Memory, sources: Sequence[SourceRules], target: str) -> Memory:
    """The memory with who was in the groups of each scope: by the last complete read, and by an earlier one.

    The earlier one is the first of the last 30 days since a person approved a plan of the target, so that
    those who leave one by one are seen together.

    Args:
        ledger: the open ledger.
        memory: what is remembered of the target so far.
        sources: the sources of the policy.
        target: the target.
    """
    grouped = {}
    for rules in sources:
        last = ledger.last_complete(rules.origin)
        if last is None or not (rules.scope.groups or rules.scope.exclude_groups):
            continue
        first = ledger.first_complete(rules.origin, since=since_when(ledger, target, last))
        if first is not None and first.digest == last.digest:
            first = None
        linked = memory.links.loc[memory.links["source"] == rules.origin, "source_id"]
        parts = [_list(rules, read, linked, number) for number, read in enumerate((first, last)) if read]
        if parts[-1] is not None:
            grouped[rules.origin] = pd.concat(parts, ignore_index=True)
    return replace(memory, grouped=grouped)


def _list(rules: SourceRules, read: Snapshot, linked: pd.Series, number: int) -> pd.DataFrame | None:
    """Who was in the groups of a scope by one read; None where its files are lost."""
    try:
        memberships = read.frame("memberships")
    except SnapshotDamaged:
        return None
    return list_grouped(rules.scope, memberships, _groups(read, memberships), linked).assign(read=number)


def _groups(read: Snapshot, memberships: pd.DataFrame) -> dict[str, GroupSize]:
    """The groups of a read with their names; earlier versions kept no more of them than the memberships."""
    kept = None if read.measured is None else SIZES.validate_python(read.measured).groups
    return dict(kept or measure_groups(list_groups(memberships, {}), {}))
