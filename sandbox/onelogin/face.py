"""The routes of OneLogin, and what each answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.company.people import Group, Person
from sandbox.kit.limits import Window
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply
from sandbox.onelogin import rows
from sandbox.onelogin.auth import caller, invalidate, issue, problem, revoke
from sandbox.onelogin.events import envelope, list_events, list_types
from sandbox.onelogin.paging import BadPageError, page

HOURLY = 5000
V1_WORDS = {
    400: ("bad request", "Request Failure"),
    401: ("Unauthorized", "Authentication Failure"),
    403: ("Forbidden", "Insufficient Permission"),
    404: ("Not Found", "No Route Exists"),
    429: ("Too Many Requests", "rate limit exceeded"),
}
V2_WORDS = {
    400: ("BadRequestError", "The request could not be understood"),
    401: ("UnauthorizedError", "This request requires Authentication"),
    403: ("ForbiddenError", "Insufficient Permission"),
    404: ("NotFoundError", "The resource can't be found"),
    422: ("UnprocessableEntityError", "Validation failed"),
    429: ("TooManyRequestsError", "Rate limit exceeded"),
}
TIMES: dict[str, Callable[[Person], datetime | None]] = {
    "created": lambda p: p.created,
    "updated": lambda p: p.updated,
    "last_login": lambda p: p.last_sign_in,
}
EXACT = ("firstname", "lastname", "email", "username", "external_id", "samaccountname", "directory_id")
Test = Callable[[Person], bool]


def error(world: World, request: Request, status: int) -> Reply:
    """Answer a status in the words of the version that was called."""
    if not request.path.startswith("/onelogin/api/2/"):
        return problem(status, *V1_WORDS.get(status, ("Internal Server Error", "Something went wrong")))
    name, message = V2_WORDS.get(status, ("InternalServerError", "Something went wrong"))
    reply = json_reply({"statusCode": status, "name": name, "message": message}, status)
    if status == 429:
        reply.headers += _limit_headers(world, Window(False, HOURLY, 0, world.limits.clock() + 1))
    return reply


def _checked(handler: Handler) -> Handler:
    """Turn bad arguments and unknown identifiers into OneLogin's errors."""

    def checked(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except BadPageError as bad:
            body = {"status": 400, "error": "BadRequestError", "description": str(bad)}
            return json_reply(body, 400)
        except ValueError as bad:
            body = {"statusCode": 422, "name": "UnprocessableEntityError", "message": str(bad)}
            return json_reply(body, 422)
        except LookupError:
            return error(world, request, 404)

    return checked


# Users


def list_users(world: World, request: Request) -> Reply:
    """List users; of the rarer fields only those named in `fields`."""
    tests = _tests(world, request)
    people = list(world.company.people.values())
    if tests:
        people = [person for person in people if all(test(person) for test in tests)]
    wanted = _fields(request)
    return page(world, request, people, lambda person: _shown(world, person, wanted))


def read_user(world: World, request: Request) -> Reply:
    """Return one user with everything."""
    number = int(request.params["id"]) - rows.USERS if request.params["id"].isdigit() else -1
    person = world.company.people[number]
    return json_reply(rows.user(world, person) | {"role_ids": rows.role_ids(world, person)})


def _fields(request: Request) -> set[str]:
    return {name for name in (request.get("fields") or "").replace(" ", "").split(",") if name}


def _shown(world: World, person: Person, wanted: set[str]) -> dict[str, Any]:
    row = rows.user(world, person)
    if not wanted:
        return {name: value for name, value in row.items() if name not in rows.ON_DEMAND}
    shown = {name: value for name, value in row.items() if name in wanted}
    if "role_ids" in wanted:
        shown["role_ids"] = rows.role_ids(world, person)
    return shown


def _tests(world: World, request: Request) -> list[Test]:
    tests: list[Test] = []
    for name, read in TIMES.items():
        if text := request.get(f"{name}_since"):
            tests.append(_bounded(read, _moment(text), since=True))
        if text := request.get(f"{name}_until"):
            tests.append(_bounded(read, _moment(text), since=False))
    asked = [(name, request.get(name)) for name in EXACT]
    tests += [_equal(world, name, wanted) for name, wanted in asked if wanted is not None]
    if text := request.get("user_ids"):
        numbers = {int(part) - rows.USERS for part in text.split(",")}
        tests.append(lambda person: person.number in numbers)
    return tests


def _bounded(read: Callable[[Person], datetime | None], bound: datetime, *, since: bool) -> Test:
    def test(person: Person) -> bool:
        at = read(person)
        return at is not None and (at >= bound if since else at <= bound)

    return test


def _equal(world: World, name: str, wanted: str) -> Test:
    return lambda person: str(rows.user(world, person)[name] or "").lower() == wanted.lower()


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise ValueError(f"{text} is not an ISO8601 timestamp") from wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# Roles and groups


def list_roles(world: World, request: Request) -> Reply:
    """List roles; `fields=id,name,users` tells their members."""
    groups = sorted(world.company.groups.values(), key=lambda group: group.number)
    if name := request.get("role_name"):
        groups = [group for group in groups if group.name == name]
    wanted = _fields(request) - ({"users"} if world.options.get("onelogin_no_users") else set())
    return page(world, request, groups, lambda group: rows.role(group, wanted))


def _group(world: World, request: Request, first: int) -> Group:
    for group in world.company.groups.values():
        if str(first + group.number) == request.params["id"]:
            return group
    raise LookupError(request.params["id"])


def read_role(world: World, request: Request) -> Reply:
    """Return one role with its members."""
    return json_reply(rows.role(_group(world, request, rows.ROLES), {"users", "apps", "admins"}))


def list_members(world: World, request: Request) -> Reply:
    """List the users of a role."""
    numbers = sorted(_group(world, request, rows.ROLES).members)
    return page(world, request, numbers, lambda number: rows.member(world.company.people[number]))


def list_groups(world: World, _request: Request) -> Reply:
    """List the groups, of which a user has one: the departments."""
    groups = [g for g in world.company.groups.values() if g.name.startswith("dept-")]
    return envelope([{"id": rows.group_id(g), "name": g.name, "reference": None} for g in groups])


def read_group(world: World, request: Request) -> Reply:
    """Return one group."""
    group = _group(world, request, rows.GROUPS)
    return envelope([{"id": rows.group_id(group), "name": group.name, "reference": None}])


# Credentials and limits


def rate_limit(world: World, request: Request) -> Reply:
    """Tell what is left of the hour, its end in seconds left."""
    window = world.limits.look(("onelogin", request.notes["client"]), HOURLY, _hour(world))
    status = {"error": False, "code": 200, "type": "success", "message": "Success"}
    told = {
        "X-RateLimit-Limit": window.limit,
        "X-RateLimit-Remaining": window.remaining,
        "X-RateLimit-Reset": _seconds_left(world, window),
    }
    return json_reply({"status": status, "data": told})


def gate(world: World, request: Request) -> Reply | None:
    """Check the token, what it may do, and the limit of the hour."""
    if request.path.startswith("/onelogin/auth/oauth2/"):
        return None
    known = caller(world, request)
    if known is None:
        return error(world, request, 401)
    request.notes["client"] = known[0]
    if request.path == "/onelogin/auth/rate_limit":
        return None
    if known[1] == "Authentication Only":
        return error(world, request, 403)
    return _limited(world, request, known[0])


def _limited(world: World, request: Request, client: str) -> Reply | None:
    free = world.options.get("onelogin_v1_only") and request.path.startswith("/onelogin/api/2/")
    if not world.limits.on or free:
        return None
    window = world.limits.take(("onelogin", client), HOURLY, _hour(world))
    if window.allowed:
        return None
    reply = error(world, request, 429)
    reply.headers = _limit_headers(world, window)
    return reply


def _hour(world: World) -> float:
    """Return how long an hour is where a window of a minute lasts as long as the limits say."""
    return 60 * world.limits.seconds


def _limit_headers(world: World, window: Window) -> list[tuple[str, str]]:
    if world.options.get("onelogin_silent"):
        return []
    return [
        ("x-ratelimit-limit", str(window.limit)),
        ("x-ratelimit-remaining", str(window.remaining)),
        ("x-ratelimit-reset", str(_seconds_left(world, window))),
    ]


def _seconds_left(world: World, window: Window) -> int:
    return min(math.ceil(_hour(world)), max(0, math.ceil(window.reset - world.limits.clock())))


FACE = Face(
    name="onelogin",
    prefix="/onelogin",
    routes=(
        Route("POST", "/auth/oauth2/v2/token", issue, reads=True),
        Route("POST", "/auth/oauth2/revoke", revoke, reads=True),
        *(
            Route("GET", path, _checked(handler))
            for path, handler in (
                ("/auth/rate_limit", rate_limit),
                ("/api/2/users", list_users),
                ("/api/2/users/{id}", read_user),
                ("/api/2/roles", list_roles),
                ("/api/2/roles/{id}", read_role),
                ("/api/2/roles/{id}/users", list_members),
                ("/api/1/events", list_events),
                ("/api/1/events/types", list_types),
                ("/api/1/groups", list_groups),
                ("/api/1/groups/{id}", read_group),
            )
        ),
    ),
    gate=gate,
    error=error,
    expire=invalidate,
)
