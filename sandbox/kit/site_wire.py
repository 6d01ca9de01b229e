"""What Jira and Confluence Cloud share: who asks, what they may, burst limits and the ways of saying 429.

Credentials are an account's e-mail address and the token `sandbox-api-token`; `admin@acme.test` stands for
the administrator who made the organisation's key. Options of the world: `cloud_429` says how a refusal for
haste speaks (burst, minute, bare, or turns: each after the other), `cloud_hidden` hides every address.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.kit.cloud_model import ADMIN, JIRA, ORG_ADMIN, SITE, SITE_ADMIN, Account, RefusedError
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import Handler, Reply, Request, Route, World, json_reply

HOME = f"/cloud/{SITE}"
CALLER, TOKEN = "admin@acme.test", "sandbox-api-token"
# Requests a second; the capacity is what third parties saw, the one of the searches is published nowhere.
READS, WRITES, SEARCHES = 100, 50, 20
DIALECTS = ("burst", "minute", "bare")
_SEARCHES = ("/user/search", "/user/picker", "/groups/picker", "/groupuserpicker")


class Who(NamedTuple):
    """Whoever signed a request, and what they may do."""

    account: Account
    browses: bool
    administers: bool
    site_admin: bool
    org_admin: bool


class CloudError(Exception):
    """The site says no: status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def who_asks(org: Organisation, request: Request) -> Who | None:
    """Return the account that signed a request; None where nobody working did."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        email, _, token = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    account = org.by_id.get(org.caller) if email == CALLER else org.by_email.get(email.lower())
    if kind.lower() != "basic" or token != TOKEN or account is None or not account.works:
        return None
    roles = set(org.platform_roles(account))
    site = bool(roles & {SITE_ADMIN, ORG_ADMIN})
    jira = any(ADMIN in org.groups[key].roles.get(JIRA.resource, ()) for key in account.groups)
    return Who(account, bool(org.opened(account)) or site, site or jira, site, ORG_ADMIN in roles)


def asker(request: Request) -> Who:
    """Whoever signed a request that passed the gate."""
    found: Who = request.notes["who"]
    return found


def need(allowed: bool, message: str) -> None:
    """Refuse where a right is missing."""
    if not allowed:
        raise CloudError(403, message)


def gate(open_paths: Iterable[str], refuse: Callable[[Request, int, str], Reply]) -> Any:
    """Return a gate that checks credential and limit; the paths are open to everybody.

    Args:
        open_paths: Ends of paths that need no credential.
        refuse: Words a refusal.
    """
    free = tuple(open_paths)

    def check(world: World, request: Request) -> Reply | None:
        who = who_asks(organisation(world), request)
        if who is None and not request.path.endswith(free):
            return refuse(request, 401, "Client must be authenticated to access this resource.")
        request.notes["who"] = who
        tokens = _take(world, request)
        if tokens is not None and tokens < 0:
            return too_many(world, request, refuse)
        return None

    return check


def seal(world: World, request: Request, reply: Reply) -> None:
    """Tell how much of the bucket is left; when it is full again only a refusal says."""
    if "tokens" not in request.notes or reply.status in (401, 429):
        return
    limit, left = request.notes["tokens"]
    reply.headers += [("X-RateLimit-Limit", str(limit)), ("X-RateLimit-Remaining", str(int(left)))]
    if left < limit / 5:
        reply.headers.append(("X-RateLimit-NearLimit", "true"))


def too_many(world: World, request: Request, refuse: Callable[[Request, int, str], Reply]) -> Reply:
    """A refusal for haste, in the dialect that is set."""
    dialect = world.options.get("cloud_429", "burst")
    if dialect == "turns":
        seen = world.cache("cloud 429")
        seen["count"] = seen.get("count", -1) + 1
        dialect = DIALECTS[seen["count"] % len(DIALECTS)]
    if dialect == "bare":
        return json_reply({"code": 429, "message": "Too Many Requests"}, 429)
    reply = refuse(request, 429, "Rate limit exceeded.")
    limit, _ = request.notes.get("tokens", (READS, 0))
    soon = datetime.fromtimestamp(world.shown(world.limits.clock() + 1), UTC)
    reply.headers += [
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-NearLimit", "true"),
        ("X-RateLimit-Reset", soon.strftime("%Y-%m-%dT%H:%MZ")),
        ("RateLimit-Reason", "jira-burst-based"),
    ]
    if dialect == "burst":
        reply.headers.append(("Retry-After", "1"))
    return reply


def _take(world: World, request: Request) -> float | None:
    """Take a token from the bucket of an operation; below zero there was none. None limits nothing.

    All credentials of the site share one bucket per operation and method, and all searches for people
    share one.
    """
    if not world.limits.on:
        return None
    operation = request.path
    for name, value in request.params.items():
        operation = operation.replace(f"/{value}", f"/{{{name}}}", 1)
    rate = READS if request.method in ("GET", "POST") else WRITES
    key = f"{request.method} {operation}"
    if operation.endswith(_SEARCHES):
        key, rate = "searches", SEARCHES
    limit = world.limits.allowance(rate)
    buckets, now = world.cache("cloud buckets"), world.limits.clock()
    tokens, at = buckets.get(key, (float(limit), now))
    tokens = min(float(limit), tokens + (now - at) * limit)
    left: float = tokens - 1
    buckets[key] = (left if left >= 0 else tokens, now)
    request.notes["tokens"] = (limit, max(0, math.floor(left)))
    return left


def table(
    rows: Iterable[tuple[str, str, Handler]], refuse: Callable[[Request, int, str], Reply]
) -> tuple[Route, ...]:
    """Return routes of `(method, path, handler)` whose refusals become answers."""

    def careful(handler: Handler) -> Handler:
        def answer(world: World, request: Request) -> Reply:
            try:
                return handler(world, request)
            except CloudError as no:
                return refuse(request, no.status, no.message)
            except RefusedError as no:
                return refuse(request, 400 if no.status in (402, 409) else no.status, no.title)

        return answer

    return tuple(Route(method, path, careful(handler)) for method, path, handler in rows)


def shown_email(world: World, account: Account) -> str | None:
    """The address as others see it: of managed people, unless it is hidden; of nobody else."""
    hidden = world.options.get("cloud_hidden", False) or not account.managed or account.status == "closed"
    return None if hidden or account.kind != "atlassian" else account.email


def number(request: Request, name: str, default: int, most: int) -> int:
    """A paging parameter, cut off at the most that is given."""
    text = request.get(name)
    if text is None or text == "":
        return default
    if not text.isdigit():
        raise CloudError(400, f"The '{name}' parameter must be a number that is not negative")
    return min(int(text), most)


def body_of(request: Request) -> Mapping[str, Any]:
    """The body as an object."""
    body = request.json()
    if not isinstance(body, dict):
        raise CloudError(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return body
