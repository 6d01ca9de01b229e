"""The way back: what a run applied becomes inverse plans in the ledger, one per target."""

from __future__ import annotations

from errors import SeatwiseError
from ledger import StoredPlan
from provisioning.decide.plan import Plan, inverse
from tasks.session import Session


class NothingToUndo(SeatwiseError):
    """The run applied nothing that can be taken back."""

    remedy = "See what it did with `seatwise show RUN`; `seatwise history` lists the runs."


def inverse_plans(session: Session, run_id: str) -> dict[str, StoredPlan]:
    """Store the inverse of every plan a run applied.

    Args:
        session: the open session; its run owns the new plans.
        run_id: the run to take back, or its beginning.

    Returns:
        Target → the inverse plan. It is held, so that a person reads it before it is applied.

    Raises:
        NothingToUndo: nothing was applied, or all of it is irreversible.
    """
    run = session.ledger.run(run_id)
    back: dict[str, StoredPlan] = {}
    for fingerprint in session.ledger.written(run.run_id):
        plan = session.ledger.plan(fingerprint)
        outcomes = session.ledger.outcomes(plan.fingerprint, run.run_id)
        made = inverse(
            Plan(plan.target, plan.changes, plan.fingerprint, session.policy.fingerprint()), outcomes
        )
        if made.changes.empty:
            continue
        session.ledger.store_plan(
            session.run_id,
            plan.target,
            made.fingerprint,
            made.policy_fingerprint,
            made.changes,
            blocked_by=[f"it takes back run {run.run_id}"],
            at=session.moment(),
        )
        back[plan.target] = session.ledger.plan(made.fingerprint)
    if not back:
        raise NothingToUndo(f"run {run.run_id} applied nothing that can be taken back")
    return back
