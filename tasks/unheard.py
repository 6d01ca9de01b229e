"""Runs that reached their end and died before the server heard of it: the ledger tells it.

A run writes its verdict into the ledger and then tells the server. Who is killed between the two, or is taken
for dead while the server was away, stands there as crashed for ever, although all of it was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State, StateType

from ledger import Ledger
from ledger.runs import RunRow
from tasks.ending import ENDINGS, describe_briefly
from tasks.progress import announce

LOOKED_AT = 50
"""Runs of the ledger that are looked at, the newest."""


def tell_unheard(ledger: Ledger) -> None:
    """Correct the runs that the server takes for crashed; a run never fails for another one's sake."""
    attempts = ledger.last_attempts(LOOKED_AT)
    try:
        _correct(ledger, {UUID(flow_run): run_id for flow_run, run_id in attempts.items()})
    except Exception as untold:  # noqa: BLE001  whatever it is
        announce(f"the server may still show runs as crashed that reached their end: {untold}")


def _correct(ledger: Ledger, attempts: Mapping[UUID, str]) -> None:
    wanted = FlowRunFilter.model_validate(
        {"id": {"any_": list(attempts)}, "state": {"type": {"any_": [StateType.CRASHED]}}}
    )
    with get_client(sync_client=True) as client:
        for crashed in client.read_flow_runs(flow_run_filter=wanted):
            run = ledger.run(attempts[crashed.id])
            if run.verdict in ENDINGS:
                client.set_flow_run_state(crashed.id, _as_it_ended(run), force=True)


def _as_it_ended(run: RunRow) -> State[None]:
    """The state the run would have had."""
    ending = ENDINGS[str(run.verdict)]
    brief = describe_briefly(run.summary or {})
    message = (
        f"{brief[:1].upper()}{brief[1:]}. Its process was gone before it could say so here; "
        f"`seatwise show {run.run_id}` has all of it."
    )
    return State(type=ending.type, name=ending.name, message=message)
