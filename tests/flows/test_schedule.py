"""Which run counts as missed, asked of a real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed, Running, State

from tasks.ending import ENDINGS
from tasks.schedule import SKIPPED, skip_if_missed

MISSED = {"auto_scheduled": True, "run_count": 1}


@flow
async def nothing() -> None:
    """Stands for any flow that is deployed."""


@pytest.fixture
def deployment(server: str) -> UUID:
    """A deployment nobody serves."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(nothing)
        return client.create_deployment(flow_id=flow_id, name=f"of {datetime.now(UTC).isoformat()}")


def begin_another(deployment: UUID, *states: State) -> None:
    """A run of the deployment that came to these states just now."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment)
        for state in states:
            client.set_flow_run_state(run.id, state, force=True)


def decide(deployment: UUID, *, late: timedelta = timedelta(hours=3), **facts: object) -> State | None:
    """What a run of the deployment that was due so long ago would do."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment)
    due = {"expected_start_time": datetime.now(UTC) - late, **facts}
    told = FlowRun.model_validate({**run.model_dump(), **due})
    with FlowRunContext.model_construct(flow_run=told):
        return asyncio.run(skip_if_missed())


def test_a_missed_run_is_skipped_where_another_began_since(deployment):
    assert decide(deployment, **MISSED) is None
    begin_another(deployment, Running())

    state = decide(deployment, **MISSED)

    assert state is not None
    assert state.name == SKIPPED
    assert "nothing was done" in str(state.message)


@pytest.mark.parametrize(
    "facts",
    [
        {"auto_scheduled": False, "run_count": 1},
        {"auto_scheduled": True, "run_count": 2},
        # Prefect does not count the run again that goes on where it waited.
        {
            "auto_scheduled": True,
            "run_count": 1,
            "empirical_policy": {"pause_keys": ["ab12"], "resuming": False},
        },
        {"auto_scheduled": True, "run_count": 1, "late": timedelta(seconds=20)},
    ],
    ids=["started by hand", "tried again", "resumed by a person", "in time"],
)
def test_what_was_not_missed_is_never_skipped(facts, deployment):
    """Least of all a run that waited for hours until a person had approved its plan."""
    begin_another(deployment, Running(), Completed())

    assert decide(deployment, **facts) is None


def test_a_run_whose_plan_waits_for_a_person_has_done_the_work(deployment):
    begin_another(deployment, Running(), Cancelled(name=ENDINGS["needs approval"].name))

    assert decide(deployment, **MISSED) is not None


def test_a_run_that_ended_early_or_was_skipped_makes_up_for_nothing(deployment):
    begin_another(deployment, Running(), Failed())
    begin_another(deployment, Running(), Completed(name=SKIPPED))
    begin_another(deployment, Running(), Cancelled())

    assert decide(deployment, **MISSED) is None
