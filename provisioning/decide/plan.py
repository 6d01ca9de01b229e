"""The plan: ordered changes under a fingerprint, each with its reason; and its inverse."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from provisioning.decide.changes import fingerprint, ordered, renumbered
from provisioning.model import frames
from provisioning.model.frames import Changes
from provisioning.model.keys import positions, take
from provisioning.model.terms import Action, Status
from provisioning.model.text import folded

__all__ = ["Plan", "invert", "make", "restrict"]

INVERSE = {
    Action.GRANT: Action.REVOKE,
    Action.SUSPEND: Action.RESTORE,
    Action.DEACTIVATE: Action.REACTIVATE,
    Action.UPDATE: Action.UPDATE,
    Action.UPDATE_EMAIL: Action.UPDATE_EMAIL,
}
UNDONE_BY = {
    str(one): str(other)
    for action, undo in INVERSE.items()
    for one, other in ((action, undo), (undo, action))
}
"""What takes back each change that can be taken back, both ways."""
UNDO = "Undo: "


@dataclass(frozen=True)
class Plan:
    """What one run would write to one target.

    Attributes:
        target: connection that is written.
        changes: Changes frame in the order of execution.
        fingerprint: sha256 over the target, the policy's fingerprint and the changes, whatever their order;
            of an empty plan that waits also over why.
        policy_fingerprint: `Policy.fingerprint()` of the policy that decided.
    """

    target: str
    changes: pd.DataFrame
    fingerprint: str
    policy_fingerprint: str


def make(target: str, changes: pd.DataFrame, policy_fingerprint: str, shown: Sequence[str] = ()) -> Plan:
    """Put changes under their fingerprint.

    Args:
        target: what is changed.
        changes: a Changes frame.
        policy_fingerprint: of the policy that decided.
        shown: what else whoever approves the plan approves.
    """
    digest = fingerprint(target, policy_fingerprint, changes, shown)
    return Plan(target, changes, digest, policy_fingerprint)


def restrict(changes: pd.DataFrame, emails: Collection[str]) -> pd.DataFrame:
    """Only the changes of some people, named by e-mail address without regard to case; none means all."""
    if not emails:
        return changes
    wanted = folded(pd.Series(list(emails), dtype="str"))
    return renumbered(changes, folded(changes["subject"]).isin(wanted).to_numpy(np.bool_))


def invert(plan: Plan, outcomes: pd.DataFrame | None = None) -> Plan:
    """The plan that takes this one back, from its `before` values.

    Args:
        plan: a plan that was applied.
        outcomes: Outcomes of its changes; only applied ones are taken back. None means all were.

    Returns:
        A plan of the changes that can be taken back. Deletions, removals and invitations cannot; the
        inverse of the inverse is the plan without them.
    """
    table = plan.changes[plan.changes["reversible"] & plan.changes["action"].isin(UNDONE_BY)]
    if outcomes is not None:
        done = outcomes[outcomes["status"] == Status.APPLIED.value].reset_index(drop=True)
        row = positions(table["change_id"], done["change_id"])
        account = take(done["account_id"], row).set_axis(table.index)
        table = table.assign(account_id=table["account_id"].fillna(account))[row >= 0]
    if table.empty:
        return make(plan.target, frames.empty(Changes), plan.policy_fingerprint)
    undone = table["reason"].str.startswith(UNDO)
    turned = table.assign(
        action=table["action"].map(UNDONE_BY),
        before=table["after"],
        after=table["before"],
        reason=table["reason"].str.removeprefix(UNDO).where(undone, UNDO + table["reason"]),
    )
    return make(plan.target, ordered(turned.drop(columns=["position"])), plan.policy_fingerprint)
