"""Whether a plan may be written: it is the policy's, it is fresh, and a person released it where one must."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from errors import SeatwiseError
from ledger import StoredPlan
from ledger.runs import login
from ledger.tables import REJECTED
from provisioning.decide.context import count
from provisioning.policy.values import duration_text
from tasks.approver import approver_key, approver_name
from tasks.given_back import given_to_leavers
from tasks.overtaken import find_overtaken, not_made
from tasks.session import Session


class NotReleased(SeatwiseError):
    """A plan must not be applied."""


class NobodyApproves(SeatwiseError):
    """An approval without a name."""

    remedy = "Say who approves the plan with --by NAME."


def require_approver(by: str | None) -> str:
    """Who approves a plan: the name given, or the login.

    Raises:
        NobodyApproves: neither says a name.
    """
    name = approver_name((login() if by is None else by) or "")
    if not name:
        raise NobodyApproves("a plan is approved by a person, and no name was given")
    return name


def require_consent(session: Session, plan: StoredPlan) -> None:
    """Refuse a plan that another policy decided, that is old, or that needs approval and has none.

    Raises:
        NotReleased: nothing was written.
    """
    short = plan.fingerprint[:12]
    if plan.policy_fingerprint != session.policy.fingerprint():
        raise NotReleased(
            f"plan {short} was decided by another policy than {session.config.name} is now",
            remedy="Run `seatwise reconcile` and read the new plan.",
        )
    require_young(session, plan)
    _require_leavers_told(session, plan)
    missing = missing_approvals(session, plan, blocked=bool(plan.blocked_by))
    if missing:
        raise NotReleased(refusal(session, plan), remedy=_remedy(short, missing, _approvers(session, plan)))


def require_young(session: Session, plan: StoredPlan) -> None:
    """Refuse a plan that is older than an approval may be: what it was decided by may be so no more.

    Raises:
        NotReleased: it is too old to be made.
    """
    timeout = session.policy.approve.timeout
    if plan.created >= session.moment() - timeout:
        return
    again = f"undo {plan.undoes}` again" if plan.undoes else "reconcile`"
    raise NotReleased(
        f"plan {plan.fingerprint[:12]} is of {plan.created:%Y-%m-%d %H:%M} UTC; after "
        f"{duration_text(timeout)} (approve.timeout) no plan is applied, for people may have come back since",
        remedy=f"Run `seatwise {again} and read the new plan.",
    )


def accept_reads(session: Session, plan: StoredPlan) -> None:
    """Take what an approved plan was decided from as the measure for later reads, however small.

    Whoever approved a plan for some people alone, or one that takes a run back, has not seen what the others
    lose; nor has anybody seen what is lost on a target whose plan of the same run still waits.
    """
    waiting = [one for one in session.ledger.plans(plan.run_id) if one.whole and one.blocked_by]
    if plan.whole and all(_is_approved(session, one) for one in waiting):
        session.ledger.accept(plan.run_id)


def _is_approved(session: Session, plan: StoredPlan) -> bool:
    """Whether enough people approved a plan, however long ago, and nobody has rejected it since."""
    people = {approver_key(str(by)) for by in session.ledger.approvals(plan.fingerprint)["by"]} - {""}
    return len(people) >= (2 if _needs_two(session, plan) else 1)


def _require_leavers_told(session: Session, plan: StoredPlan) -> None:
    """Refuse to give back to somebody who has left since a person read the plan.

    Raises:
        NotReleased: the plan does not say so.
    """
    if plan.undoes is None:
        return
    for told in given_to_leavers(session, plan.target, plan.changes):
        if told not in plan.blocked_by:
            raise NotReleased(
                f"plan {plan.fingerprint[:12]} does not say what is known by now: {told}",
                remedy=f"Run `seatwise undo {plan.undoes}` again and read the new plan.",
            )


def keep_policy_seen(session: Session, plan: StoredPlan) -> None:
    """Keep that all a policy asks for is being made: what is planned from now on is not its first plan.

    To be called before the first write, for a plan of the rest is not the first that a person sees. What a
    later plan asks for is not in this one, and whoever approved this one has not read it.
    """
    newest = all(one.asked_for is not None for one in session.ledger.later_plans(plan))
    if plan.whole and newest and find_overtaken(session, plan).empty:
        session.ledger.policy_applied(plan.target, plan.policy_fingerprint, session.moment())


def missing_approvals(session: Session, plan: StoredPlan, *, blocked: bool) -> int:
    """How many more people must approve a plan before it may be written.

    Args:
        session: the open session.
        plan: the plan, as stored.
        blocked: whether a limit or a rule stops it.
    """
    needed = 2 if _needs_two(session, plan) else int(blocked)
    return max(0, needed - len(_approvers(session, plan)))


def waits_for_approval(session: Session, plan: StoredPlan) -> bool:
    """Whether a limit or a rule stops a plan and not enough people have approved it yet.

    A rehearsal's plan is not in the ledger, so nobody can have approved it.
    """
    if not plan.blocked_by or session.as_of is not None:
        return bool(plan.blocked_by)
    return missing_approvals(session, plan, blocked=True) > 0


def releases(session: Session) -> list[StoredPlan]:
    """The plans of a run that may be written now.

    A plan that a person approved earlier, and that came out the same again, is released.
    """
    return [
        plan
        for plan in session.state.plans
        if len(plan.changes)
        and session.sink_actions(plan.target)
        and not missing_approvals(session, plan, blocked=bool(plan.blocked_by))
    ]


def _needs_two(session: Session, plan: StoredPlan) -> bool:
    """Whether the plan changes more than one person may approve alone."""
    return session.policy.approve.second_person(len(plan.changes)) is not None


def _approvers(session: Session, plan: StoredPlan) -> list[str]:
    """The different people who approved the plan, and not so long ago that they meant another day.

    An approval is for one time, however that ended: what came undone since, or was no more to be made and
    is again, is for somebody to look at again.
    """
    fresh, spent = _fresh_approvals(session, plan), _carried_out(session, plan)
    fresh = fresh if spent is None else fresh[fresh["at"] > spent]
    names = {approver_key(str(by)): approver_name(str(by)) for by in fresh["by"]}
    return [name for key, name in names.items() if key]


def _fresh_approvals(session: Session, plan: StoredPlan) -> pd.DataFrame:
    approvals = session.ledger.approvals(plan.fingerprint)
    return approvals[approvals["at"] >= session.moment() - session.policy.approve.timeout]


def _carried_out(session: Session, plan: StoredPlan) -> datetime | None:
    return session.ledger.carried_out(plan.fingerprint, others_than=session.attempts)


def rejection(session: Session, plan: StoredPlan) -> str | None:
    """Who rejected a plan lately and why; None where nobody did, or others have approved it since."""
    decided = session.ledger.decisions(plan.fingerprint)
    if decided.empty or decided["decision"].iloc[-1] != REJECTED:
        return None
    last = decided.iloc[-1]
    if last["at"] < session.moment() - session.policy.approve.timeout:
        return None
    return f"{last['by']} rejected plan {plan.fingerprint[:12]}: {last['reason']}"


def refusal(session: Session, plan: StoredPlan) -> str:
    """Why a plan waits for people, in one sentence."""
    reasons = list(plan.blocked_by)
    if (two := session.policy.approve.second_person(len(plan.changes))) and two not in reasons:
        reasons.append(two)
    reasons += _used(session, plan)
    return f"plan {plan.fingerprint[:12]} needs approval: {'; '.join(reasons)}"


def _used(session: Session, plan: StoredPlan) -> list[str]:
    """That an approval was given and used, and what is left of the plan; nothing where none was."""
    spent = _carried_out(session, plan)
    if spent is None or not _fresh_approvals(session, plan)["at"].le(spent).any():
        return []
    number, left = len(plan.changes), len(not_made(session, plan))
    of = f"{left:,} of {count(number, 'change')}"
    return [f"its approval was used at {spent:%Y-%m-%d %H:%M} UTC, and {of} are left"]


def _remedy(short: str, missing: int, approvers: list[str]) -> str:
    command = f"`seatwise approve {short}`"
    if approvers:
        return f"{approvers[0]} approved it; one more approval is needed, by another person: {command}."
    if missing > 1:
        return f"Two people read it with `seatwise show {short}`, then each of them runs {command}."
    return f"Read it with `seatwise show {short}`, then {command}."
