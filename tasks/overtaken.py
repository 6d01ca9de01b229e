"""What a later plan of the same target takes no more, an earlier one must not take either."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, complete
from provisioning.model.terms import Status
from tasks.memory import MADE
from tasks.progress import tell
from tasks.session import Session

_SAME = ["account_id", "action", "kind", "entitlement_id"]


def without_overtaken(session: Session, plan: StoredPlan) -> StoredPlan:
    """A plan without the losses that a later plan, made of later reads, holds no more; they end as stale.

    What was made of the plan before stays in it, and so does everything of a plan that takes a run back.
    """
    newest = None if plan.undoes else session.ledger.newest_plan(plan.target, since=plan.created)
    if newest is None:
        return plan
    overtaken = plan.changes[_is_gone(session, plan, newest)]
    if overtaken.empty:
        return plan
    message = f"plan {newest.fingerprint[:12]} of run {newest.run_id}, made later, takes this no more"
    tell(f"{plan.target}: {len(overtaken)} not made; {message}")
    stale = overtaken[["change_id", "account_id"]].assign(
        status=Status.STALE.value, message=message, at=pd.Timestamp(session.moment())
    )
    session.ledger.record(session.run_id, plan.fingerprint, complete(Outcomes, stale))
    return replace(plan, changes=plan.changes.drop(overtaken.index))


def _is_gone(session: Session, plan: StoredPlan, newest: StoredPlan) -> pd.Series:
    """Which losses of a plan are not in the newest and were never made."""
    outcomes = session.ledger.outcomes(plan.fingerprint)
    made = outcomes.loc[outcomes["status"].isin(MADE), "change_id"]
    still = newest.changes[_SAME].drop_duplicates()
    where = plan.changes[_SAME].merge(still, on=_SAME, how="left", indicator="where")["where"]
    gone = where.eq("left_only").set_axis(plan.changes.index)
    return gone & plan.changes["destructive"] & ~plan.changes["change_id"].isin(made)
