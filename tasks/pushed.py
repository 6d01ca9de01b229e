"""Tells the Prefect server that something was pushed; an automation starts the sync."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

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
SYNC = "seatwise-sync"
"""Name of the deployment of a sync; where there are many policies, each one's name stands behind it."""
_ACTIVE = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]


def policy_resource(config: str) -> dict[str, str]:
    """What an event says of the policy it is about, as the events of runs do."""
    name = Path(config).stem
    return {"prefect.resource.id": f"seatwise.policy.{name}", "prefect.resource.name": name}


def tell_prefect(config: Path) -> bool:
    """Emit the event, unless a sync runs or is about to: a second one would find its rows stale.

    Args:
        config: the policy file that is pushed to.

    Returns:
        Whether it was emitted; where not, it is to be told again later.
    """
    if _sync_is_active([SYNC, f"{SYNC}-{config.stem}"]):
        return False
    emit_event(EVENT, resource=policy_resource(str(config)))
    return True


def _sync_is_active(names: list[str]) -> bool:
    due = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_ACTIVE)),
        # What is scheduled for later does not read what was pushed now.
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    named = DeploymentFilter(name=DeploymentFilterName(any_=names))
    with get_client(sync_client=True) as client:
        return bool(client.read_flow_runs(flow_run_filter=due, deployment_filter=named, limit=1))
