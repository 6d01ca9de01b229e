"""The routes of Okta, and what each answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.company.people import DEPARTED, App, Group, Person
from sandbox.kit.ids import number_of, opaque
from sandbox.kit.limits import Window
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply
from sandbox.okta import rows
from sandbox.okta.auth import invalidate, issue, register, scopes_of
from sandbox.okta.filter import BadFilterError, Test, parse
from sandbox.okta.logs import logs
from sandbox.okta.paging import BadParameterError, limit_of, links, page
from sandbox.okta.schema import user_schema

CODES = {
    400: ("E0000001", "Api validation failed"),
    401: ("E0000011", "Invalid token provided"),
    403: ("E0000006", "You do not have permission to perform the requested action"),
    404: ("E0000007", "Not found: Resource not found"),
    405: ("E0000022", "The endpoint does not support the provided HTTP method"),
    429: ("E0000047", "API call exceeded rate limit due to too many requests."),
    503: ("E0000010", "Service is in read only mode"),
}


class Bucket(NamedTuple):
    """Which paths share a number of requests a minute, and the scope they need."""

    path: re.Pattern[str]
    per_minute: int
    scope: str


BUCKETS = tuple(
    Bucket(re.compile("/okta/api/v1/" + path), per_minute, f"okta.{scope}.read")
    for path, per_minute, scope in (
        (r"users$", 600, "users"),
        (r"users/[^/]+$", 2000, "users"),
        (r"users/", 600, "users"),
        (r"groups/[^/]+$", 1000, "groups"),
        (r"groups", 500, "groups"),
        (r"apps/[^/]+$", 500, "apps"),
        (r"apps", 100, "apps"),
        (r"logs", 120, "logs"),
        (r"", 1200, "schemas"),
    )
)
CONCURRENT = 75
TOKENS_PER_SECOND = 4

USER_FILTER: dict[str, Callable[[Person], Any]] = {
    "status": rows.status,
    "lastUpdated": lambda p: rows.stamp(p.updated),
    "id": lambda p: rows.user_id(p.number),
    "profile.login": lambda p: p.login,
    "profile.email": lambda p: p.email,
    "profile.firstName": lambda p: p.given_name,
    "profile.lastName": lambda p: p.family_name,
}
USER_SEARCH: dict[str, Callable[[Person], Any]] = USER_FILTER | {
    "created": lambda p: rows.stamp(p.created),
    "activated": lambda p: rows.stamp(p.activated),
    "statusChanged": lambda p: rows.stamp(p.status_changed),
    "profile.department": lambda p: p.department,
    "profile.userType": lambda p: p.user_type,
    "profile.costCenter": lambda p: p.cost_center,
    "profile.title": lambda p: p.title,
    "profile.city": lambda p: p.city,
}
GROUP_FILTER: dict[str, Callable[[Group], Any]] = {
    "type": lambda g: rows.GROUP_TYPE[g.kind],
    "id": rows.group_id,
    "lastUpdated": lambda g: rows.stamp(g.updated),
    "lastMembershipUpdated": lambda g: rows.stamp(g.members_updated),
}
_TIMES = ("gt", "ge", "lt", "le", "eq")
FILTER_OPERATORS = {"*": ("eq",), "lastUpdated": _TIMES, "lastMembershipUpdated": _TIMES}
SEARCH_OPERATORS = {"*": ("eq", "ne", "sw", "co", "pr", *_TIMES)}


def _checked(handler: Handler) -> Handler:
    """Turn bad parameters and unknown identifiers into Okta's errors."""

    def checked(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except BadFilterError as bad:
            return problem("E0000031", f"Invalid search criteria. {bad}", 400)
        except BadParameterError as bad:
            return problem("E0000001", f"Api validation failed: {bad}", 400, str(bad))
        except LookupError as missing:
            return problem("E0000007", f"Not found: Resource not found: {missing.args[0]}", 404)

    return checked


def problem(code: str, summary: str, status: int, *causes: str) -> Reply:
    """Return an error the way Okta writes it."""
    number = opaque("oae", len(summary), 25)
    body = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": number,
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }
    return json_reply(body, status, [("x-okta-request-id", number)])


def error(world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Okta's dialect; a 429 says the window ends in a second."""
    code, summary = CODES.get(status, ("E0000009", "Internal Server Error"))
    reply = problem(code, summary, status)
    if status == 429:
        reply.headers += _limit_headers(world, Window(False, 300, 0, world.limits.clock() + 1))
    return reply


# Users


def list_users(world: World, request: Request) -> Reply:
    """List users: without filter, search or q the deprovisioned stay hidden."""
    query = request.get("q")
    limit = limit_of(request, 10 if query else 200, 200)
    people = world.company.people
    chosen, headers = page(world, request, list(people), limit, people.__getitem__, _user_test(request))
    return _users(world, chosen, links(request, None) if query else headers)


def _user_test(request: Request) -> Test:
    if text := request.get("filter"):
        return parse(text, USER_FILTER, FILTER_OPERATORS)
    if text := request.get("search"):
        return parse(text, USER_SEARCH, SEARCH_OPERATORS)
    if text := request.get("q"):
        return lambda p: (
            p.present
            and any(name.lower().startswith(text.lower()) for name in (p.given_name, p.family_name, p.email))
        )
    return lambda p: p.state != DEPARTED


def _users(world: World, people: list[Person], headers: list[tuple[str, str]]) -> Reply:
    return Reply(200, b"[" + b",".join([rows.user_bytes(world, p) for p in people]) + b"]", headers)


def _person(world: World, request: Request) -> Person:
    key = request.params["id"]
    number = number_of("00u", key)
    try:
        return world.company.find(key if number is None else number)
    except LookupError as missing:
        raise LookupError(f"{key} (User)") from missing


def read_user(world: World, request: Request) -> Reply:
    """Return one user, by identifier or login."""
    return Reply(200, rows.user_bytes(world, _person(world, request)))


def list_groups_of_user(world: World, request: Request) -> Reply:
    """List every group of a user, unpaged."""
    groups = sorted((world.company.groups[name] for name in _person(world, request).groups), key=_number)
    return json_reply([rows.group(world, g) for g in groups], 200, links(request, None))


# Groups


def _number(thing: Group | App) -> int:
    return thing.number


def list_groups(world: World, request: Request) -> Reply:
    """List groups, with counts when expand=stats."""
    text = request.get("filter") or request.get("search")
    test = parse(text, GROUP_FILTER, FILTER_OPERATORS) if text else None
    by_number = {g.number: g for g in world.company.groups.values()}
    limit = limit_of(request, 200, 200)
    chosen, headers = page(world, request, sorted(by_number), limit, by_number.__getitem__, test)
    stats = "stats" in (request.get("expand") or "").split(",")
    return json_reply([rows.group(world, g, stats=stats) for g in chosen], 200, headers)


def _group(world: World, request: Request) -> Group:
    number, names = number_of("00g", request.params["id"]), world.cache("okta groups")
    if names.get(number) not in world.company.groups:
        names.update((g.number, g.name) for g in world.company.groups.values())
    if names.get(number) not in world.company.groups:
        raise LookupError(f"{request.params['id']} (UserGroup)")
    return world.company.groups[names[number]]


def read_group(world: World, request: Request) -> Reply:
    """Return one group."""
    return json_reply(rows.group(world, _group(world, request)))


def list_members(world: World, request: Request) -> Reply:
    """List the members of a group as whole users."""
    limit = limit_of(request, 1000, 1000)
    people = world.company.people
    chosen, headers = page(world, request, sorted(_group(world, request).members), limit, people.__getitem__)
    return _users(world, chosen, headers)


def list_apps_of_group(world: World, request: Request) -> Reply:
    """List the applications a group is assigned to."""
    name = _group(world, request).name
    return _apps(world, request, limit_of(request, 20, 200), lambda app: name in app.groups)


# Applications


def list_apps(world: World, request: Request) -> Reply:
    """List applications."""
    readers = {"status": lambda app: "ACTIVE" if app.active else "INACTIVE", "id": rows.app_id}
    text = request.get("filter")
    test = parse(text, readers, {"*": ("eq",)}) if text else None
    return _apps(world, request, limit_of(request, 20, 200), test)


def _apps(world: World, request: Request, limit: int, test: Test | None) -> Reply:
    by_number = {app.number: app for app in world.company.apps}
    chosen, headers = page(world, request, sorted(by_number), limit, by_number.__getitem__, test)
    return json_reply([rows.app(world, app) for app in chosen], 200, headers)


def _app(world: World, request: Request) -> App:
    number = number_of("0oa", request.params["id"])
    for app in world.company.apps:
        if app.number == number:
            return app
    raise LookupError(f"{request.params['id']} (AppInstance)")


def read_app(world: World, request: Request) -> Reply:
    """Return one application."""
    return json_reply(rows.app(world, _app(world, request)))


def list_app_users(world: World, request: Request) -> Reply:
    """List who is assigned to an application; a limit beyond 500 is refused."""
    app = _app(world, request)
    limit = limit_of(request, 50, 500, strict=True)
    people = world.company.people
    numbers = [p.number for p in world.company.assigned(app)]
    chosen, headers = page(world, request, numbers, limit, people.__getitem__)
    embed = request.get("expand") == "user"
    return json_reply([rows.app_user(world, app, p, embed=embed) for p in chosen], 200, headers)


def list_app_groups(world: World, request: Request) -> Reply:
    """List the groups assigned to an application."""
    app = _app(world, request)
    limit = limit_of(request, 20, 200)
    by_number = {g.number: g for g in (world.company.groups[name] for name in app.groups)}
    chosen, headers = page(world, request, sorted(by_number), limit, by_number.__getitem__)
    order = [world.company.groups[name].number for name in app.groups]
    found = [rows.app_group(world, app, g, order.index(g.number)) for g in chosen]
    return json_reply(found, 200, headers)


def read_schema(world: World, _request: Request) -> Reply:
    """Return the schema of user profiles."""
    return json_reply(user_schema(world))


# Credentials and limits


def gate(world: World, request: Request) -> Reply | None:
    """Check the credential, its scope and the rate limits."""
    if request.path.startswith("/okta/oauth2/"):
        window = world.limits.take(("okta", "token"), TOKENS_PER_SECOND, 1.0) if world.limits.on else None
        request.notes["window"] = window
        return problem(*CODES[429], 429) if window and not window.allowed else None
    bucket = next((b for b in BUCKETS if b.path.match(request.path)), BUCKETS[-1])
    principal = scopes_of(world, request)
    if principal is None:
        return error(world, request, 401)
    refused = _limited(world, request, principal[0], bucket) if world.limits.on else None
    if refused is None and bucket.scope not in principal[1] and not (bucket is BUCKETS[-1] and principal[1]):
        refused = error(world, request, 403)
    return refused


def _limited(world: World, request: Request, principal: str, bucket: Bucket) -> Reply | None:
    limits = world.limits
    if limits.in_flight.get("okta", 0) > limits.allowance(CONCURRENT):
        request.notes["window"] = Window(False, 0, 0, limits.clock() + 1)
        return problem(*CODES[429], 429)
    org = ("okta", bucket.path.pattern)
    keys: list[tuple[tuple[str, ...], float]] = [((*org, principal), 0.5), (org, 1.0)]
    states = [limits.look(key, bucket.per_minute * share) for key, share in keys]
    if all(state.allowed for state in states):
        states = [limits.take(key, bucket.per_minute * share) for key, share in keys]
    tightest = min(states, key=lambda state: state.remaining)
    request.notes["window"] = tightest
    return None if tightest.allowed else problem(*CODES[429], 429)


def _limit_headers(world: World, window: Window) -> list[tuple[str, str]]:
    return [
        ("x-rate-limit-limit", str(window.limit)),
        ("x-rate-limit-remaining", str(window.remaining)),
        ("x-rate-limit-reset", str(math.ceil(world.shown(window.reset)))),
    ]


def seal(world: World, request: Request, reply: Reply) -> None:
    """Add the request's number and the state of its bucket."""
    if not any(name == "x-okta-request-id" for name, _ in reply.headers):
        reply.headers.append(("x-okta-request-id", opaque("req", world.counters.served + 1)))
    if window := request.notes.get("window"):
        reply.headers += _limit_headers(world, window)


FACE = Face(
    name="okta",
    prefix="/okta",
    routes=(
        Route("POST", "/oauth2/v1/token", issue, reads=True),
        *(
            Route("GET", f"/api/v1{path}", _checked(handler))
            for path, handler in (
                ("/users", list_users),
                ("/users/{id}", read_user),
                ("/users/{id}/groups", list_groups_of_user),
                ("/groups", list_groups),
                ("/groups/{id}", read_group),
                ("/groups/{id}/users", list_members),
                ("/groups/{id}/apps", list_apps_of_group),
                ("/apps", list_apps),
                ("/apps/{id}", read_app),
                ("/apps/{id}/users", list_app_users),
                ("/apps/{id}/groups", list_app_groups),
                ("/logs", logs),
                ("/meta/schemas/user/default", read_schema),
            )
        ),
    ),
    gate=gate,
    seal=seal,
    error=error,
    expire=invalidate,
    admin=(Route("POST", "/client", register),),
)
