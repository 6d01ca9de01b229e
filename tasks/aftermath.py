"""What is shown of a run whose process can say nothing any more: its worker says it.

A worker that sees a run's process end without a word, or has to kill one that does not end when it is told
to, calls this beside it.
"""

from __future__ import annotations

from typing import Any

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun

from ledger import StoredPlan
from ledger.runs import INTERRUPTED
from tasks.publish import publish_so_far
from tasks.session import Session, open_session
from tasks.unheard import tell_unheard

REMEDY = "Start it again: what it had begun is settled by reading, and nothing is made twice."


def show_killed(
    flow: Flow[..., Any],  # noqa: ARG001  Prefect passes it by name
    flow_run: FlowRun,
    state: State[Any],
) -> None:
    """Show the plans of a killed run and what it wrote, and free its targets.

    Args:
        flow: the flow.
        flow_run: its run; of one that said in the ledger how it ended, the server hears that.
        state: the state it was found in.
    """
    given = flow_run.parameters
    with open_session(given.get("config", "policy.yaml"), out=given.get("out", "out")) as session:
        attempts = session.ledger.attempts_at(str(flow_run.id))
        if not attempts:
            return
        if not session.ledger.close_killed(attempts[-1], session.moment()):
            tell_unheard(session.ledger)
            return
        run = session.ledger.run(attempts[-1])
        session.run_id, session.flow, session.flow_run = run.run_id, run.flow, str(flow_run.id)
        session.state.plans = _plans_of(session)
        why = f"its process ended without a word ({state.message or state.name})"
        publish_so_far(session, f"{why}. {REMEDY}", INTERRUPTED)


def _plans_of(session: Session) -> list[StoredPlan]:
    """What the run decided, or was given to write."""
    ledger = session.ledger
    decided = {plan.fingerprint: plan for plan in ledger.plans(session.run_id)}
    given = {found: ledger.plan(found) for found in ledger.begun(session.run_id) if found not in decided}
    return [*decided.values(), *given.values()]
