"""The routes of PingOne's platform API and of its token service, and what each answers."""

from __future__ import annotations

import base64
import binascii
import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid5

from sandbox.company.people import ACTIVE, STAGED, Group, Person
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply

ENVIRONMENT = "abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6"
CLIENT, SECRET = "5a1b0f3c-seatwise", "sandbox-pingone-secret"
MOST, PER_MINUTE, LIFETIME = 200, 600, 3600
CODES = {
    400: ("INVALID_DATA", "The request could not be completed."),
    401: ("ACCESS_FAILED", "The request could not be completed. The access token is invalid."),
    403: ("ACCESS_FAILED", "The request could not be completed. You do not have access to this resource."),
    404: ("NOT_FOUND", "The request could not be completed. The requested resource was not found."),
    429: ("REQUEST_LIMITED", "Too many requests."),
}
Row = dict[str, Any]
_SPACE = UUID("6f9619ff-8b86-d011-b42d-00c04fc964aa")


@dataclass
class Desk:
    """The tokens that are valid, each with the moment it ends."""

    tokens: dict[str, float] = field(default_factory=dict)


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("pingone", lambda _company: Desk())
    return held


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number."""
    return str(uuid5(_SPACE, f"user {number}"))


def group_id(group: Group) -> str:
    """Return the identifier of a group."""
    return str(uuid5(_SPACE, f"group {group.number}"))


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in PingOne's words."""
    code, message = CODES.get(status, ("UNEXPECTED_ERROR", "An unexpected error occurred."))
    return json_reply({"id": "sandbox", "code": code, "message": message}, status)


def issue(world: World, request: Request) -> Reply:
    """Trade the secret of the worker application, by HTTP Basic, for a token of an hour."""
    form = dict(parse_qsl(request.body.decode()))
    if form.get("grant_type") != "client_credentials":
        return json_reply({"error": "unsupported_grant_type"}, 400)
    if _pair(request) != f"{CLIENT}:{SECRET}":
        told = "Request denied: Unsupported authentication method or invalid credentials"
        return json_reply({"error": "invalid_client", "error_description": told}, 401)
    token = secrets.token_urlsafe(40)
    desk(world).tokens[token] = world.limits.clock() + LIFETIME
    return json_reply({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME})


def _pair(request: Request) -> str:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        return base64.b64decode(coded, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def list_users(world: World, request: Request) -> Reply:
    """List the users; with the groups each is in where they are to be included."""
    tells = "memberOfGroupIDs" in (request.get("include") or "") and not world.options.get("pingone_silent")
    people = list(world.company.people.values())
    return _page(world, request, "users", people, lambda person: _user(world, person, groups=tells))


def _user(world: World, person: Person, *, groups: bool) -> Row:
    nothing = person.flaw == "nulls"
    boss = world.company.people.get(person.manager or 0)
    names = {"given": person.given_name, "family": person.family_name, "formatted": person.display_name}
    row: Row = {
        "id": user_id(person.number),
        "environment": {"id": ENVIRONMENT},
        "username": person.login,
        "email": person.email,
        "name": None if nothing else {name: text for name, text in names.items() if text},
        "title": person.title,
        "type": person.user_type,
        "enabled": person.state in (ACTIVE, STAGED),
        "account": {"canAuthenticate": person.state == ACTIVE, "status": "OK"},
        "lifecycle": {"status": "VERIFICATION_REQUIRED" if person.state == STAGED else "ACCOUNT_OK"},
        "population": {"id": "4e9c6a3b"},
        "createdAt": _stamp(person.created),
        "updatedAt": _stamp(person.updated),
        "lastSignOn": {"at": _stamp(person.last_sign_in), "remoteIp": "192.0.2.7"}
        if person.last_sign_in
        else None,
        "department": None if nothing else person.department,
        "costCenter": person.cost_center,
        "organization": "Acme",
        "employeeNumber": f"{person.number:06}",
        "manager": boss.login if boss else None,
        "hireDate": f"{person.hired_on:%Y-%m-%d}",
        "terminationDate": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
    }
    if groups:
        row["memberOfGroupIDs"] = sorted(group_id(world.company.groups[name]) for name in person.groups)
    return {name: value for name, value in row.items() if value not in (None, [], "")}


def _stamp(at: Any) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def list_groups(world: World, request: Request) -> Reply:
    """List the groups, each with how many users are in it."""
    groups = list(world.company.groups.values())

    def show(group: Group) -> Row:
        counts = {"users": len(group.members), "groups": 0}
        return {"id": group_id(group), "name": group.name, "directMemberCounts": counts}

    return _page(world, request, "groups", groups, show)


def _page(
    world: World, request: Request, what: str, listed: Sequence[Any], show: Callable[[Any], Row]
) -> Reply:
    """Return a page; the address of the next one holds a cursor."""
    most = world.options.get("pingone_page_size", MOST)
    size = min(int(request.get("limit") or most), most)
    start = int(base64.b64decode(request.get("cursor") or "MA==", validate=True))
    shown = [show(row) for row in listed[start : start + size]]
    links = {"self": {"href": f"{request.base}{request.path}"}}
    if start + size < len(listed):
        others = [(name, value) for name, value in request.query if name != "cursor"]
        cursor = base64.b64encode(str(start + size).encode()).decode()
        links["next"] = {"href": f"{request.base}{request.path}?{urlencode([*others, ('cursor', cursor)])}"}
    body = {"_links": links, "_embedded": {what: shown}, "count": len(listed), "size": len(shown)}
    return json_reply(body)


def _checked(handler: Handler) -> Handler:
    """Turn bad arguments into PingOne's error."""

    def checked(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except ValueError:
            return error(world, request, 400)

    return checked


def gate(world: World, request: Request) -> Reply | None:
    """Check the token, and the limit of the minute."""
    if desk(world).tokens.get(request.bearer, 0.0) <= world.limits.clock():
        return error(world, request, 401)
    if not world.limits.on:
        return None
    window = world.limits.take(("pingone", "environment"), PER_MINUTE)
    if window.allowed:
        return None
    reply = error(world, request, 429)
    reply.headers.append(("retry-after", str(max(1, math.ceil(window.reset - world.limits.clock())))))
    return reply


def invalidate(world: World, request: Request) -> None:
    """Make the token of a request invalid."""
    desk(world).tokens.pop(request.bearer, None)


FACE = Face(
    name="pingone",
    prefix="/pingone",
    routes=tuple(
        Route("GET", f"/v1/environments/{ENVIRONMENT}/{path}", _checked(handler))
        for path, handler in (("users", list_users), ("groups", list_groups))
    ),
    gate=gate,
    error=error,
    expire=invalidate,
)
AUTH = Face(
    name="pingone_auth",
    prefix="/pingone-auth",
    routes=(Route("POST", f"/{ENVIRONMENT}/as/token", issue, reads=True),),
)
