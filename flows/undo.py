"""Plan the way back from one run: shown, not applied."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.forms import titled
from flows.parameters import Config, Only, Out, RunId
from tasks.aftermath import show_killed
from tasks.ending import as_state
from tasks.publish import publish
from tasks.run import open_run
from tasks.settle import settle_all
from tasks.undo import plan_undo


@titled
@flow(
    name="seatwise-undo",
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def undo(
    run_id: RunId, config: Config = "policy.yaml", out: Out = "out", only: Only = None
) -> State[dict[str, Any]]:
    """Make the inverse of what a run applied into a plan, to be read, approved and applied like any other."""
    with open_run("undo", config, out) as session:
        settle_all(session)
        undoing = plan_undo(session, run_id, only or [])
        session.state.plans, session.state.lasting = undoing.plans, undoing.lasting
        return as_state(session, publish(session))
