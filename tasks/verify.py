"""The step that reads the touched accounts back and counts what is still missing."""

from __future__ import annotations

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from ledger import StoredPlan
from provisioning.decide.preconditions import postcondition_holds
from provisioning.model.frames import Status
from tasks.load import observe_accounts
from tasks.memory import MADE
from tasks.session import Session


@task(name="verify", task_run_name="verify {target}", cache_policy=NO_CACHE)
def verify(session: Session, plan: StoredPlan, target: str, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Read every touched account afresh.

    Returns:
        The outcomes; a change the target accepted and does not show yet is `pending`, to be settled
        by the next run.
    """
    with session.timed(f"verify {target}"):
        made = outcomes[outcomes["status"].isin(MADE)]
        changes = plan.changes[plan.changes["change_id"].isin(made["change_id"])]
        found = changes.drop(columns="account_id").merge(
            made[["change_id", "account_id"]], on="change_id", validate="one_to_one"
        )[changes.columns]
        if found.empty:
            return outcomes
        observation = observe_accounts(session.sink(target), found)
        held = postcondition_holds(found, observation.accounts, observation.assignments, observation.groups)
        missing = outcomes["change_id"].isin(found.loc[~held.to_numpy(), "change_id"])
        verified = outcomes.assign(
            status=outcomes["status"]
            .mask(missing, Status.PROPAGATING.value)
            .where(~_shown(outcomes, missing), Status.APPLIED.value),
            message=outcomes["message"].mask(
                missing, "accepted, and not shown yet; the next run looks again"
            ),
        )
        session.ledger.record(session.run_id, plan.fingerprint, verified[missing])
    return verified


def _shown(outcomes: pd.DataFrame, missing: pd.Series) -> pd.Series:
    """What was pending and is there now."""
    return outcomes["status"].eq(Status.PROPAGATING.value) & ~missing
