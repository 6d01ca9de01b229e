"""OneLogin's log of events over the company's, newest first, fifty a page in the first version's envelope.

Of the vendor's many types there are a few. The numbers above `OWN` are the sandbox's own, for those of
which no public text says the number: an account tells its types, and a client asks.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from sandbox.company.people import Event
from sandbox.kit.world import Reply, Request, World, json_reply
from sandbox.onelogin.auth import ACCOUNT
from sandbox.onelogin.rows import ROLES, stamp, user_id

PAGE, OWN = 50, 900
TYPES = {
    "app_added": (1, "APP_ADDED_TO_ROLE", "App %app% added to role %role%"),
    "joined_group": (4, "USER_ASSIGNED_ROLE", "Assigned %role% to user %user%"),
    "sign_in": (5, "USER_LOGGED_INTO_ONELOGIN", "%user% logged into OneLogin"),
    "created": (13, "CREATED_USER", "%user% was created by %actor_user%"),
    "updated": (14, "UPDATED_USER", "%user% was updated by %actor_user%"),
    "deactivated": (15, "DEACTIVATED_USER", "%user% was deactivated by %actor_user%"),
    "activated": (16, "ACTIVATED_USER", "%user% was activated by %actor_user%"),
    "deleted": (17, "DELETED_USER", "%user% was deleted by %actor_user%"),
    "left_group": (OWN + 1, "USER_REMOVED_FROM_ROLE", "Removed %role% from user %user%"),
    "renamed_group": (OWN + 2, "ROLE_RENAMED", "%actor_user% renamed role %role%"),
    "removed_group": (OWN + 3, "ROLE_DELETED", "%actor_user% deleted role %role%"),
    "removed_import": (OWN + 3, "ROLE_DELETED", "%actor_user% deleted role %role%"),
}
"""By the company's word for what happened: number, name and description of the vendor's type."""


def envelope(data: Any, after: str | None = None, link: str | None = None) -> Reply:
    """Answer the way the API's first version does."""
    edges = {"before_cursor": None, "after_cursor": after, "previous_link": None, "next_link": link}
    status = {"error": False, "code": 200, "type": "success", "message": "Success"}
    return json_reply({"status": status, "pagination": edges, "data": data})


def list_types(_world: World, _request: Request) -> Reply:
    """List the types of events."""
    types = dict.fromkeys(TYPES.values())
    return envelope([{"id": number, "name": name, "description": words} for number, name, words in types])


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
    return envelope([_row(event) for event in shown], after, link)


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


def _row(event: Event) -> dict[str, Any]:
    return {
        "id": event.number,
        "created_at": stamp(event.at),
        "account_id": ACCOUNT,
        "user_id": user_id(event.person) if event.person else None,
        "user_name": event.display_name or None,
        "event_type_id": TYPES[event.kind][0],
        "notes": None,
        "ipaddr": None,
        "actor_user_id": None,
        "actor_user_name": None,
        "actor_system": "",
        "role_id": None if event.group_number is None else ROLES + event.group_number,
        "role_name": event.group,
    }
