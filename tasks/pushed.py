"""Tells the Prefect server that something was pushed; an automation starts the sync."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.events import emit_event

EVENT = "seatwise.pushed"
RESOURCE = {"prefect.resource.id": "seatwise.receive", "prefect.resource.name": "seatwise receive"}
SYNC = "seatwise-sync"
_ACTIVE = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]


def tell_prefect() -> bool:
    """Emit the event, unless a sync runs or is about to: a second one would find its rows stale.

    Returns:
        Whether it was emitted; where not, it is to be told again later.
    """
    if _sync_is_active():
        return False
    emit_event(EVENT, resource=RESOURCE)
    return True


def _sync_is_active() -> bool:
    due = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_ACTIVE)),
        # What is scheduled for later does not read what was pushed now.
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    named = DeploymentFilter(name=DeploymentFilterName(any_=[SYNC]))
    with get_client(sync_client=True) as client:
        return bool(client.read_flow_runs(flow_run_filter=due, deployment_filter=named, limit=1))
