"""How Atlassian's administration APIs speak: keys, errors in their several shapes, limits, cursors."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from sandbox.kit.cloud_drift import drifted
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID, RefusedError
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.world import Handler, Reply, Request, Route, World, json_reply

ORG_KEY, SCOPED_KEY = "sandbox-org-key", "sandbox-scoped-key"
USUAL_LIMIT = 600
"""Requests a minute where no number is published."""
LIMITS = {
    "/last-active-dates": 200,
    "/events": 10,
    "/events/{eventId}": 10,
    "/event-actions": 10,
    "/events-stream": 50,
}
"""End of a path → requests a minute, as published."""
TITLES = {
    400: ("ADMIN-400-24", "Invalid request body"),
    401: ("ADMIN-401-1", "Unauthorized"),
    403: ("ADMIN-403-3", "Not allowed to manage the org"),
    404: ("ADMIN-404-1", "Unknown resource"),
    409: ("ADMIN-409-28", "Conflict"),
    429: ("ADMIN-429-1", "Rate limit exceeded"),
}
USER_KEYS = {
    400: "bodyParseFailure",
    401: "unauthorized",
    403: "forbidden",
    404: "notFound",
    429: "tooManyRequests",
}
# Operations a key with scopes may use: only reads, and not the searches.
_SCOPED = (
    "/v1/orgs/{orgId}",
    "/v1/orgs/{orgId}/users",
    "/v1/orgs/{orgId}/domains",
    "/v1/orgs/{orgId}/events",
    "/v1/orgs/{orgId}/events/{eventId}",
    "/v1/orgs/{orgId}/events-stream",
    "/v1/orgs/{orgId}/event-actions",
    "/v2/orgs/{orgId}/directories",
    "/v2/orgs/{orgId}/directories/{directoryId}/users",
    "/v2/orgs/{orgId}/directories/{directoryId}/users/stats",
    "/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/role-assignments",
    "/v2/orgs/{orgId}/directories/{directoryId}/groups",
    "/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments",
    "/v2/orgs/{orgId}/workspaces",
)


def organisation(world: World) -> Organisation:
    """Return the organisation as it is at this moment of the company."""
    org: Organisation = world.hold("atlassian", drifted)
    if scim := world.held.get("atlassian_scim"):
        scim.arrive()
    org.log.lag = timedelta(hours=float(world.options.get("atlassian_log_lag", 0)))
    org.settle()
    if limits := world.options.get("atlassian_capacity"):
        org.capacity |= {r: limits[key] for r in org.capacity if (key := r.split(":")[2]) in limits}
    return org


# Errors


def refusal(request: Request, status: int, code: str, title: str) -> Reply:
    """Return an application error, `{"errors": [...]}`; the same request fails under the same id."""
    number = str(uuid5(NAMESPACE_URL, f"{request.method} {request.path} {status}"))
    error = {"id": number, "status": str(status), "code": code, "title": title, "detail": title}
    return json_reply({"errors": [error]}, status)


def error(world: World, request: Request, status: int) -> Reply:
    """Answer a status the way the part of the API that was asked would."""
    if not _admin(request):
        return json_reply({"key": USER_KEYS.get(status, "internalServerError")}, status)
    if status in (401, 429) and "/admin/v1/" in request.path:
        return json_reply(
            {"code": status, "message": "Unauthorized" if status == 401 else "Too Many Requests"}, status
        )
    code, title = TITLES.get(status, ("ADMIN-500-1", "Internal server error"))
    return refusal(request, status, code, title)


def answering(route: Route) -> Route:
    """Check whom a route speaks of, and turn a refusal into an answer."""
    handler = route.handler

    def answer(world: World, request: Request) -> Reply:
        try:
            _addressed(request, writes=route.writes)
            return handler(world, request)
        except RefusedError as refused:
            return refusal(request, refused.status, refused.code, refused.title)

    return Route(route.method, route.path, answer, route.reads)


def _addressed(request: Request, *, writes: bool) -> None:
    """Refuse another organisation or directory; `-` means all directories, for reads alone."""
    if request.params.get("orgId", ORG_ID) != ORG_ID:
        raise RefusedError(404, "ADMIN-404-2", "Organization not found")
    directory = request.params.get("directoryId", DIRECTORY_ID)
    if directory != DIRECTORY_ID and (writes or directory != "-"):
        raise RefusedError(404, "ADMIN-404-1", "Directory not found")


def table(rows: Iterable[tuple[str, str, Handler]], *, reads: Iterable[Handler] = ()) -> tuple[Route, ...]:
    """Return routes of `(method, path, handler)`; `reads` are POSTs that change nothing."""
    searches = tuple(reads)
    return tuple(
        answering(Route(method, path, handler, handler in searches)) for method, path, handler in rows
    )


# Keys and limits


def gate(world: World, request: Request) -> Reply | None:
    """Check the key, then the limit."""
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key not in (ORG_KEY, SCOPED_KEY):
        return error(world, request, 401)
    if key == SCOPED_KEY and (refused := _out_of_scope(request)):
        return refused
    if (bucket := _bucket(world, request)) and not world.limits.take(*bucket).allowed:
        return error(world, request, 429)
    return None


def seal(world: World, request: Request, reply: Reply) -> None:
    """Add the state of the limit, its reset as a time in UTC."""
    if reply.status == 401 or not (bucket := _bucket(world, request)):
        return
    window = world.limits.look(*bucket)
    reset = datetime.fromtimestamp(math.ceil(world.shown(window.reset)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reply.headers += [
        ("X-RateLimit-Limit", str(window.limit)),
        ("X-RateLimit-Remaining", str(window.remaining)),
        ("X-RateLimit-Reset", reset),
    ]


def _admin(request: Request) -> bool:
    return request.path.startswith("/atlassian/admin/")


def _operation(request: Request) -> str:
    """The path with its parts named instead of filled in."""
    path = request.path.removeprefix("/atlassian/admin")
    for name, value in request.params.items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


def _bucket(world: World, request: Request) -> tuple[str, int] | None:
    if not world.limits.on or not _admin(request):
        return None
    operation = _operation(request)
    published = (limit for end, limit in LIMITS.items() if operation.endswith(end))
    return f"{request.method} {operation}", next(published, USUAL_LIMIT)


def _out_of_scope(request: Request) -> Reply | None:
    """What a key with scopes meets where no scope exists."""
    if not _admin(request):
        text = "Insufficient scope: manage:org is required"
        return json_reply({"key": "forbidden", "errorKey": "forbidden", "errorDetail": text}, 403)
    operation = _operation(request)
    if operation in _SCOPED and (request.method == "GET" or operation.endswith("/workspaces")):
        return None
    if request.method == "GET" or operation.endswith("/search"):
        return refusal(request, 401, "ADMIN-401-2", "INSUFFICIENT_SCOPE")
    return refusal(request, 403, "ADMIN-UAM-403-1", "Forbidden")


# Bodies and cursors


def body_of(request: Request) -> dict[str, Any]:
    """The body as an object; an absent one is empty."""
    body = request.json()
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise RefusedError(400, "ADMIN-400-24", "Invalid request body: an object is expected")
    return body


def text_of(body: Mapping[str, Any], name: str) -> str:
    """A required string of a body."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(400, "ADMIN-400-24", f"Invalid request body: {name} is required")
    return value


def cursor(kind: str, after: int, query: Mapping[str, Any]) -> str:
    """A bare token that holds the whole query, so that nothing else needs to come with it."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, after, query])).decode().rstrip("=")


def resume(kind: str, token: str) -> tuple[int, dict[str, Any]]:
    """Where a cursor continues, and its query.

    Raises:
        RefusedError: it is not one of this operation's cursors.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        found, after, query = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, ValueError, TypeError):
        found, after, query = None, 0, {}
    if found != kind:
        raise RefusedError(400, "ADMIN-400-1", "Invalid page cursor")
    return after, query


def raw_page(rows: Iterable[bytes], links: Mapping[str, str]) -> Reply:
    """A page of rows that are serialised already."""
    return Reply(200, b'{"data":[' + b",".join(rows) + b'],"links":' + orjson.dumps(links) + b"}")


def sliced(
    kind: str, rows: list[Any], start: int, query: Mapping[str, Any]
) -> tuple[list[Any], dict[str, str]]:
    """One page of a short list from `start` on, and its links with bare cursors."""
    end = start + query["limit"]
    links = {"self": cursor(kind, start, query)}
    if end < len(rows):
        links["next"] = cursor(kind, end, query)
    return rows[start:end], links


def limit_of(value: Any, *, default: int, most: int = 100) -> int:
    """A page size."""
    if value is None:
        return default
    number = int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else 0
    if not 1 <= number <= most:
        raise RefusedError(400, "ADMIN-400-24", f"limit must be between 1 and {most}")
    return number
