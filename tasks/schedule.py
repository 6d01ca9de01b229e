"""A run that a schedule made and that nobody could start in time: another that began since stands for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.context import FlowRunContext
from prefect.states import Completed

IN_TIME = timedelta(minutes=1)
"""A worker asks for work every few seconds; what begins within this was not missed."""
SKIPPED = "Skipped"
MAKE_UP = [StateType.RUNNING, StateType.PAUSED, StateType.COMPLETED, StateType.CANCELLED]
"""Types of the states of runs that do the work; one whose plan waits for a person counts as cancelled."""
IDLE = (SKIPPED, "Cancelled")
"""Names of the states among them in which nothing, or not all, was done."""


async def skip_if_missed() -> State[dict[str, Any]] | None:
    """The state to end in when this run was missed and another of its deployment began since it was due.

    Without this, a worker that comes back makes up for every hour it was away, one run after another.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or not run.auto_scheduled or run.expected_start_time is None:
        return None
    if run.run_count > 1 or run.empirical_policy.pause_keys:
        # It is tried again, or goes on now that a person has answered: it began in its time.
        return None
    if datetime.now(UTC) - run.expected_start_time < IN_TIME:
        return None
    other = await _find_other(run)
    if other is None or other.start_time is None:
        return None
    words = (
        f"Missed: it was due at {run.expected_start_time:%Y-%m-%d %H:%M} UTC and no worker was there. "
        f"{other.name} began at {other.start_time:%Y-%m-%d %H:%M} UTC and does the same; nothing was done."
    )
    return Completed(name=SKIPPED, message=words)


async def _find_other(run: FlowRun) -> FlowRun | None:
    """A run of the same deployment that began after this one was due, and did its work."""
    async with get_client() as client:
        found = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                deployment_id=FlowRunFilterDeploymentId(
                    any_=[run.deployment_id] if run.deployment_id else []
                ),
                start_time=FlowRunFilterStartTime(after_=run.expected_start_time),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=MAKE_UP)),
            )
        )
    others = (each for each in found if each.id != run.id and each.state_name not in IDLE)
    return next(others, None)
