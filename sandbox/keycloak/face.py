"""The routes of Keycloak's admin API, and what each answers."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.company.people import Group
from sandbox.keycloak import rows
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply

REALM, CLIENT, SECRET = "acme", "seatwise", "sandbox-keycloak-secret"
USUAL = 100
WORDS = {401: "HTTP 401 Unauthorized", 403: "HTTP 403 Forbidden", 404: "Could not find resource"}


@dataclass
class Desk:
    """The tokens that are valid, each with the moment it ends."""

    tokens: dict[str, float] = field(default_factory=dict)


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("keycloak", lambda _company: Desk())
    return held


def error(_world: World, request: Request, status: int) -> Reply:
    """Answer a status in Keycloak's words; its token endpoint speaks OAuth's."""
    if "/protocol/" in request.path:
        return json_reply({"error": "invalid_client", "error_description": f"simulated {status}"}, status)
    return json_reply({"error": WORDS.get(status, "unknown_error")}, status)


def issue(world: World, request: Request) -> Reply:
    """Trade a client's secret, by HTTP Basic or in the form, for a token of a minute."""
    form = dict(parse_qsl(request.body.decode()))
    if form.get("grant_type") != "client_credentials":
        return json_reply({"error": "unsupported_grant_type"}, 400)
    if _pair(request, form) != (CLIENT, SECRET):
        told = {
            "error": "invalid_client",
            "error_description": "Invalid client or Invalid client credentials",
        }
        return json_reply(told, 401)
    token, seconds = secrets.token_urlsafe(40), int(60 * world.options.get("keycloak_minutes", 1))
    desk(world).tokens[token] = world.limits.clock() + seconds
    return json_reply(
        {"access_token": token, "expires_in": seconds, "refresh_expires_in": 0, "token_type": "Bearer"}
    )


def _pair(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _found(handler: Handler) -> Handler:
    """Turn unknown identifiers into Keycloak's error."""

    def found(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except StopIteration:
            return error(world, request, 404)

    return found


def list_users(world: World, request: Request) -> Reply:
    """List the users by username; attributes only where the brief form is declined."""
    brief = request.get("briefRepresentation") == "true"
    people = sorted(world.company.people.values(), key=lambda person: person.login)
    reply = _page(request, people, lambda person: rows.user(world, person, brief=brief))
    if world.options.get("keycloak_shrinks") and people:
        del world.company.people[people[0].number]
    return reply


def count_users(world: World, _request: Request) -> Reply:
    """Say how many users there are, as a bare number."""
    return json_reply(len(world.company.people))


def list_groups(world: World, request: Request) -> Reply:
    """List the groups at the top."""
    groups = sorted(rows.children(world, None), key=lambda group: group.name)
    return _page(request, groups, lambda group: rows.row(world, group))


def list_children(world: World, request: Request) -> Reply:
    """List the groups right below one."""
    groups = sorted(rows.children(world, _group(world, request)), key=lambda group: group.name)
    return _page(request, groups, lambda group: rows.row(world, group))


def list_members(world: World, request: Request) -> Reply:
    """List the direct members of a group."""
    people = [world.company.people[number] for number in rows.direct(world, _group(world, request))]
    return _page(request, people, lambda person: rows.user(world, person, brief=True))


def _group(world: World, request: Request) -> Group:
    return next(g for g in world.company.groups.values() if rows.group_id(g) == request.params["id"])


def _page(request: Request, listed: Sequence[Any], show: Callable[[Any], rows.Row]) -> Reply:
    """Return a page as a bare array; nothing says whether there is another one."""
    first, most = int(request.get("first") or 0), int(request.get("max") or USUAL)
    return json_reply([show(row) for row in listed[first : first + most]])


def gate(world: World, request: Request) -> Reply | None:
    """Check the token."""
    if "/protocol/" in request.path:
        return None
    valid = desk(world).tokens.get(request.bearer, 0.0) > world.limits.clock()
    return None if valid else error(world, request, 401)


def invalidate(world: World, request: Request) -> None:
    """Make the token of a request invalid."""
    desk(world).tokens.pop(request.bearer, None)


FACE = Face(
    name="keycloak",
    prefix="/keycloak",
    routes=(
        Route("POST", f"/realms/{REALM}/protocol/openid-connect/token", issue, reads=True),
        *(
            Route("GET", f"/admin/realms/{REALM}/{path}", _found(handler))
            for path, handler in (
                ("users", list_users),
                ("users/count", count_users),
                ("groups", list_groups),
                ("groups/{id}/children", list_children),
                ("groups/{id}/members", list_members),
            )
        ),
    ),
    gate=gate,
    error=error,
    expire=invalidate,
)
