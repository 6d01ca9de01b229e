"""Whether a plan may be written: it is the policy's, it is fresh, and a person released it where one must."""

from __future__ import annotations

from ledger import StoredPlan
from tasks.run import Picture
from tasks.session import Session


class NotReleased(Exception):
    """A plan must not be applied; the message says why, `remedy` what to do."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def require_consent(session: Session, plan: StoredPlan) -> None:
    """Refuse a plan that another policy decided, or that needs approval and has none.

    Raises:
        NotReleased: nothing was written.
    """
    short = plan.fingerprint[:12]
    if plan.policy_fingerprint != session.policy.fingerprint():
        raise NotReleased(
            f"plan {short} was decided by another policy than {session.config.name} is now",
            remedy="Run `seatwise reconcile` and read the new plan.",
        )
    if plan.blocked_by and not _approved(session, plan):
        raise NotReleased(
            f"plan {short} needs approval: {'; '.join(plan.blocked_by)}",
            remedy=f"Read it with `seatwise show {short}`, then `seatwise approve {short}`.",
        )


def releases(session: Session, picture: Picture) -> list[StoredPlan]:
    """The plans of a run that may be written now.

    A plan that a person approved earlier, and that came out the same again, is released.
    """
    released = []
    for name, decision in picture.decisions.items():
        stored = session.ledger.plan(decision.plan.fingerprint)
        free = not decision.verdict.needs_approval or _approved(session, stored)
        if len(stored.changes) and session.sink_actions(name) and free:
            picture.plans[name] = stored
            released.append(stored)
    return released


def _approved(session: Session, plan: StoredPlan) -> bool:
    """Whether a person released the plan, and not so long ago that they meant another day."""
    approvals = session.ledger.approvals(plan.fingerprint)
    return bool((approvals["at"] >= session.now - session.policy.approve.timeout).any())
