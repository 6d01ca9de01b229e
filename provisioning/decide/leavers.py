"""The way out of a leaver: seats first, then the account, each stage after its own days."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from provisioning.decide.changes import HELD, NOT_HELD, part, state
from provisioning.decide.context import Case, picked, shown
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


def leave(case: Case) -> list[pd.DataFrame]:
    """What the stages that are due ask for.

    Someone suspended at the identity provider, who may be back tomorrow, loses seats and is suspended or
    deactivated, but neither removed nor deleted.
    """
    rows = np.flatnonzero(case.lives.are("leaver"))
    if not len(rows):
        return []
    waited = pd.Timestamp(case.now) - case.lives.since.iloc[rows].reset_index(drop=True)
    seats = [_seats(case, rows, waited, stage) for stage in case.rules.leaver if stage.do == "revoke_seats"]
    return [*seats, *_accounts(case, rows, waited)]


def _due(waited: pd.Series, stage: Stage) -> Mask:
    due: Mask = (waited >= pd.Timedelta(stage.after)).to_numpy(np.bool_)
    return due


def _seats(case: Case, rows: Rows, waited: pd.Series, stage: Stage) -> pd.DataFrame:
    """Take all that gives a billed seat to an account that can be used."""
    account = case.lives.account[rows]
    due = _due(waited, stage) & picked(case.usable, account)
    place = np.full(len(case.target.accounts) + 1, -1, dtype=np.int64)
    place[account[due]] = np.flatnonzero(due)
    paid = case.flag("billable")[case.held.thing] & (place[case.held.account] >= 0)
    fixed = ~case.flag("modifiable") | case.flag("protected")
    _note_stuck(case, case.held.thing[paid & fixed[case.held.thing]])
    chosen = np.flatnonzero(paid & ~fixed[case.held.thing])
    leaver = place[case.held.account[chosen]]
    thing = case.held.thing[chosen]
    opens = take(case.things["opens"], thing)
    return part(
        Action.REVOKE,
        case.lives.person[rows[leaver]],
        case.held.account[chosen],
        thing=thing,
        before=HELD,
        after=NOT_HELD,
        reason=_why(case, rows[leaver], stage.after) + "; closes " + opens + ", a billed seat",
        rule=f"leaver: revoke_seats after {duration_text(stage.after)}",
        movement="leaver",
    )


def _accounts(case: Case, rows: Rows, waited: pd.Series) -> list[pd.DataFrame]:
    """Take each account to the furthest stage that is due and that it has not reached."""
    account = case.lives.account[rows]
    states = take(case.target.accounts["state"], account)
    reached = states.map(_REACHED).fillna(0).to_numpy(np.int64)
    level = np.zeros(len(rows), dtype=np.int64)
    after = np.full(len(rows), timedelta(0), dtype=object)
    fell = np.zeros(len(rows), dtype=np.bool_)
    for stage in case.rules.leaver:
        if stage.do not in _ENDS:
            continue
        due = _due(waited, stage) & (case.lives.lasting[rows] | (stage.do in {"suspend", "deactivate"}))
        wished = np.full(len(rows), _STEPS.index(stage.do) + 1, dtype=np.int64)
        allowed = picked(case.managed, account) | (stage.do in {"suspend", "remove"})
        allowed &= case.can(_ENDS[stage.do][0])
        step = np.where(allowed, wished, 1)
        further = due & (step > level)
        level = np.where(further, step, level)
        after[further] = stage.after
        fell = np.where(further, ~allowed, fell)
    made = []
    for number, (name, (action, end)) in enumerate(_ENDS.items(), start=1):
        chosen = np.flatnonzero((level == number) & (level > reached))
        reason = _why(case, rows[chosen], after[chosen])
        milder = pd.Series(fell[chosen])
        excuse = "; only suspended: the account is not the organisation's, or the connector cannot do more"
        made.append(
            part(
                action,
                case.lives.person[rows[chosen]],
                account[chosen],
                before=states.iloc[chosen].map(state).reset_index(drop=True),
                after=state(end),
                reason=reason.where(~milder, reason + excuse),
                rule=[f"leaver: {name} after {duration_text(wait)}" for wait in after[chosen]],
                movement="leaver",
            )
        )
    return made


def _why(case: Case, rows: Rows, after: object) -> pd.Series:
    """Why a stage is due, as the beginning of a sentence."""
    why = take(case.lives.why, rows).map(LEAVER_REASONS)
    since = take(case.lives.since, rows).dt.strftime("%Y-%m-%d")
    waits = [duration_text(wait) for wait in np.broadcast_to(np.asarray(after, dtype=object), len(rows))]
    source = take(case.lives.source, rows)
    said: pd.Series = why + " (" + source + "), seen " + since + ", due after "
    return said + pd.Series(waits, dtype="str")


def _note_stuck(case: Case, thing: Rows) -> None:
    """Name what keeps paid seats of leavers and cannot be taken."""
    if len(thing):
        names = shown(set(case.things["name"].iloc[np.unique(thing)]))
        case.note(f"{len(thing)} paid seats of leavers stay, given by {names}",
                  "it is protected, a role or managed elsewhere; take it there")  # fmt: skip
