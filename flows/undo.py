"""Plan the way back from one run: shown, not applied."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow

from flows.parameters import Config, Described, Only, Out
from tasks.publish import publish
from tasks.run import open_run
from tasks.settle import settle_all
from tasks.state import RunState
from tasks.undo import plan_undo

RunId = Annotated[str, Described("The run to take back, or its beginning.")]


@flow(name="seatwise-undo", flow_run_name="undo {run_id}")
async def undo(
    run_id: RunId, config: Config = "policy.yaml", out: Out = "out", only: Only = None
) -> dict[str, Any]:
    """Make the inverse of what a run applied into a plan, to be read, approved and applied like any other."""
    with open_run("undo", config, out) as session:
        settle_all(session)
        undoing = plan_undo(session, run_id, only or [])
        state = RunState(plans=undoing.plans, lasting=undoing.lasting)
        return await publish(session, state)
