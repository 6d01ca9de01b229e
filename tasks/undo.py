"""The way back: what a run applied becomes inverse plans in the ledger, one per target."""

from __future__ import annotations

from errors import SeatwiseError
from ledger import StoredPlan
from provisioning.decide.plan import Plan, invert
from tasks.decide import store_plan
from tasks.session import Session


class NothingToUndo(SeatwiseError):
    """The run applied nothing that can be taken back."""

    remedy = "See what it did with `seatwise show RUN`; `seatwise history` lists the runs."


def plan_undo(session: Session, run_id: str) -> list[StoredPlan]:
    """Store the inverse of every plan a run applied.

    Args:
        session: the open session; its run owns the new plans.
        run_id: the run to take back, or its beginning.

    Returns:
        The inverse plans, one a target. Each needs approval, so that a person reads it before it is applied.

    Raises:
        NothingToUndo: nothing was applied, or all of it is irreversible.
    """
    run = session.ledger.run(run_id)
    plans: dict[str, StoredPlan] = {}
    for fingerprint in session.ledger.written(run.run_id):
        applied = session.ledger.plan(fingerprint)
        outcomes = session.ledger.outcomes(fingerprint, run.run_id)
        plan = Plan(applied.target, applied.changes, fingerprint, session.policy.fingerprint())
        undoing = invert(plan, outcomes)
        if len(undoing.changes):
            plans[plan.target] = store_plan(session, undoing, [f"it takes back run {run.run_id}"])
    if not plans:
        raise NothingToUndo(f"run {run.run_id} applied nothing that can be taken back")
    return list(plans.values())
