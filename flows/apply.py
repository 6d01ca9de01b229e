"""The only flow that writes: exactly the plan that was read."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow

from flows.parameters import Config, Described, Out
from ledger import StoredPlan
from reports.plan_text import final_lines
from tasks.consent import require_consent
from tasks.lease import lease_target
from tasks.load import load_plan
from tasks.progress import announce
from tasks.publish import publish
from tasks.run import open_run
from tasks.session import Session
from tasks.settle import settle_interrupted
from tasks.state import RunState
from tasks.verify import verify

Fingerprint = Annotated[str, Described("Fingerprint of the plan, or its beginning.")]


@flow(name="seatwise-apply", flow_run_name="apply {plan}")
async def apply(plan: Fingerprint, config: Config = "policy.yaml", out: Out = "out") -> dict[str, Any]:
    """Make the changes of one plan, and nothing else."""
    with open_run("apply", config, out) as session:
        stored = session.ledger.plan(plan)
        settle_interrupted(session, stored.target)
        require_consent(session, stored)
        state = RunState(plans=[stored])
        apply_plan(session, stored, state)
        return await publish(session, state)


def apply_plan(session: Session, plan: StoredPlan, state: RunState) -> None:
    """Write a plan, read back, and keep what came of it, also of a plan that ends half-way."""
    target, ledger = plan.target, session.ledger
    with lease_target(session, target):
        for line in final_lines(plan.changes):
            announce(f"{target}: cannot be undone: {line}")
        # Now, not at the end: a plan of the rest is not the first one of this policy that a person sees.
        ledger.policy_applied(target, plan.policy_fingerprint, session.moment())
        try:
            state.outcomes[target] = verify(session, plan, load_plan(session, plan))
        except Exception:
            state.outcomes[target] = ledger.outcomes(plan.fingerprint, session.run_id)
            raise
