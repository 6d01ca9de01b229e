"""Reconcile and apply in one go, unless a limit or a rule stops a plan."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.apply import apply_plan
from flows.forms import titled
from flows.parameters import Config, Full, Only, Out
from flows.reconcile import read_and_decide
from tasks.after import read_again
from tasks.aftermath import show_killed
from tasks.answers import adopt_answers, record_answers
from tasks.approval import ask_for_approval
from tasks.consent import releases
from tasks.continuing import continue_plans, earlier_plans
from tasks.ending import as_state
from tasks.publish import publish
from tasks.run import open_run
from tasks.runner import choose_runner
from tasks.schedule import skip_if_missed


@titled
@flow(
    name="seatwise-sync",
    task_runner=choose_runner(),
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def sync(
    config: Config = "policy.yaml",
    out: Out = "out",
    only: Only = None,
    full: Full = False,
) -> State[dict[str, Any]]:
    """Bring the targets in step; a plan that a limit or a rule stops waits for a person."""
    if (missed := await skip_if_missed()) is not None:
        return missed
    with open_run("sync", config, out, only=only, full=full) as session:
        await record_answers(session, earlier_plans(session))
        await adopt_answers(session)
        continue_plans(session)
        read_and_decide(session)
        for plan in releases(session):
            try:
                apply_plan(session, plan)
            except Exception as error:
                if len(session.target_names) == 1:
                    raise
                session.failed[plan.target] = str(error)
        read_again(session)
        await ask_for_approval(session)
        return as_state(session, publish(session))
