"""What people answered on the forms of runs that wait for approval, and where it is kept: in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.input import RunInput
from prefect.input.run_input import Keyset, keyset_from_base_key
from prefect.runtime import deployment
from pydantic import Field, ValidationError

from ledger import StoredPlan
from ledger.tables import APPROVED
from tasks.approver import approver_key, approver_name
from tasks.consent import accept_reads
from tasks.progress import tell
from tasks.session import Session


class Approval(RunInput):
    """What a person says of a plan that waits."""

    decision: Literal["approve", "reject"] = Field(
        title="Decision", description="`reject` ends the run; nothing is written."
    )
    reason: str = Field(title="Reason", description="Kept in the ledger.", min_length=1, pattern=r"\S")
    approver: str = Field(
        title="Your name",
        description="Kept in the ledger. Where two people must approve, these are two names.",
        min_length=1,
        pattern=r"\S",
    )


async def record_answers(session: Session, plans: Sequence[StoredPlan]) -> None:
    """Keep what people answered on the forms of this run in the ledger, once.

    Args:
        session: the open session.
        plans: those the run has asked about, also if they are outdated since.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    for plan in plans:
        await _record(session, plan, context.flow_run)


async def adopt_answers(session: Session) -> None:
    """Keep what was answered on the forms of other runs that could not go on to read it.

    While a sync is at work the server turns another one of the deployment away, also one that was to go on.
    """
    if not deployment.id:
        return
    since = session.moment() - session.policy.approve.timeout
    for target in session.target_names:
        for run_id, flow_run in session.ledger.undecided(target, since=since):
            if flow_run == session.flow_run or (run := await _turned_away(flow_run)) is None:
                continue
            for plan in session.ledger.plans(run_id):
                await _record(session, plan, run)


def keys_of(run: FlowRun | None, plan: StoredPlan) -> list[str]:
    """The forms that a run has shown for a plan and that were answered, first one first."""
    used = run.empirical_policy.pause_keys if run is not None else None
    mine = [key for key in used or () if key.startswith(plan.fingerprint[:12])]
    return sorted(mine, key=lambda key: int(key.rpartition("-")[2]))


def keyset_of(key: str) -> Keyset:
    """Where the server keeps a form and its answer."""
    return keyset_from_base_key(f"approval-{key}")


async def _turned_away(flow_run: str) -> FlowRun | None:
    """A run that the server cancelled; None for any other, and for one it has forgotten."""
    async with get_client() as client:
        try:
            run = await client.read_flow_run(UUID(flow_run))
        except ObjectNotFound:
            return None
    return run if run.state is not None and run.state.is_cancelled() else None


async def _record(session: Session, plan: StoredPlan, run: FlowRun) -> None:
    known = session.ledger.decisions(plan.fingerprint)
    kept = {(approver_key(row["by"]), row["reason"], row["decision"]) for row in known.to_dict("records")}
    for key in keys_of(run, plan):
        answer = await _answer(key, run.id)
        if answer is None or (approver_key(answer.approver), answer.reason, answer.decision) in kept:
            continue
        by = approver_name(answer.approver)
        session.ledger.approve(
            plan.fingerprint, by=by, reason=answer.reason, at=session.moment(), decision=answer.decision
        )
        tell(f"{plan.target}: {by}: {answer.decision} plan {plan.fingerprint[:12]}: {answer.reason}")
        if answer.decision == APPROVED:
            accept_reads(session, plan)


async def _answer(key: str, run: UUID) -> Approval | None:
    """What was answered on a form; None when the run was set going without an answer, or by nobody."""
    try:
        answer = await Approval.aload(keyset_of(key), flow_run_id=run)
    except ValidationError:
        return None
    if not approver_name(answer.approver):
        tell(f"what was answered on form {key} does not count: the name of who answered is empty")
        return None
    return answer
