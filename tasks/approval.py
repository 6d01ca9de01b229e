"""A plan that needs approval makes the run of a deployment wait for a person, who answers in the Prefect UI.

The process ends meanwhile. When somebody presses Resume, a worker begins the run again from the top, and it
goes on with the plan that was shown: nothing is planned afresh behind the back of who approved it.
"""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State, StateType
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound, Pause
from prefect.runtime import deployment
from prefect.states import Suspended
from prefect.utilities.engine import propose_state

from ledger import StoredPlan
from ledger.tables import APPROVED
from provisioning.model.text import one_line
from reports import plan_text
from tasks.answers import Approval, keys_of, keyset_of
from tasks.consent import missing_approvals, refusal, rejection
from tasks.ending import ENDINGS, describe_ending
from tasks.personal_data import veil, veil_people
from tasks.progress import tell
from tasks.publish import publish
from tasks.session import Session

SHOWN = 20
"""Rows of the plan that stand on the form; the artifact has the others."""


async def ask_for_approval(session: Session) -> None:
    """End the process until a person has answered, if a plan of the run needs that.

    A run that no deployment started cannot wait: its plan waits in the ledger alone. Nor does a second run
    ask for the same target.

    Raises:
        Pause: the run waits; Prefect takes it from there.
    """
    asked = [plan for plan in session.state.plans if _must_ask(session, plan)]
    if not deployment.id or not asked:
        return
    plan = asked[0]
    if (other := _waiting_run(session, plan.target)) is not None:
        tell(f"{plan.target}: run {other} waits for the approval of a plan already, so this one does not ask")
        return
    summary = publish(session)
    message = veil(describe_ending(summary), session.policy.personal_data)
    context = FlowRunContext.get()
    answered = keys_of(context.flow_run if context is not None else None, plan)
    key = f"{plan.fingerprint[:12]}-{len(answered)}"
    await _suspend(session, key, _describe(session, plan), message)


def resume(flow_run: str, *, by: str, reason: str) -> bool:
    """Let a run go on that waits for the approval of its plan.

    Returns:
        Whether it was waiting.
    """
    answer = {"decision": APPROVED, "reason": reason, "approver": by}
    with get_client(sync_client=True) as client:
        if not _waits(client, flow_run):
            return False
        client.resume_flow_run(UUID(flow_run), run_input=answer)
    return True


def _waits(client: SyncPrefectClient, flow_run: str) -> bool:
    """Whether a run waits for a person; one that the server has forgotten does not."""
    try:
        state = client.read_flow_run(UUID(flow_run)).state
    except ObjectNotFound:
        return False
    return state is not None and state.is_paused()


def _must_ask(session: Session, plan: StoredPlan) -> bool:
    can = (
        len(plan.changes) and session.sink_actions(plan.target) and plan.target not in session.state.outcomes
    )
    if not can or rejection(session, plan) is not None:
        return False
    return missing_approvals(session, plan, blocked=bool(plan.blocked_by)) > 0


def _waiting_run(session: Session, target: str) -> str | None:
    """Another run that waits for a person to decide about the target."""
    since = session.now - session.policy.approve.timeout
    others = session.ledger.undecided(target, since=since)
    with get_client(sync_client=True) as client:
        waiting = (run_id for run_id, run in others if run != session.flow_run and _waits(client, run))
        return next(waiting, None)


async def _suspend(session: Session, key: str, description: str, message: str) -> None:
    """Put the run to sleep under a name of its own; Prefect would call it suspended, and not say why."""
    timeout = int(session.policy.approve.timeout.total_seconds())
    details = Suspended(timeout_seconds=timeout, pause_key=key).state_details
    keyset = keyset_of(key)
    details = details.model_copy(update={"run_input_keyset": keyset})
    name = ENDINGS["needs approval"].name
    waiting: State[None] = State(type=StateType.PAUSED, name=name, message=message, state_details=details)
    run = UUID(session.flow_run)
    async with get_client() as client:
        state: State[None] = await propose_state(client, waiting, flow_run_id=run)
    if not state.is_paused():
        return
    await Approval.with_initial_data(description=description).asave(keyset, flow_run_id=run)
    raise Pause(state=state)


def _describe(session: Session, plan: StoredPlan) -> str:
    """The plan as Markdown above the form: how much, why it waits, the worst rows, where the rest is."""
    how = session.policy.personal_data
    title = plan_text.plan_title(plan.changes, f"{plan.target}: plan {plan.fingerprint[:12]}")
    rows = plan_text.table_rows(veil_people(plan.changes, how, texts=["reason"]), SHOWN + 1)
    worst = [one_line(f"- {row['Action']} {row['Who']} {row['What']}: {row['Why']}") for row in rows]
    whole = f"The whole plan is an artifact of this run and in `{session.out / 'plan.csv'}`."
    return "\n\n".join([f"# {title}", veil(refusal(session, plan), how), "\n".join(worst), whole])
