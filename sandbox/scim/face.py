"""The routes of both versions of SCIM, and what each answers."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

from sandbox.company.people import Group, Person
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply
from sandbox.scim import list as lists
from sandbox.scim import rows, write
from sandbox.scim import schemas as about
from sandbox.scim.dialect import V1 as OLD
from sandbox.scim.dialect import V2 as NEW
from sandbox.scim.dialect import XML, Dialect
from sandbox.scim.errors import ScimError
from sandbox.scim.list import Search, project
from sandbox.scim.patch import patched
from sandbox.scim.xml import from_xml

TOKENS = frozenset({"sandbox-scim-token"})
CLIENT = ("sandbox-scim-client", "sandbox-scim-secret")
TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - the path of the endpoint
PER_MINUTE = 600
WORDS = {
    401: "The credential is not valid.",
    403: "The credential may not do this.",
    404: "There is nothing at this address.",
    429: "Too many requests.",
}
Asked = Callable[[World, Dialect, Request], Reply]


def _bound(dialect: Dialect, handler: Asked) -> Handler:
    """Fix the version of a handler, and turn refusals into its errors."""

    def bound(world: World, request: Request) -> Reply:
        try:
            return handler(world, dialect, request)
        except ScimError as problem:
            return dialect.error(request, problem)
        except ValueError as wrong:
            return dialect.error(request, ScimError(400, str(wrong), "invalidValue"))

    return bound


def _body(dialect: Dialect, request: Request) -> Any:
    if dialect.old and XML in request.headers.get("content-type", ""):
        return from_xml(request.body)
    return request.json()


# Users


def list_users(world: World, dialect: Dialect, request: Request) -> Reply:
    """List users."""
    return lists.users(world, dialect, request, lists.asked(request))


def search_users(world: World, dialect: Dialect, request: Request) -> Reply:
    """List users by a search in the body."""
    return lists.users(world, dialect, request, lists.posted(request))


def _person(world: World, request: Request) -> Person:
    number = rows.user_number(request.params["id"])
    if number is None or number not in world.company.people:
        raise ScimError(404, f"Resource {request.params['id']} not found.")
    return world.company.people[number]


def read_user(world: World, dialect: Dialect, request: Request) -> Reply:
    """Return one user."""
    person = _person(world, request)
    return _resource(dialect, request, rows.user(world, dialect, person), "User")


def create_user(world: World, dialect: Dialect, request: Request) -> Reply:
    """Hire somebody."""
    person = write.create_user(world, dialect, _body(dialect, request))
    return _resource(dialect, request, rows.user(world, dialect, person), "User", 201)


def replace_user(world: World, dialect: Dialect, request: Request) -> Reply:
    """Make a user what the body says."""
    person = _person(world, request)
    _unmoved(request, person.revision)
    write.replace_user(world, dialect, person, _body(dialect, request))
    return _resource(dialect, request, rows.user(world, dialect, person), "User")


def patch_user(world: World, dialect: Dialect, request: Request) -> Reply:
    """Change parts of a user."""
    person = _person(world, request)
    _unmoved(request, person.revision)
    changed = patched(dialect, rows.user(world, dialect, person), _body(dialect, request))
    write.replace_user(world, dialect, person, changed)
    return _resource(dialect, request, rows.user(world, dialect, person), "User")


def delete_user(world: World, _dialect: Dialect, request: Request) -> Reply:
    """Let a user go."""
    person = _person(world, request)
    _unmoved(request, person.revision)
    write.delete_user(world, person)
    return Reply(204)


# Groups


def list_groups(world: World, dialect: Dialect, request: Request) -> Reply:
    """List groups."""
    return lists.groups(world, dialect, request, lists.asked(request))


def search_groups(world: World, dialect: Dialect, request: Request) -> Reply:
    """List groups by a search in the body."""
    return lists.groups(world, dialect, request, lists.posted(request))


def _group(world: World, request: Request) -> Group:
    number = rows.group_number(request.params["id"])
    for group in world.company.groups.values():
        if group.number == number:
            return group
    raise ScimError(404, f"Resource {request.params['id']} not found.")


def read_group(world: World, dialect: Dialect, request: Request) -> Reply:
    """Return one group with its members."""
    group = _group(world, request)
    told = "members" not in lists.quiet(world, lists.asked(request)).excluded
    return _resource(dialect, request, rows.group(world, dialect, group, members=told), "Group")


def create_group(world: World, dialect: Dialect, request: Request) -> Reply:
    """Make a group."""
    group = write.create_group(world, _body(dialect, request))
    return _resource(dialect, request, rows.group(world, dialect, group), "Group", 201)


def replace_group(world: World, dialect: Dialect, request: Request) -> Reply:
    """Make a group what the body says."""
    group = _group(world, request)
    _unmoved(request, group.revision)
    write.replace_group(world, group, _body(dialect, request))
    return _resource(dialect, request, rows.group(world, dialect, group), "Group")


def patch_group(world: World, dialect: Dialect, request: Request) -> Reply:
    """Change name or members of a group; SCIM 2.0 answers without a body."""
    group = _group(world, request)
    _unmoved(request, group.revision)
    changed = patched(dialect, rows.group(world, dialect, group), _body(dialect, request))
    write.replace_group(world, group, changed)
    if dialect.old:
        return _resource(dialect, request, rows.group(world, dialect, group), "Group")
    return Reply(204, headers=[("etag", rows.version(group.revision))])


def delete_group(world: World, _dialect: Dialect, request: Request) -> Reply:
    """Delete a group."""
    group = _group(world, request)
    _unmoved(request, group.revision)
    write.delete_group(world, group)
    return Reply(204)


def _unmoved(request: Request, revision: int) -> None:
    """Refuse a write that was meant for another version."""
    wanted = request.headers.get("if-match")
    if wanted not in (None, "*", rows.version(revision)):
        raise ScimError(412, "The resource has changed meanwhile.")


def _resource(dialect: Dialect, request: Request, row: dict[str, Any], kind: str, status: int = 200) -> Reply:
    version = row["meta"]["version"]
    if request.method == "GET" and request.headers.get("if-none-match") == version:
        return Reply(304, headers=[("etag", version)])
    chosen = lists.asked(request) if request.query else Search(None, 0, 1, None, (), ())
    reply = dialect.reply(request, project(row, chosen), status, root=kind)
    reply.headers += [("etag", version), ("location", row["meta"]["location"])]
    return reply


# Credentials and limits


def issue(_world: World, request: Request) -> Reply:
    """Trade a client's secret, by HTTP Basic, for the token."""
    _, _, coded = request.headers.get("authorization", "").partition(" ")
    if coded != base64.b64encode(":".join(CLIENT).encode()).decode():
        return json_reply(
            {"error": "invalid_client", "error_description": "Client authentication failed."}, 401
        )
    return json_reply({"access_token": next(iter(TOKENS)), "token_type": "Bearer", "expires_in": 3600})


def _token(request: Request) -> str:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return sent
    try:
        return base64.b64decode(sent, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _gate(dialect: Dialect) -> Callable[[World, Request], Reply | None]:
    def gate(world: World, request: Request) -> Reply | None:
        if request.path == dialect.prefix + TOKEN_PATH:
            return None
        if _token(request) not in TOKENS:
            return dialect.error(request, ScimError(401, WORDS[401]))
        if not world.limits.on:
            return None
        window = world.limits.take(("scim", _token(request)), PER_MINUTE)
        if window.allowed:
            return None
        reply = dialect.error(request, ScimError(429, WORDS[429]))
        left = max(1, math.ceil(window.reset - world.limits.clock()))
        reply.headers.append(("retry-after", str(left)))
        return reply

    return gate


def _error(dialect: Dialect) -> Callable[[World, Request, int], Reply]:
    def error(_world: World, request: Request, status: int) -> Reply:
        reply = dialect.error(request, ScimError(status, WORDS.get(status, "Something went wrong.")))
        if status == 429:
            reply.headers.append(("retry-after", "1"))
        return reply

    return error


_RESOURCES: tuple[tuple[str, str, Asked], ...] = (
    ("GET", "/Users", list_users),
    ("POST", "/Users", create_user),
    ("GET", "/Users/{id}", read_user),
    ("PUT", "/Users/{id}", replace_user),
    ("PATCH", "/Users/{id}", patch_user),
    ("DELETE", "/Users/{id}", delete_user),
    ("GET", "/Groups", list_groups),
    ("POST", "/Groups", create_group),
    ("GET", "/Groups/{id}", read_group),
    ("PUT", "/Groups/{id}", replace_group),
    ("PATCH", "/Groups/{id}", patch_group),
    ("DELETE", "/Groups/{id}", delete_group),
)


def _face(dialect: Dialect) -> Face:
    config = "/ServiceProviderConfigs" if dialect.old else "/ServiceProviderConfig"
    told: tuple[tuple[str, Asked], ...] = (
        (config, about.config),
        ("/ResourceTypes", about.types),
        ("/Schemas", about.schemas),
    )
    one = (("/ResourceTypes/{id}", about.type_), ("/Schemas/{id}", about.schema))
    searches = (("/Users/.search", search_users), ("/Groups/.search", search_groups))
    routes = [
        *(Route("POST", path, _bound(dialect, handler), reads=True) for path, handler in searches),
        *(Route(method, path, _bound(dialect, handler)) for method, path, handler in _RESOURCES),
        *(Route("GET", path, _bound(dialect, handler)) for path, handler in (*told, *one)),
    ]
    routes.append(Route("POST", TOKEN_PATH, issue, reads=True))
    refused = _bound(dialect, about.read_only)
    routes += [Route(verb, path, refused) for path, _ in told for verb in ("POST", "PUT", "PATCH", "DELETE")]
    return Face(
        name=dialect.name,
        prefix=dialect.prefix,
        routes=tuple(routes),
        gate=_gate(dialect),
        error=_error(dialect),
    )


V1, V2 = _face(OLD), _face(NEW)
