"""Whether the Prefect server, its workers and its schedules do what they should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType, WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from errors import SeatwiseError
from flows.setup.deployments import POOL
from flows.setup.server import open_server
from provisioning.model.findings import Finding

LATE = timedelta(minutes=5)
"""What a worker may take to begin a run that is due."""
NO_WORKER = "Start one: SEATWISE_HOME=FOLDER prefect worker start --pool seatwise"


def check_server() -> Iterator[Finding]:
    """What the server of PREFECT_API_URL has to say; that none is reached is all that is said then."""
    try:
        with open_server() as client:
            yield Finding("ok", "server", f"{client.api_url} answers")
            scheduled = [each for each in _deployments(client) if any(s.active for s in each.schedules)]
            try:
                yield _check_workers(client, scheduled)
            except ObjectNotFound:
                yield Finding(
                    "warning", "work pool", "is not there", "Create everything with `seatwise deploy`."
                )
                return
            for deployment in scheduled:
                yield _check_schedule(client, deployment)
    except SeatwiseError as error:
        yield Finding("error", "server", error.message, error.remedy)


def _deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=["seatwise"]))
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(deployment_filter=ours, offset=len(found)):
        found += page
    return found


def _check_workers(client: SyncPrefectClient, scheduled: Iterable[DeploymentResponse]) -> Finding:
    client.read_work_pool(POOL)
    workers = client.read_workers_for_work_pool(POOL)
    online = sum(worker.status == WorkerStatus.ONLINE for worker in workers)
    if online:
        return Finding("ok", "workers", f"{online} at work in the pool {POOL}")
    if any(True for _ in scheduled):
        return Finding("error", "workers", "none is at work, so nothing that is scheduled starts", NO_WORKER)
    return Finding("warning", "workers", "none is at work; nothing is scheduled either", NO_WORKER)


def _check_schedule(client: SyncPrefectClient, deployment: DeploymentResponse) -> Finding:
    """A schedule is late when a run of it waits, and silent when there is none to come."""
    if deployment.paused:
        return Finding("warning", deployment.name, "is paused", "Switch it on in the UI under Deployments.")
    waiting = client.read_flow_runs(
        deployment_filter=None,
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        ),
    )
    due = sorted(run.expected_start_time for run in waiting if run.expected_start_time)
    if not due:
        remedy = "Read the server's log: its scheduler makes no runs. Restart the server."
        return Finding("error", deployment.name, "is scheduled, and no run of it is to come", remedy)
    if due[0] < datetime.now(UTC) - LATE:
        words = f"is late: it was due at {due[0]:%Y-%m-%d %H:%M} UTC and no worker took it"
        return Finding("error", deployment.name, words, NO_WORKER)
    return Finding("ok", deployment.name, f"runs next at {due[0]:%Y-%m-%d %H:%M} UTC")
