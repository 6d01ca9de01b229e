"""The routes of Google's Directory API, and what each answers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.people import Group
from sandbox.google_workspace import rows
from sandbox.google_workspace.auth import GROUPS, USERS, invalidate, scopes_of
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply

PER_MINUTE = 2_400
TOKEN_LIVES = timedelta(days=3)
MOST_USERS, USUAL_USERS, MOST_OTHERS = 500, 100, 200
WORDS = {
    400: ("invalid", "Invalid Input"),
    401: ("authError", "Invalid Credentials"),
    403: ("forbidden", "Not Authorized to access this resource/api"),
    404: ("notFound", "Resource Not Found"),
    429: ("rateLimitExceeded", "Request rate higher than configured."),
    503: ("backendError", "Service unavailable. Please try again"),
}
LIMITED = "userRateLimitExceeded"
_NESTED = re.compile(r"(\w+)(?:\(([\w,]*)\))?(?:,|$)")


def refusal(status: int, reason: str, message: str) -> Reply:
    """Return an error the way Google words it."""
    detail = {"domain": "global", "reason": reason, "message": message}
    return json_reply({"error": {"code": status, "message": message, "errors": [detail]}}, status)


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Google's words."""
    return refusal(status, *WORDS.get(status, ("internalError", "Internal Error")))


def _checked(handler: Handler) -> Handler:
    """Turn bad arguments and unknown identifiers into Google's errors."""

    def checked(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except ValueError as bad:
            return refusal(400, "invalid", f"Invalid Input: {bad}")
        except StopIteration:
            return error(world, request, 404)

    return checked


def list_users(world: World, request: Request) -> Reply:
    """List users, or those deleted of late and nobody else."""
    _customer(request)
    if request.get("showDeleted") == "true":
        gone = rows.deleted_of_late(world)
        return _page(world, request, "users", gone, lambda row: row, (USUAL_USERS, MOST_USERS))
    hidden = () if request.get("projection") == "full" else ("customSchemas",)
    if request.get("projection") == "custom":
        if not request.get("customFieldMask"):
            raise ValueError("customFieldMask")
        hidden = ()
    people = list(world.company.people.values())

    def show(person: Any) -> rows.Row:
        row = rows.user(world, person)
        return {name: value for name, value in row.items() if name not in hidden} if hidden else row

    return _page(world, request, "users", people, show, (USUAL_USERS, MOST_USERS))


def list_groups(world: World, request: Request) -> Reply:
    """List the groups of the customer."""
    _customer(request)
    groups = list(world.company.groups.values())
    most = (MOST_OTHERS, MOST_OTHERS)
    return _page(world, request, "groups", groups, lambda group: rows.group(world, group), most)


def read_group(world: World, request: Request) -> Reply:
    """Return one group."""
    names = _named(request.get("fields"))
    row = rows.group(world, _group(world, request))
    return json_reply({name: value for name, value in row.items() if not names or name in names})


def list_members(world: World, request: Request) -> Reply:
    """List the direct members of a group."""
    members = rows.members(world, _group(world, request))
    return _page(world, request, "members", members, lambda row: row, (MOST_OTHERS, MOST_OTHERS))


def _group(world: World, request: Request) -> Group:
    return next(g for g in world.company.groups.values() if rows.group_id(g) == request.params["key"])


def _customer(request: Request) -> None:
    if request.get("customer") not in ("my_customer", rows.CUSTOMER):
        raise ValueError("customer")


def _page(
    world: World,
    request: Request,
    what: str,
    listed: Sequence[Any],
    show: Callable[[Any], rows.Row],
    sizes: tuple[int, int],
) -> Reply:
    """Return a page; one without rows has no list at all, and the last one no token."""
    usual, most = sizes
    size = min(most, int(request.get("maxResults") or usual))
    if size < 1:
        raise ValueError("maxResults")
    start = _start(world, request.get("pageToken"))
    names = _named(request.get("fields"))
    inner = names.get(what) if names else None
    shown = [show(row) for row in listed[start : start + size]]
    if inner:
        shown = [{name: row[name] for name in inner if name in row} for row in shown]
    body: dict[str, Any] = {"kind": f"admin#directory#{what}", "etag": '"sandbox"'}
    if shown:
        body[what] = shown
    if start + size < len(listed):
        body["nextPageToken"] = _token(world, start + size)
    return json_reply({name: value for name, value in body.items() if not names or name in names})


def _named(fields: str | None) -> dict[str, list[str]]:
    """Return the fields asked for, each with those asked for of its rows."""
    if not fields:
        return {}
    found = {
        match[1]: [name for name in (match[2] or "").split(",") if name] for match in _NESTED.finditer(fields)
    }
    if not found:
        raise ValueError("fields")
    return found


def _token(world: World, start: int) -> str:
    return base64.urlsafe_b64encode(f"{start}|{world.company.now.isoformat()}".encode()).decode()


def _start(world: World, token: str | None) -> int:
    if token is None:
        return 0
    try:
        start, _, made = base64.urlsafe_b64decode(token).decode().partition("|")
        old = world.company.now - datetime.fromisoformat(made)
    except (binascii.Error, ValueError):
        raise ValueError("pageToken") from None
    if old > TOKEN_LIVES:
        raise ValueError("pageToken")
    return int(start)


def gate(world: World, request: Request) -> Reply | None:
    """Check the token, its scope, what the options refuse, and the limit of the minute."""
    scopes = scopes_of(world, request)
    if scopes is None:
        return error(world, request, 401)
    if (USERS if request.path.endswith("/users") else GROUPS) not in scopes:
        return refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
    for end, reason in world.options.get("google_refuses", {}).items():
        if request.path.endswith(end):
            return refusal(403, reason, f"simulated {reason}")
    if world.limits.on and not world.limits.take(("google", "user"), PER_MINUTE).allowed:
        return refusal(403, LIMITED, "Quota exceeded for quota metric 'Queries'")
    return None


FACE = Face(
    name="google_workspace",
    prefix="/google",
    routes=tuple(
        Route("GET", f"/admin/directory/v1/{path}", _checked(handler))
        for path, handler in (
            ("users", list_users),
            ("groups", list_groups),
            ("groups/{key}", read_group),
            ("groups/{key}/members", list_members),
        )
    ),
    gate=gate,
    error=error,
    expire=invalidate,
)
