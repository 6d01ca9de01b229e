"""The only flow that writes: exactly the plan that was read."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.forms import titled
from flows.parameters import Config, Fingerprint, Out
from ledger import StoredPlan
from reports.plan_text import final_lines
from tasks.aftermath import show_killed
from tasks.answers import record_answers
from tasks.approval import ask_for_approval
from tasks.consent import keep_policy_seen, require_consent
from tasks.continuing import left_to_write, with_earlier
from tasks.ending import as_state
from tasks.lease import lease_target
from tasks.load import load_plan
from tasks.overtaken import without_overtaken
from tasks.progress import announce
from tasks.publish import publish
from tasks.run import open_run
from tasks.runner import choose_runner
from tasks.session import Session
from tasks.settle import settle_interrupted
from tasks.verify import verify


@titled
@flow(
    name="seatwise-apply",
    task_runner=choose_runner(),
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def apply(plan: Fingerprint, config: Config = "policy.yaml", out: Out = "out") -> State[dict[str, Any]]:
    """Make the changes of one plan, and nothing else."""
    with open_run("apply", config, out) as session:
        stored = session.ledger.plan(plan)
        settle_interrupted(session, stored.target)
        session.state.plans.append(stored)
        await record_answers(session, [stored])
        await ask_for_approval(session)
        require_consent(session, stored)
        apply_plan(session, stored)
        return as_state(session, publish(session))


def apply_plan(session: Session, plan: StoredPlan) -> None:
    """Write a plan, read back, and keep what came of it."""
    target = plan.target
    left = without_overtaken(session, left_to_write(session, plan))
    with lease_target(session, target):
        for line in final_lines(left.changes):
            announce(f"{target}: cannot be undone: {line}")
        keep_policy_seen(session, plan)
        outcomes = verify(session, left, load_plan(session, plan, left=left.changes))
        session.state.outcomes[target] = with_earlier(session, plan, outcomes)
