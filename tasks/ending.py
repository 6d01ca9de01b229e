"""How a run ended, as the state of the Prefect run: its colour, its name, one sentence and what to do next.

The type decides the colour and which automations hear of it. What waits for a person has neither
failed nor been done, so a run that ends there is of the type Prefect shows in grey, under a name
of its own; it could not be of the type paused, because no process will ever go on with it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from prefect.client.schemas.objects import State, StateType

from provisioning.decide.context import count
from provisioning.model.text import one_line
from reports.rejects import describe_rejects
from tasks.in_step import left_alone
from tasks.personal_data import veil
from tasks.session import Session


class Ending(NamedTuple):
    """What a verdict is in the Prefect UI."""

    type: StateType
    name: str


ENDINGS = {
    "done": Ending(StateType.COMPLETED, "Completed"),
    "changes planned": Ending(StateType.COMPLETED, "Planned"),
    "needs approval": Ending(StateType.CANCELLED, "Needs approval"),
    "rejected": Ending(StateType.CANCELLED, "Rejected"),
    "done with failures": Ending(StateType.FAILED, "Done with failures"),
    "done, rows not read": Ending(StateType.COMPLETED, "Rows not read"),
    "done, seats left": Ending(StateType.COMPLETED, "Seats left"),
}
"""Verdict of a run that reached its end → its state; any other run ends Failed, Crashed or Cancelled."""

WAITING = {"changes planned": "planned", "needs approval": "to approve", "rejected": "rejected"}
"""Verdict of a run that has only planned → what its changes are."""


def as_state(session: Session, summary: dict[str, Any]) -> State[dict[str, Any]]:
    """The state a flow returns; the summary is its result."""
    ending = ENDINGS[summary["verdict"]]
    message = veil(describe_ending(summary), session.policy.personal_data)
    return State(type=ending.type, name=ending.name, message=message, data=summary)


def summary_of(state: State[dict[str, Any]]) -> dict[str, Any]:
    """The summary a flow ended with, whatever its colour.

    Raises:
        Exception: the flow ended in this error instead.
    """
    ended = state.result(raise_on_failure=False)
    if isinstance(ended, BaseException):
        raise ended
    return ended


def describe_ending(summary: dict[str, Any]) -> str:
    """What came of a run, with numbers, and what to do next."""
    return one_line(" ".join([_describe_outcome(summary), *_next_steps(summary)]))


def describe_briefly(summary: dict[str, Any]) -> str:
    """What came of a run in the few words that its name has room for."""
    planned, verdict = sum(summary["changes"].values()), summary["verdict"]
    if summary["flow"] == "licences" and verdict != "error":
        return f"{summary['waste']['seats']:,} wasted seats"
    if summary["applied"] or summary["failed"]:
        failed = f", {summary['failed']:,} failed" if summary["failed"] else ""
        return f"{_changes(summary['applied'])} applied{failed}"
    if not planned or verdict not in WAITING:
        if left := summary.get("unconfirmed"):
            return f"{_changes(left)} left for the next run"
        if verdict == "done" and left_alone(summary):
            told = [
                (summary.get("ambiguous"), "ambiguous"),
                (summary.get("departed_elsewhere"), "contradicted"),
            ]
            return ", ".join(["in step", *(f"{number:,} {what}" for number, what in told if number)])
        return "in step" if verdict == "done" else str(verdict)
    return f"{_changes(planned)} {WAITING[verdict]}"


def _describe_outcome(summary: dict[str, Any]) -> str:
    if summary["flow"] == "licences":
        return _describe_seats(summary)
    planned = sum(summary["changes"].values())
    by_action = ", ".join(f"{count:,} {action}" for action, count in summary["changes"].items())
    if not planned:
        people = count(summary["identities"], "identity", "identities")
        # What could not be read, cannot be taken, is ambiguous or has to be read again may still be to do.
        all_done = summary["verdict"] == "done" and not left_alone(summary)
        said = "In step" if all_done else "Not all in step"
        if summary["asked_for"]:
            asked = count(summary["asked_for"], "address", "addresses")
            return f"{said}: {asked} asked for, and nothing to change."
        return f"{said}: {people} and {count(summary['accounts'], 'account')}, and nothing to change."
    tried = summary["applied"] + summary["failed"] + summary["stale"] + summary["propagating"]
    if not tried + summary["blocked"]:
        return f"{_changes(planned)} planned: {by_action}."
    left = [
        f"{summary[status]:,} {status}"
        for status in ("failed", "blocked", "stale", "propagating")
        if summary[status]
    ]
    if not left and summary["applied"] == planned:
        return f"{_changes(planned)} applied: {by_action}."
    return ", ".join([f"{summary['applied']:,} of {_changes(planned)} applied", *left]) + "."


def _next_steps(summary: dict[str, Any]) -> list[str]:
    """What a person does now; what failed comes first."""
    steps = [f"{target}: {why}" for target, why in summary["targets_failed"].items()]
    if summary["failures"]:
        steps.append(f"First reasons: {'; '.join(summary['failures'])}.")
    if summary["verdict"] == "done with failures":
        steps.append(f"`seatwise show {summary['run_id']}` lists them; the next run plans them again.")
    if summary["rejected"]:
        steps.append(
            f"{'; '.join(summary['rejected'])}. Nothing of it was written; the next run plans again."
        )
    elif summary["blocked_by"]:
        steps.append(f"It waits because: {'; '.join(summary['blocked_by'])}.")
    if summary["rehearsed"]:
        steps.append(f"A rehearsal for {summary['rehearsed']:%Y-%m-%d %H:%M} UTC; nothing was kept.")
        return steps
    steps += [_release(target, plan) for target, plan in summary["waiting"].items()]
    if summary["propagating"]:
        steps.append("What is propagating was accepted and does not show yet; the next run reads it again.")
    if summary["rejects"]:
        unread = "; ".join(describe_rejects(summary["rejects"]))
        steps.append(f"Rows not read: {unread}. Correct them where they come from; rejects.csv lists them.")
    if summary["flow"] != "licences" and (alone := left_alone(summary)):
        steps.append(f"Left alone: {'; '.join(alone)}.")
    if left := summary["seats_left"]:
        steps.append(
            f"Leavers keep {count(sum(left.values()), 'billed seat')} that no rule can take; "
            "take them by hand, todo.csv has the steps."
        )
    return steps


def _release(target: str, plan: dict[str, Any]) -> str:
    """How a plan that waits is let go."""
    short = plan["fingerprint"][:12]
    if plan["by_hand"] and not plan["needs_approval"]:
        return f"{target} is changed by hand: todo.csv has the steps of plan {short}."
    if plan["needs_approval"]:
        return (
            f"{target}: if plan {short} is right, `seatwise approve {short}` and run seatwise-apply with it; "
            "if it is not, correct the source or the policy."
        )
    return f"{target}: run seatwise-apply with plan {short} to make them."


def _describe_seats(summary: dict[str, Any]) -> str:
    seats, waste = sum(summary["seats"].values()), summary["waste"]
    priced = waste["monthly"] is not None
    cost = f", {waste['currency']} {waste['monthly']:,.2f} a month" if priced else ""
    return f"{seats:,} seats, {waste['seats']:,} of them wasted{cost}; licences.html tells which."


def _changes(number: int) -> str:
    return count(number, "change")
