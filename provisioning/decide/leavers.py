"""The way out of a leaver: seats first, then the account, each stage after its own days."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from provisioning.decide.changes import ASSIGNED, UNASSIGNED, part, state
from provisioning.decide.context import Context, picked, shown
from provisioning.decide.lifecycle import LEAVER_REASONS
from provisioning.model.frames import AccountState, Action
from provisioning.model.keys import Mask, Rows, take
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


def leave(context: Context) -> list[pd.DataFrame]:
    """What the stages that are due ask for.

    Someone suspended at the identity provider, who may be back tomorrow, loses seats and is suspended or
    deactivated, but neither removed nor deleted.
    """
    rows = np.flatnonzero(context.lives.are("leaver"))
    if not len(rows):
        return []
    waited = pd.Timestamp(context.now) - context.lives.since.iloc[rows].reset_index(drop=True)
    seats = [
        _seats(context, rows, waited, stage) for stage in context.rules.leaver if stage.do == "revoke_seats"
    ]
    return [*seats, *_accounts(context, rows, waited)]


def _due(waited: pd.Series, stage: Stage) -> Mask:
    due: Mask = (waited >= pd.Timedelta(stage.after)).to_numpy(np.bool_)
    return due


def _seats(context: Context, rows: Rows, waited: pd.Series, stage: Stage) -> pd.DataFrame:
    """Take all that gives a billed seat to an account that can be used."""
    account = context.lives.account[rows]
    due = _due(waited, stage) & picked(context.usable, account)
    place = np.full(len(context.target.accounts) + 1, -1, dtype=np.int64)
    place[account[due]] = np.flatnonzero(due)
    paid = context.flag("billable")[context.assigned.thing] & (place[context.assigned.account] >= 0)
    fixed = ~context.flag("modifiable") | context.flag("protected")
    _note_stuck(context, context.assigned.thing[paid & fixed[context.assigned.thing]])
    chosen = np.flatnonzero(paid & ~fixed[context.assigned.thing])
    leaver = place[context.assigned.account[chosen]]
    thing = context.assigned.thing[chosen]
    opens = take(context.things["opens"], thing)
    return part(
        Action.REVOKE,
        context.lives.person[rows[leaver]],
        context.assigned.account[chosen],
        thing=thing,
        before=ASSIGNED,
        after=UNASSIGNED,
        reason=_why(context, rows[leaver], stage.after) + "; closes " + opens + ", a billed seat",
        rule=f"leaver: revoke_seats after {duration_text(stage.after)}",
        movement="leaver",
    )


def _accounts(context: Context, rows: Rows, waited: pd.Series) -> list[pd.DataFrame]:
    """Take each account to the furthest stage that is due and that it has not reached."""
    account = context.lives.account[rows]
    states = take(context.target.accounts["state"], account)
    reached = states.map(_REACHED).fillna(0).to_numpy(np.int64)
    level = np.zeros(len(rows), dtype=np.int64)
    after = np.full(len(rows), timedelta(0), dtype=object)
    fell = np.zeros(len(rows), dtype=np.bool_)
    for stage in context.rules.leaver:
        if stage.do not in _ENDS:
            continue
        due = _due(waited, stage) & (context.lives.lasting[rows] | (stage.do in {"suspend", "deactivate"}))
        wished = np.full(len(rows), _STEPS.index(stage.do) + 1, dtype=np.int64)
        allowed = picked(context.managed, account) | (stage.do in {"suspend", "remove"})
        allowed &= context.can(_ENDS[stage.do][0])
        step = np.where(allowed, wished, 1)
        further = due & (step > level)
        level = np.where(further, step, level)
        after[further] = stage.after
        fell = np.where(further, ~allowed, fell)
    made = []
    for number, (name, (action, end)) in enumerate(_ENDS.items(), start=1):
        chosen = np.flatnonzero((level == number) & (level > reached))
        reason = _why(context, rows[chosen], after[chosen])
        milder = pd.Series(fell[chosen])
        excuse = "; only suspended: the account is not the organisation's, or the connector cannot do more"
        made.append(
            part(
                action,
                context.lives.person[rows[chosen]],
                account[chosen],
                before=states.iloc[chosen].map(state).reset_index(drop=True),
                after=state(end),
                reason=reason.where(~milder, reason + excuse),
                rule=[f"leaver: {name} after {duration_text(wait)}" for wait in after[chosen]],
                movement="leaver",
            )
        )
    return made


def _why(context: Context, rows: Rows, after: object) -> pd.Series:
    """Why a stage is due, as the beginning of a sentence."""
    why = take(context.lives.why, rows).map(LEAVER_REASONS)
    since = take(context.lives.since, rows).dt.strftime("%Y-%m-%d")
    waits = [duration_text(wait) for wait in np.broadcast_to(np.asarray(after, dtype=object), len(rows))]
    source = take(context.lives.source, rows)
    said: pd.Series = why + " (" + source + "), seen " + since + ", due after "
    return said + pd.Series(waits, dtype="str")


def _note_stuck(context: Context, thing: Rows) -> None:
    """Name what keeps paid seats of leavers and cannot be taken."""
    if len(thing):
        names = shown(set(context.things["name"].iloc[np.unique(thing)]))
        context.note(f"{len(thing)} paid seats of leavers stay, given by {names}",
                  "it is protected, a role or managed elsewhere; take it there")  # fmt: skip
