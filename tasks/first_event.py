"""The first event of a run that a schedule made, which Prefect's scheduler leaves out.

A server puts the events of a run in order before its automations see them: each follows the one before.
Where the first one never comes, and the run begins within five minutes of being made, as it does when a
schedule has just been switched on, all its changes of state are held back for a quarter of an hour. Its signs
of life are not, so the automation that closes silent runs would close one that waits for a person.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext
from prefect.events import emit_event

from tasks.progress import announce

HELD = timedelta(minutes=5)
"""Beyond this the server puts events in no order."""
SCHEDULED = "prefect.flow-run.Scheduled"


def tell_first_event() -> None:
    """Tell that the run was scheduled, where nobody has; a run never fails for its sake."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or not run.auto_scheduled or run.run_count > 1 or run.created is None:
        return
    if datetime.now(UTC) - run.created > 2 * HELD:
        return
    try:
        with get_client(sync_client=True) as client:
            states = client.read_flow_run_states(run.id)
        first = min(states, key=lambda state: state.timestamp)
        if first.type == StateType.SCHEDULED:
            # The server names the event of a change after the state that it leads to.
            resource = {
                "prefect.resource.id": f"prefect.flow-run.{run.id}",
                "prefect.resource.name": run.name,
            }
            emit_event(SCHEDULED, resource=resource, occurred=first.timestamp, id=first.id)
    except Exception as untold:  # noqa: BLE001  whatever it is
        announce(f"the server's automations may hear of this run a quarter of an hour late: {untold}")
