"""Events: what happened, in a few numbers, for automations and other programs.

A payload names the policy, the run, the target or source, and counts. It holds nothing personal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from prefect.events import emit_event

from ledger import StoredPlan
from ledger.memory import ASSIGNED
from provisioning.model.terms import Action
from tasks.session import Session
from tasks.state import RunState

STALE_AFTER = timedelta(days=7)
"""From then on a file says of people what may long be over."""
LOW = 0.05
"""Share of the seats bought that should be free."""


class Event(NamedTuple):
    """A sort of event, and how a message tells of one.

    Attributes:
        name: of the event.
        meaning: when it is emitted.
        subject, body: of the message; Prefect fills in what stands in braces.
    """

    name: str
    meaning: str
    subject: str
    body: str


def _event(name: str, meaning: str, subject: str, body: str) -> Event:
    return Event(f"seatwise.{name}", meaning, f"Seatwise: {subject}", f"{body} Policy {_POLICY}, run {_RUN}.")


_POLICY, _RUN = "{{ event.payload.policy }}", "{{ event.payload.run }}"
_NAME = "{{ event.resource['prefect.resource.name'] }}"

WAITING = _event(
    "plan.waiting",
    "A plan needs a person's approval.",
    f"a plan for {_NAME} needs approval",
    "Plan {{ event.payload.plan }}: {{ event.payload.changes }} changes, {{ event.payload.destructive }} of "
    "them take something away. Read it with `seatwise show`, then `seatwise approve`.",
)
APPLIED = _event(
    "plan.applied",
    "A plan was written.",
    f"{_NAME} was changed",
    "Plan {{ event.payload.plan }}: {{ event.payload.applied }} applied, {{ event.payload.failed }} failed, "
    "{{ event.payload.stale }} stale.",
)
FAILED = _event(
    "run.failed",
    "A run ended in an error, a target could not be reached, or changes failed.",
    f"a run failed ({_NAME})",
    "{{ event.payload.error }}; {{ event.payload.failed }} changes failed. "
    "See the run in the UI or `seatwise show`.",
)
DRIFT = _event(
    "drift",
    "A target no longer shows what Seatwise had set.",
    f"{_NAME} was changed by another hand",
    "{{ event.payload.assignments }} assignments that Seatwise had made are gone; the plan makes them again.",
)
SEATS_LOW = _event(
    "seats.low",
    f"Less than {LOW:.0%} of the seats bought are free.",
    f"seats run out in {_NAME}",
    "{{ event.payload.product }} on {{ event.payload.site }}: {{ event.payload.free }} of "
    "{{ event.payload.seats }} seats are free.",
)
STALE = _event(
    "source.stale",
    f"What a source was read from is older than {STALE_AFTER.days} days.",
    f"{_NAME} is old",
    "It says what was so {{ event.payload.days }} days ago; bring a newer file.",
)
EVENTS = (WAITING, APPLIED, FAILED, DRIFT, SEATS_LOW, STALE)


class Told(NamedTuple):
    """One event to emit: what happened to which target, source or policy, with which numbers."""

    event: Event
    kind: str
    name: str
    payload: dict[str, Any]


def emit_events(session: Session, state: RunState, summary: dict[str, Any]) -> None:
    """Tell what a run found and did; a rehearsal tells nothing."""
    if session.as_of is None:
        for told in find_events(session, state, summary):
            _emit(session, told)


def emit_failure(session: Session, error: BaseException) -> None:
    """Tell that a run ended early; what the error says may name people, so only its sort is told."""
    if session.as_of is None and isinstance(error, Exception):
        payload = {"error": type(error).__name__, "failed": 0}
        _emit(session, Told(FAILED, "policy", session.config.stem, payload))


def find_events(session: Session, state: RunState, summary: dict[str, Any]) -> Iterator[Told]:
    """What is to be told of a run."""
    for plan in state.plans:
        if summary["waiting"].get(plan.target, {}).get("needs_approval"):
            yield Told(WAITING, "target", plan.target, _count_plan(plan))
        if plan.target in state.outcomes:
            yield from _outcome_events(plan, state)
        yield from _drift(plan, state)
    for target in session.failed:
        yield Told(FAILED, "target", target, {"error": "could not be read or written", "failed": 0})
    yield from _seats_low(state)
    yield from _stale(session, state)


def _count_plan(plan: StoredPlan) -> dict[str, Any]:
    return {
        "plan": plan.fingerprint[:12],
        "changes": len(plan.changes),
        "destructive": int(plan.changes["destructive"].sum()),
    }


def _outcome_events(plan: StoredPlan, state: RunState) -> Iterator[Told]:
    counts = state.outcomes[plan.target]["status"].value_counts()
    numbers = {status: int(counts.get(status, 0)) for status in ("applied", "failed", "stale")}
    yield Told(APPLIED, "target", plan.target, {"plan": plan.fingerprint[:12], **numbers})
    if numbers["failed"]:
        yield Told(
            FAILED, "target", plan.target, {"error": "changes were refused", "failed": numbers["failed"]}
        )


def _drift(plan: StoredPlan, state: RunState) -> Iterator[Told]:
    """Grants of what the ledger says was granted before: somebody else took it."""
    if plan.target not in state.decisions:
        return
    owned = state.decisions[plan.target].context.memory.owned
    grants = plan.changes[plan.changes["action"] == Action.GRANT.value]
    # Null keys would join each other.
    again = len(grants.dropna(subset=ASSIGNED).merge(owned[ASSIGNED].drop_duplicates(), on=ASSIGNED))
    if again:
        yield Told(DRIFT, "target", plan.target, {"assignments": again})


def _seats_low(state: RunState) -> Iterator[Told]:
    for name, target in state.targets.items():
        known = target.capacity.dropna(subset=["seats", "used"])
        for row in known.astype(object).to_dict("records"):
            free = row["seats"] - row["used"]
            if free < math.ceil(LOW * row["seats"]):
                place = {"product": row["product"], "site": row["site"]}
                yield Told(SEATS_LOW, "target", name, {**place, "seats": row["seats"], "free": max(0, free)})


def _stale(session: Session, state: RunState) -> Iterator[Told]:
    for name, source in state.sources.items():
        age = session.now - (source.as_of or source.taken_at)
        if age > STALE_AFTER:
            yield Told(STALE, "source", name, {"days": age.days})


def _emit(session: Session, told: Told) -> None:
    # Outside a run of Prefect there is no server to tell, and none is started for it.
    if session.flow_run is None:
        return
    resource = {
        "prefect.resource.id": f"seatwise.{told.kind}.{told.name}",
        "prefect.resource.name": told.name,
    }
    payload = {"policy": session.config.stem, "run": session.run_id, **told.payload}
    emit_event(told.event.name, resource=resource, payload=payload)
