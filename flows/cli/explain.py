"""What `seatwise explain` does: think again over the last snapshots and tell about one person."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from errors import SeatwiseError
from ledger import Ledger, Snapshot
from provisioning.decide.decide import decide
from provisioning.decide.explain import Explanation, Reasoned, explain
from provisioning.model.frames import Change
from tasks.memory import recall, restore_source, restore_target
from tasks.session import Session, open_session


class NothingRead(SeatwiseError):
    """The ledger holds no complete read to explain anything from."""

    remedy = "Run `seatwise reconcile` once; it reads everything and writes nothing outside."


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
        found = {name: _about(session, name, email) for name in session.target_names}
        ages = _ages(session)
    if not any(told.known for told in found.values()):
        raise UnknownPerson(f"nobody called {email} is in the last snapshots")
    if json:
        return jsonlib.dumps({name: asdict(told) for name, told in found.items()}, indent=2, default=str)
    lines = _person(next(iter(found.values())))
    for name, told in found.items():
        lines += _target(name, told)
    return "\n".join([*lines, "", *ages])


def _about(session: Session, target: str, email: str) -> Explanation:
    sources = {name: restore_source(_last(session.ledger, name)) for name in session.source_names}
    memory = recall(session.ledger, target, session.source_names)
    snapshot = restore_target(_last(session.ledger, target))
    actions = session.sink_actions(target) or None
    return explain(decide(sources, snapshot, session.policy, memory, session.now, actions=actions), email)


def _last(ledger: Ledger, name: str) -> Snapshot:
    snapshot = ledger.last_complete(name)
    if snapshot is None:
        raise NothingRead(f"the ledger holds no complete read of {name} yet")
    return snapshot


def _ages(session: Session) -> list[str]:
    names = [*session.source_names, *session.target_names]
    read = [f"{name} {_age(_last(session.ledger, name))}" for name in names]
    return [f"as read: {', '.join(read)}"]


def _age(kept: Snapshot) -> str:
    at = f"{kept.taken_at:%Y-%m-%d %H:%M} UTC"
    return at if kept.whole_at == kept.taken_at else f"{at} (whole {kept.whole_at:%Y-%m-%d %H:%M})"


def _person(told: Explanation) -> list[str]:
    lines = []
    for row in told.identities:
        facts = [row["state"], row["title"], row["department"], row["cost_center"]]
        lines.append(f"{row['display_name'] or told.email} ({row['source']}, {row['source_id']})")
        lines.append(f"  identity     {', '.join(str(fact) for fact in facts if fact)}")
        lines.append(f"  scope        {'in scope' if row['in_scope'] else 'out of the scope of its source'}")
    groups = dict.fromkeys(_group(row) for row in told.memberships)
    return [*lines, f"  IdP groups   {', '.join(groups) or 'none'}"]


def _group(row: dict[str, Any]) -> str:
    return str(row["group_name"]) + (f" (through {row['path']})" if row["path"] else "")


def _target(name: str, told: Explanation) -> list[str]:
    lines = ["", name]
    rules = {row["account_id"]: row["rule"] for row in told.links}
    for row in told.accounts:
        link = rules.get(row["account_id"])
        joined = f"linked by {link}" if link else "linked to nobody"
        lines.append(f"  account      {row['account_id']}: {row['state']}, {joined}")
    lines += [] if told.accounts else ["  account      none"]
    lines += [f"  movement     {row['movement']}: {row['reason']}" for row in told.movements]
    lines += [f"  {_entitlement(held)}" for held in told.assignments]
    lines += [f"  seat         {_seat(row)}" for row in told.seats]
    lines += [f"  ambiguous    {reason}" for reason in told.ambiguities]
    lines += [f"  next         {_change(change)}" for change in told.changes]
    lines += [f"  withheld     {_change(change)}" for change in told.withheld]
    return lines if told.changes or told.withheld else [*lines, "  next         nothing to do"]


def _entitlement(row: Reasoned) -> str:
    word = {(True, True): "holds", (True, False): "holds", (False, True): "should hold"}[row.held, row.wanted]
    rule = f" by {row.rule}" if row.rule else ""
    return f"{word:<12} {row.kind} {row.name}{rule}: {row.reason}"


def _seat(row: dict[str, Any]) -> str:
    billed = f"billed because of {row['granted_by']}" if row["billable"] else "not billed"
    used = row["last_active"]
    last = (
        f"last used {used:%Y-%m-%d}"
        if used is not None
        else {"never": "never used"}.get(row["activity"], "use unknown")
    )
    return f"{row['product']} on {row['site']}: {billed}; {last}"


def _change(change: Change) -> str:
    return f"{change.action} {change.entitlement or ''}".strip() + f" ({change.rule}): {change.reason}"
