"""The step that reads the touched accounts back and counts what is still missing."""

from __future__ import annotations

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from ledger import StoredPlan
from provisioning.decide.preconditions import postcondition_holds
from provisioning.model.terms import Status
from tasks.memory import MADE
from tasks.outcomes import observe_accounts, with_accounts
from tasks.session import Session

NOT_SHOWN = "accepted, and not shown yet; the next run reads it again"


@task(name="verify", task_run_name="verify {plan.target}", cache_policy=NO_CACHE)
def verify(session: Session, plan: StoredPlan, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Read every touched account afresh.

    Returns:
        The outcomes; a change the target accepted and does not show yet is `propagating`, to be settled
        by the next run.
    """
    with session.timed(f"verify {plan.target}"):
        made = outcomes[outcomes["status"].isin(MADE)]
        changes = with_accounts(plan.changes, made)
        if changes.empty:
            return outcomes
        observation = observe_accounts(session.sink(plan.target), changes)
        holds = postcondition_holds(changes, *observation)
        missing = outcomes["change_id"].isin(changes.loc[~holds.to_numpy(), "change_id"])
        settled = outcomes["status"].eq(Status.PROPAGATING.value) & ~missing
        status = outcomes["status"].mask(missing, Status.PROPAGATING.value)
        verified = outcomes.assign(
            status=status.mask(settled, Status.APPLIED.value),
            message=outcomes["message"].mask(missing, NOT_SHOWN),
        )
        session.ledger.record(session.run_id, plan.fingerprint, verified[missing])
    return verified
