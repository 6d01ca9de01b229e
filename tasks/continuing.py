"""A run that is begun again, because it waited for a person or failed, goes on where it stood."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ledger import StoredPlan
from ledger.plans import NEEDS_APPROVAL
from provisioning.model.frames import Outcomes, concat
from tasks.memory import MADE
from tasks.progress import tell
from tasks.session import Session


def continue_plans(session: Session) -> None:
    """Take over the plans of the run's earlier attempts that people decided about or that were begun.

    Any other is planned afresh, and so is one that the policy, or another run, has outdated since: what was
    decided about it counts for nothing then.
    """
    earlier = session.earlier_attempts
    newest = {plan.target: plan for plan in earlier_plans(session)}
    for plan in newest.values():
        if not _is_begun(session, plan, earlier):
            continue
        if _is_outdated(session, plan, earlier):
            tell(f"{plan.target}: plan {plan.fingerprint[:12]} is outdated; nothing more of it is written")
            continue
        tell(f"{plan.target}: goes on with plan {plan.fingerprint[:12]} of run {plan.run_id}")
        session.state.plans.append(plan)


def earlier_plans(session: Session) -> list[StoredPlan]:
    """The plans of the run's earlier attempts, oldest first."""
    return [plan for run_id in session.earlier_attempts for plan in session.ledger.plans(run_id)]


def left_to_write(session: Session, plan: StoredPlan) -> StoredPlan:
    """A plan without the changes that earlier attempts have made."""
    made = session.ledger.outcomes(plan.fingerprint, session.ledger.attempts(session.run_id))
    done = made.loc[made["status"].isin(MADE), "change_id"]
    return replace(plan, changes=plan.changes[~plan.changes["change_id"].isin(done)])


def with_earlier(session: Session, plan: StoredPlan, outcomes: pd.DataFrame) -> pd.DataFrame:
    """The outcomes of this attempt, and those of earlier ones for changes it did not try."""
    attempts = session.ledger.attempts(session.run_id)
    recorded = session.ledger.outcomes(plan.fingerprint, attempts)
    return concat(Outcomes, [recorded[~recorded["change_id"].isin(outcomes["change_id"])], outcomes])


def _is_begun(session: Session, plan: StoredPlan, earlier: list[str]) -> bool:
    written = not session.ledger.outcomes(plan.fingerprint, earlier).empty
    return written or session.ledger.run(plan.run_id).verdict == NEEDS_APPROVAL


def _is_outdated(session: Session, plan: StoredPlan, earlier: list[str]) -> bool:
    if plan.policy_fingerprint != session.policy.fingerprint():
        return True
    if plan.created < session.moment() - session.policy.approve.timeout:
        return True
    return session.ledger.wrote_since(plan.target, plan.created, others_than=earlier)
