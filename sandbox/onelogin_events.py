"""OneLogin's log of events over the company's, newest first, fifty a page in the first version's envelope.

Of the vendor's many types those are told whose numbers are public; the others have no events here.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from sandbox.onelogin_auth import ACCOUNT
from sandbox.onelogin_rows import role_id, stamp, user_id
from sandbox.people import Event
from sandbox.world import Reply, Request, World, json_reply

PAGE = 50
TYPES = {
    "joined_group": (4, "USER_ASSIGNED_ROLE", "Assigned %role% to user %user%"),
    "sign_in": (5, "USER_LOGGED_INTO_ONELOGIN", "%user% logged into OneLogin"),
    "created": (13, "CREATED_USER", "%user% was created by %actor_user%"),
    "updated": (14, "UPDATED_USER", "%user% was updated by %actor_user%"),
    "deactivated": (15, "DEACTIVATED_USER", "%user% was deactivated by %actor_user%"),
    "activated": (16, "ACTIVATED_USER", "%user% was activated by %actor_user%"),
    "deleted": (17, "DELETED_USER", "%user% was deleted by %actor_user%"),
}
"""By the company's word for what happened: number, name and description of the vendor's type."""


def envelope(data: Any, after: str | None = None, link: str | None = None) -> Reply:
    """Answer the way the API's first version does."""
    edges = {"before_cursor": None, "after_cursor": after, "previous_link": None, "next_link": link}
    status = {"error": False, "code": 200, "type": "success", "message": "Success"}
    return json_reply({"status": status, "pagination": edges, "data": data})


def list_types(_world: World, _request: Request) -> Reply:
    """List the types of events."""
    return envelope([{"id": n, "name": name, "description": words} for n, name, words in TYPES.values()])


def list_events(world: World, request: Request) -> Reply:
    """List events by `event_type_id`, `user_id`, `since` and `until`."""
    wanted = {int(part) for text in request.all("event_type_id") for part in text.split(",")}
    found = [
        event
        for event in _within(world, request)
        if event.kind in TYPES
        and (not wanted or TYPES[event.kind][0] in wanted)
        and request.get("user_id") in (None, str(user_id(event.person)))
    ]
    shown, rest = found[:PAGE], len(found) > PAGE
    after = base64.b64encode(str(shown[-1].number).encode()).decode() if rest else None
    link = f"{request.base}{request.path}?after_cursor={after}" if after else None
    return envelope([_row(world, event) for event in shown], after, link)


def _within(world: World, request: Request) -> list[Event]:
    """Events of the time asked for, newest first, below the cursor."""
    since, until, cursor = request.get("since"), request.get("until"), request.get("after_cursor")
    first = _moment(since) if since else None
    last = _moment(until) if until else None
    below = _number(cursor) if cursor else None
    return [
        event
        for event in reversed(world.company.events)
        if (first is None or event.at >= first)
        and (last is None or event.at <= last)
        and (below is None or event.number < below)
    ]


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _number(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor, validate=True))
    except binascii.Error as wrong:
        raise ValueError("Invalid pagination cursor") from wrong


def _row(world: World, event: Event) -> dict[str, Any]:
    group = world.company.groups.get(event.group or "")
    return {
        "id": event.number,
        "created_at": stamp(event.at),
        "account_id": ACCOUNT,
        "user_id": user_id(event.person),
        "user_name": event.display_name,
        "event_type_id": TYPES[event.kind][0],
        "notes": None,
        "ipaddr": None,
        "actor_user_id": None,
        "actor_user_name": None,
        "actor_system": "",
        "role_id": role_id(group) if group else None,
        "role_name": event.group,
    }
