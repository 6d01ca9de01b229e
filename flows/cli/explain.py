"""What `seatwise explain` does: decide again from the last snapshots, and tell about one person."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from errors import SeatwiseError
from ledger import Snapshot
from provisioning.decide.decide import decide
from provisioning.decide.explain import AssignmentReason, Explanation, explain
from provisioning.model.frames import Change
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from reports.printable import as_lines
from tasks.elsewhere import read_elsewhere
from tasks.memory import recall, restore_source, restore_target
from tasks.past import last_read
from tasks.session import Session, open_session


class UnknownPerson(SeatwiseError):
    """Nobody of that name is in the last snapshots."""

    remedy = "Check the spelling, or run `seatwise reconcile` to read afresh."


def explain_person(config: Path, email: str, *, as_of: datetime | None, json: bool) -> str:
    """Everything about one person, target by target.

    Raises:
        NothingRead: no source or target has been read yet.
        UnknownPerson: neither an identity nor an account bears the name.
    """
    with open_session(config, as_of=as_of) as session:
        reads = {name: last_read(session.ledger, name, session.past) for name in session.source_names}
        sources = {name: restore_source(read) for name, read in reads.items()}
        targets = {
            name: restore_target(last_read(session.ledger, name, session.past))
            for name in session.target_names
        }
        explanations = {name: _explain(session, sources, targets, name, email) for name in targets}
        ages = _describe_ages(session)
    if not any(explanation.known for explanation in explanations.values()):
        raise UnknownPerson(f"the last snapshots have no identity or account called {email}")
    if json:
        plain = {name: asdict(explanation) for name, explanation in explanations.items()}
        return jsonlib.dumps(plain, indent=2, default=str)
    lines = _describe_person(next(iter(explanations.values())))
    for name, explanation in explanations.items():
        lines += _describe_target(name, explanation)
    return as_lines([*lines, "", ages])


def _explain(
    session: Session,
    sources: Mapping[str, SourceSnapshot],
    targets: dict[str, TargetSnapshot],
    name: str,
    email: str,
) -> Explanation:
    memory = recall(session.ledger, name, session.source_names)
    actions, others = session.sink_actions(name) or None, read_elsewhere(session, name, targets)
    decision = decide(
        sources, targets[name], session.policy, memory, session.now, actions=actions, others=others
    )
    return explain(decision, email)


def _describe_ages(session: Session) -> str:
    names = [*session.source_names, *session.target_names]
    ages = [f"{name} {_describe_age(last_read(session.ledger, name, session.past))}" for name in names]
    return f"data read: {', '.join(ages)}"


def _describe_age(snapshot: Snapshot) -> str:
    at = f"{snapshot.taken_at:%Y-%m-%d %H:%M} UTC"
    if snapshot.whole_at == snapshot.taken_at:
        return at
    return f"{at} (all of it as of {snapshot.whole_at:%Y-%m-%d %H:%M})"


def _describe_person(explanation: Explanation) -> list[str]:
    lines = []
    for row in explanation.identities:
        facts = [row["state"], row["title"], row["department"], row["cost_center"]]
        lines.append(f"{row['display_name'] or explanation.email} ({row['source']}, {row['source_id']})")
        lines.append(f"  identity     {', '.join(str(fact) for fact in facts if fact)}")
        lines.append(f"  sign-in      {row['sign_in']}")
        lines.append(f"  scope        {_describe_scope(row)}")
    groups = dict.fromkeys(_describe_group(row) for row in explanation.memberships)
    return [*lines, f"  IdP groups   {', '.join(groups) or 'none'}"]


def _describe_scope(row: dict[str, Any]) -> str:
    if row["undecided"]:
        return "undecided, for too little is known of sign-ins or groups; nothing is given and nothing taken"
    return "in scope" if row["in_scope"] else "outside the scope of its source"


def _describe_group(row: dict[str, Any]) -> str:
    return str(row["group_name"]) + (f" (through {row['path']})" if row["path"] else "")


def _describe_target(name: str, explanation: Explanation) -> list[str]:
    return [
        "",
        name,
        *_describe_accounts(explanation),
        *(f"  movement     {row['movement']}: {row['reason']}" for row in explanation.movements),
        *(f"  {_describe_assignment(row)}" for row in explanation.assignments),
        *(f"  seat         {_describe_seat(row)}" for row in explanation.seats),
        *(f"  ambiguous    {reason}" for reason in explanation.ambiguities),
        *_describe_changes(explanation),
    ]


def _describe_accounts(explanation: Explanation) -> list[str]:
    rules = {row["account_id"]: row["rule"] for row in explanation.links}
    lines = []
    for row in explanation.accounts:
        rule = rules.get(row["account_id"])
        link = f"linked by {rule}" if rule else "not linked to anyone"
        lines.append(f"  account      {row['account_id']}: {row['state']}, {link}")
    return lines or ["  account      none"]


def _describe_changes(explanation: Explanation) -> list[str]:
    lines = [f"  next         {_describe_change(change)}" for change in explanation.changes]
    lines += [f"  withheld     {_describe_change(change)}" for change in explanation.withheld]
    return lines or ["  next         nothing to do"]


def _describe_assignment(row: AssignmentReason) -> str:
    verb = "has" if row.assigned else "should have"
    rule = f" by {row.rule}" if row.rule else ""
    return f"{verb:<12} {row.kind} {row.name}{rule}: {row.reason}"


def _describe_seat(row: dict[str, Any]) -> str:
    # A file of people tells who has access, and seldom by what.
    by = f" because of {row['granted_by']}" if row["granted_by"] else ""
    billed = f"billed{by}" if row["billable"] else "not billed"
    if row["last_active"] is not None:
        used = f"last used {row['last_active']:%Y-%m-%d}"
    else:
        used = "never used" if row["activity"] == "never" else "last use unknown"
    return f"{row['product']} on {row['site']}: {billed}; {used}"


def _describe_change(change: Change) -> str:
    return f"{change.action} {change.entitlement or ''}".strip() + f" ({change.rule}): {change.reason}"
