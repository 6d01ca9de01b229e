"""What a later plan of the same people holds no more, an earlier one must not make either.

Whoever was to lose something may be at work again, and whoever was to get something may have left.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, complete
from provisioning.model.terms import Action, Status
from provisioning.model.text import folded
from tasks.memory import MADE
from tasks.progress import tell
from tasks.session import Session

_UPDATES = [Action.UPDATE.value, Action.UPDATE_EMAIL.value]


def without_overtaken(session: Session, plan: StoredPlan) -> StoredPlan:
    """A plan without the changes that later plans, made of later reads, hold no more; they end as stale."""
    why = find_overtaken(session, plan)
    if why.empty:
        return plan
    overtaken = plan.changes.loc[why.index]
    for message, number in why.value_counts().items():
        tell(f"{plan.target}: {number} not made; {message}")
    stale = overtaken[["change_id", "account_id"]].assign(
        status=Status.STALE.value, message=why, at=pd.Timestamp(session.moment())
    )
    session.ledger.record(session.run_id, plan.fingerprint, complete(Outcomes, stale))
    return replace(plan, changes=plan.changes.drop(overtaken.index))


def find_overtaken(session: Session, plan: StoredPlan) -> pd.Series:
    """Which changes of a plan later ones hold no more, by their place in it, and what is said of each.

    The last plan that is of a person counts. What was made of the plan before is none of them, nor anything
    of a plan that takes a run back.
    """
    why = [pd.Series(dtype="str")]
    later = [] if plan.undoes else session.ledger.later_plans(plan)
    left = not_made(session, plan) if later else plan.changes
    for newer in later:
        theirs = left[_is_of(newer, left)]
        gone = theirs[~_holds(newer.changes, theirs)]
        message = f"plan {newer.fingerprint[:12]} of run {newer.run_id}, made later, holds this no more"
        why.append(pd.Series(message, index=gone.index, dtype="str"))
        left = left.drop(theirs.index)
    told: pd.Series = pd.concat(why)
    return told


def not_made(session: Session, plan: StoredPlan) -> pd.DataFrame:
    """The changes of a plan that no run has made."""
    outcomes = session.ledger.outcomes(plan.fingerprint)
    made = outcomes.loc[outcomes["status"].isin(MADE), "change_id"]
    return plan.changes[~plan.changes["change_id"].isin(made)]


def _is_of(plan: StoredPlan, changes: pd.DataFrame) -> pd.Series:
    """Which changes are of people that a plan says something of."""
    if plan.asked_for is None:
        return pd.Series(data=True, index=changes.index)
    return folded(changes["subject"]).isin(folded(pd.Series(plan.asked_for, dtype="str")))


def _holds(newer: pd.DataFrame, changes: pd.DataFrame) -> pd.Series:
    """Which changes a newer plan holds as well.

    What an account that is still to be made gets, or a group that is, has no identifier: names tell it.
    """
    by_name = changes["account_id"].isna() | (changes["entitlement_id"].isna() & changes["kind"].notna())
    named = _keys(changes, folded(changes["subject"]), "entitlement")
    identified = _keys(changes, changes["account_id"], "entitlement_id")
    held = identified.isin(_keys(newer, newer["account_id"], "entitlement_id"))
    held_by_name = named.isin(_keys(newer, folded(newer["subject"]), "entitlement"))
    return held.where(~by_name, held_by_name)


def _keys(changes: pd.DataFrame, whose: pd.Series, entitlement: str) -> pd.Series:
    """What tells each change from others; an update also by what it writes."""
    written = changes["after"].where(changes["action"].isin(_UPDATES), "")
    parts = [whose, changes["action"], changes["kind"], changes[entitlement], written]
    rows = zip(*(part.astype("object").fillna("") for part in parts), strict=True)
    return pd.Series(list(rows), index=changes.index, dtype="object")
