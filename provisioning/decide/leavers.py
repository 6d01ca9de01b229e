"""The way out of a leaver: seats first, then the account, each stage after its own days."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from provisioning.decide.changes import ASSIGNED, UNASSIGNED, part, state
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.lifecycle import CAUSES, list_stages, say_why_leaving
from provisioning.model.keys import Mask, Rows, pick, take
from provisioning.model.terms import AccountState, Action
from provisioning.policy.rules import Stage
from provisioning.policy.values import duration_text

_ENDS = {
    "suspend": (Action.SUSPEND, AccountState.SUSPENDED.value),
    "deactivate": (Action.DEACTIVATE, AccountState.DEACTIVATED.value),
    "remove": (Action.REMOVE, "removed"),
    "delete": (Action.DELETE, AccountState.DELETED.value),
}
"""What each stage does to the account, mildest first."""
_STEPS = list(_ENDS)
_REACHED = {AccountState.SUSPENDED.value: 1, AccountState.DEACTIVATED.value: 2, AccountState.DELETED.value: 4}


def plan_leavers(context: Context) -> list[pd.DataFrame]:
    """What the stages that are due ask for.

    Someone suspended at the identity provider, who may be back tomorrow, loses seats and is suspended or
    deactivated, but neither removed nor deleted.
    """
    leavers, changes = context.lifecycle.moved_as("leaver"), []
    for cause in CAUSES:
        rows = np.flatnonzero(leavers & (context.lifecycle.reason == cause).to_numpy(np.bool_))
        if len(rows):
            changes += _plan_stages(context, rows, list_stages(context.rules, cause))
    return changes


def _plan_stages(context: Context, rows: Rows, stages: list[Stage]) -> list[pd.DataFrame]:
    """What the stages ask for of some leavers."""
    waited = pd.Timestamp(context.now) - context.lifecycle.since.iloc[rows].reset_index(drop=True)
    freeing = [stage for stage in stages if stage.do == "revoke_seats"]
    seats = [_revoke_seats(context, rows, waited, stage) for stage in freeing]
    return [*seats, *_end_accounts(context, rows, _furthest(context, rows, waited, stages))]


class _Reach(NamedTuple):
    """How far each leaver's account goes, one entry a leaver.

    Attributes:
        level: number of the stage in the order of `_ENDS`, 0 for none.
        after: the days that stage waits for.
        milder: whether it stands in for a further stage that is not possible here.
    """

    level: Rows
    after: npt.NDArray[np.object_]
    milder: Mask


def _is_due(waited: pd.Series, stage: Stage) -> Mask:
    due: Mask = (waited >= pd.Timedelta(stage.after)).to_numpy(np.bool_)
    return due


def _revoke_seats(context: Context, rows: Rows, waited: pd.Series, stage: Stage) -> pd.DataFrame:
    """Take all that gives a billed seat to an account that can be used."""
    assigned = context.assigned
    account = context.lifecycle.account[rows]
    due = _is_due(waited, stage) & pick(context.usable, account)
    number = np.full(len(context.target.accounts), -1, dtype=np.int64)
    number[account[due]] = np.flatnonzero(due)
    paid = context.flag("billable", assigned.entitlement) & (number[assigned.account] >= 0)
    free = context.flag("modifiable", assigned.entitlement) & ~context.flag("protected", assigned.entitlement)
    _note_stuck(context, assigned.entitlement[paid & ~free])
    chosen = np.flatnonzero(paid & free)
    leaver, entitlement = number[assigned.account[chosen]], assigned.entitlement[chosen]
    opens = take(context.catalogue["opens"], entitlement)
    return part(
        Action.REVOKE,
        context.lifecycle.person[rows[leaver]],
        assigned.account[chosen],
        entitlement=entitlement,
        before=ASSIGNED,
        after=UNASSIGNED,
        reason=_why_due(context, rows[leaver], stage.after) + "; closes " + opens + ", a billed seat",
        rule=f"leaver: revoke_seats after {duration_text(stage.after)}",
        movement="leaver",
    )


def _furthest(context: Context, rows: Rows, waited: pd.Series, stages: list[Stage]) -> _Reach:
    """The furthest stage that is due for each account; a milder one where it is not possible."""
    account = context.lifecycle.account[rows]
    reach = _Reach(
        np.zeros(len(rows), dtype=np.int64),
        np.full(len(rows), timedelta(0), dtype=object),
        np.zeros(len(rows), dtype=np.bool_),
    )
    for stage in stages:
        if stage.do not in _ENDS:
            continue
        due = _is_due(waited, stage) & (
            context.lifecycle.lasting[rows] | (stage.do in {"suspend", "deactivate"})
        )
        possible = pick(context.managed, account) | (stage.do in {"suspend", "remove"})
        possible &= context.can(_ENDS[stage.do][0])
        wished = _STEPS.index(stage.do) + 1
        further = due & (np.where(possible, wished, 1) > reach.level)
        reach.level[further] = np.where(possible, wished, 1)[further]
        reach.after[further] = stage.after
        reach.milder[further] = ~possible[further]
    return reach


def _end_accounts(context: Context, rows: Rows, reach: _Reach) -> list[pd.DataFrame]:
    """Take each account to its stage, where it has not reached that yet."""
    account = context.lifecycle.account[rows]
    states = take(context.target.accounts["state"], account)
    reached = states.map(_REACHED).fillna(0).to_numpy(np.int64)
    excuse = "; only suspended: the account is not the organisation's, or the connector cannot do more"
    changes = []
    for number, (name, (action, end)) in enumerate(_ENDS.items(), start=1):
        chosen = np.flatnonzero((reach.level == number) & (number > reached))
        reason = _why_due(context, rows[chosen], reach.after[chosen])
        changes.append(
            part(
                action,
                context.lifecycle.person[rows[chosen]],
                account[chosen],
                before=states.iloc[chosen].map(state).reset_index(drop=True),
                after=state(end),
                reason=reason.where(~pd.Series(reach.milder[chosen]), reason + excuse),
                rule=[f"leaver: {name} after {duration_text(wait)}" for wait in reach.after[chosen]],
                movement="leaver",
            )
        )
    return changes


def _why_due(context: Context, rows: Rows, after: object) -> pd.Series:
    """Why a stage is due, as the beginning of a sentence."""
    reason = say_why_leaving(context.people, context.lifecycle, rows)
    since = take(context.lifecycle.since, rows).dt.strftime("%Y-%m-%d")
    waits = [duration_text(wait) for wait in np.broadcast_to(np.asarray(after, dtype=object), len(rows))]
    source = take(context.lifecycle.source, rows)
    words: pd.Series = reason + " (" + source + "), seen " + since + ", due after "
    return words + pd.Series(waits, dtype="str")


def _note_stuck(context: Context, entitlement: Rows) -> None:
    """Name what keeps paid seats of leavers and cannot be taken."""
    if len(entitlement):
        names = list_names(set(context.catalogue["name"].iloc[np.unique(entitlement)]))
        verb = "stays" if len(entitlement) == 1 else "stay"
        context.note(
            f"{count(len(entitlement), 'paid seat')} of leavers {verb}, granted by {names}",
            "these are protected, roles or managed elsewhere; revoke them there",
        )
