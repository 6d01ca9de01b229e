"""Read everything, compare, plan and show. Writes nothing outside."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.forms import titled
from flows.parameters import AsOf, Config, Full, Only, Out
from tasks.aftermath import show_killed
from tasks.decide import decide_target, remember_reads
from tasks.ending import as_state
from tasks.past import restore_reads
from tasks.publish import publish
from tasks.reads import read_all, without_plan
from tasks.run import open_run
from tasks.runner import choose_runner
from tasks.session import Session
from tasks.settle import settle_all


@titled
@flow(
    name="seatwise-reconcile",
    task_runner=choose_runner(),
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def reconcile(
    config: Config = "policy.yaml",
    out: Out = "out",
    only: Only = None,
    as_of: AsOf = None,
    full: Full = False,
) -> State[dict[str, Any]]:
    """Plan what would bring the targets in step, and show it."""
    with open_run("reconcile", config, out, only=only, as_of=as_of, full=full) as session:
        read_and_decide(session)
        return as_state(session, publish(session))


def read_and_decide(session: Session) -> None:
    """Settle what was interrupted, read side by side, decide the targets that have no plan yet."""
    state = session.state
    if session.past is not None:
        state.sources, state.targets = restore_reads(session)
    else:
        settle_all(session)
        if left := without_plan(session):
            read_all(session, left)
    for name in state.targets:
        state.decisions[name], plan = decide_target(session, name, state.sources, state.targets)
        state.plans.append(plan)
    if state.sources or state.targets:
        remember_reads(session, state.sources, state.targets, state.fallen)
