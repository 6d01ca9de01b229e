"""Okta's System Log over the company's events."""

from __future__ import annotations

import bisect
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sandbox.company.people import Event
from sandbox.kit.ids import opaque
from sandbox.kit.world import Reply, Request, World, json_reply
from sandbox.okta.filter import BadFilterError, Test, parse
from sandbox.okta.paging import cursor, limit_of, links, position
from sandbox.okta.rows import stamp, user_id

KINDS = {
    "sign_in": ("user.session.start", "User login to Okta"),
    "failed_sign_in": ("user.session.start", "User login to Okta"),
    "created": ("user.lifecycle.create", "Create okta user"),
    "activated": ("user.lifecycle.activate", "Activate Okta user"),
    "suspended": ("user.lifecycle.suspend", "Suspend Okta user"),
    "unsuspended": ("user.lifecycle.unsuspend", "Unsuspend Okta user"),
    "deactivated": ("user.lifecycle.deactivate", "Deactivate Okta user"),
    "reactivated": ("user.lifecycle.reactivate", "Reactivate Okta user"),
    "updated": ("user.account.update_profile", "Update user profile for Okta"),
    "deleted": ("user.lifecycle.delete.completed", "Delete Okta user"),
    "joined_group": ("group.user_membership.add", "Add user to group membership"),
    "left_group": ("group.user_membership.remove", "Remove user from group membership"),
    "renamed_group": ("group.profile.update", "Update Okta group"),
    "removed_group": ("group.lifecycle.delete", "Delete Okta group"),
    "removed_import": ("system.import.group.delete", "Delete group by import"),
}
OWN = ("sign_in", "failed_sign_in")


def _result(event: Event) -> str:
    return "FAILURE" if event.kind == "failed_sign_in" else "SUCCESS"


READERS = {
    "eventType": lambda event: KINDS[event.kind][0],
    "published": lambda event: stamp(event.at),
    "actor.id": lambda event: user_id(event.person) if event.kind in OWN else opaque("00u", 0),
    "target.id": lambda event: user_id(event.person),
    "outcome.result": _result,
}
OPERATORS = {"*": ("eq", "ne", "sw", "co"), "published": ("gt", "ge", "lt", "le", "eq")}


def logs(world: World, request: Request) -> Reply:
    """List events: bounded with `until` or DESCENDING, else polling, which always has a next page."""
    limit = limit_of(request, 100, 1000, least=0)
    text = request.get("filter")
    test: Test = parse(text, READERS, OPERATORS) if text else lambda _event: True
    descending = request.get("sortOrder") == "DESCENDING"
    if request.get("until") or descending:
        return _bounded(world, request, test, limit, descending)
    return _polling(world, request, test, limit)


def _polling(world: World, request: Request, test: Test, limit: int) -> Reply:
    """Answer in the order of persistence from a cursor on."""
    events = world.company.events
    after = position(request)
    if after is None:
        since = _moment(request.get("since")) or world.company.now - timedelta(days=7)
        rows = [e for e in events if e.at >= since and test(e)]
    else:
        start = bisect.bisect_right(events, after, key=lambda e: e.number)
        rows = [e for e in events[start:] if test(e)]
    page = rows[:limit]
    newest = events[-1].number if events else after or 0
    last = page[-1].number if page else newest
    return _reply(page, links(request, cursor(request, last)))


def _bounded(world: World, request: Request, test: Test, limit: int, descending: bool) -> Reply:
    until = _moment(request.get("until")) or world.company.now + timedelta(days=1)
    since = _moment(request.get("since")) or until - timedelta(days=7)
    rows = sorted(
        (e for e in world.company.events if since <= e.at < until and test(e)),
        key=lambda e: (e.at, e.number),
        reverse=descending,
    )
    start = position(request) or 0
    page = rows[start : start + limit]
    more = cursor(request, start + limit) if start + limit < len(rows) else None
    return _reply(page, links(request, more))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadFilterError(f"{text} is not a date and time") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _reply(events: list[Event], headers: list[tuple[str, str]]) -> Reply:
    return json_reply([_row(event) for event in events], 200, headers)


def _row(event: Event) -> dict[str, Any]:
    kind, message = KINDS[event.kind]
    person = _entry(user_id(event.person), "User", event.login, event.display_name)
    own = event.kind in OWN
    actor = person if own else _entry(opaque("00u", 0), "SystemPrincipal", "system@okta.com", "Okta System")
    target = [person] if event.person and not own else []
    if event.group_number is not None:
        target.append(_entry(opaque("00g", event.group_number), "UserGroup", "unknown", str(event.group)))
    return {
        "uuid": str(UUID(int=event.number, version=4)),
        "published": stamp(event.at),
        "eventType": kind,
        "version": "0",
        "severity": "INFO",
        "displayMessage": message,
        "actor": actor,
        "client": {"zone": "null", "device": "Computer", "ipAddress": "192.0.2.7"},
        "outcome": {"result": _result(event)},
        "target": target,
        "transaction": {"type": "WEB", "id": opaque("", event.number, 22), "detail": {}},
        "debugContext": {"debugData": {}},
        "authenticationContext": {"authenticationStep": 0, "externalSessionId": opaque("trs", event.number)},
        "securityContext": {"isProxy": False},
        "request": {"ipChain": []},
    }


def _entry(identifier: str, kind: str, alternate: str, name: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": kind,
        "alternateId": alternate,
        "displayName": name,
    }
