"""What the Data Center faces share on the wire: who calls, the token bucket, offset pages.

Tokens: `sandbox-dc-token` (bearer) and `seatwise-svc` with `sandbox-dc-password` (basic) administer;
`sandbox-dc-reader` may only look. Crowd knows an application instead of a person.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sandbox.kit.datacenter_drift import CALLER
from sandbox.kit.datacenter_state import WrongError
from sandbox.kit.world import Handler, Reply, Request, Route, World

TOKEN, READER, PASSWORD = "sandbox-dc-token", "sandbox-dc-reader", "sandbox-dc-password"
APPLICATION, APPLICATION_PASSWORD = "seatwise", "sandbox-crowd-password"
# The bucket of a user: so many requests at most, so many new ones every interval.
LIMIT, FILL, INTERVAL = 60, 5, 1

Error = Callable[[World, Request, int], Reply]


class Bucket(NamedTuple):
    """What is left of a user's bucket after a request; `wait` is in whole seconds."""

    allowed: bool
    limit: int
    fill: int
    remaining: int
    wait: int


def take(world: World, key: str) -> Bucket:
    """Use one token of a bucket up, or be refused; a refusal costs nothing."""
    limits = world.limits
    limit, fill, now = limits.allowance(LIMIT), limits.allowance(FILL), limits.clock()
    buckets = world.cache("datacenter buckets")
    tokens, since = buckets.get(key, (limit, now))
    intervals = math.floor((now - since) / INTERVAL)
    tokens, since = min(limit, tokens + fill * intervals), since + intervals * INTERVAL
    allowed = tokens > 0
    tokens -= allowed
    buckets[key] = tokens, since
    wait = 0 if tokens else max(1, math.ceil(since + INTERVAL - now))
    return Bucket(allowed, limit, fill, tokens, wait)


def basic(request: Request) -> tuple[str, str] | None:
    """Name and password of a request, where it has them."""
    scheme, _, pair = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    try:
        name, _, password = base64.b64decode(pair).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


def gate(
    name: str,
    error: Error,
    *,
    passwords: Callable[[World], bool] = lambda _: True,
    free: tuple[str, ...] = (),
) -> Callable[[World, Request], Reply | None]:
    """A gate that knows the tokens, then the bucket.

    Args:
        name: of the face.
        error: its dialect.
        passwords: whether names and passwords are let in.
        free: ends of paths that need no credential.
    """

    def check(world: World, request: Request) -> Reply | None:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        administers = bearer == TOKEN or (passwords(world) and basic(request) == (CALLER, PASSWORD))
        request.notes["administers"] = administers
        if not administers and bearer != READER and not request.path.endswith(free or ("\0",)):
            return error(world, request, 401)
        return limited(world, request, f"{name} {CALLER if administers else READER}", error)

    return check


def limited(world: World, request: Request, key: str, error: Error) -> Reply | None:
    """Count a request against its user's bucket."""
    if not world.limits.on:
        return None
    request.notes["bucket"] = bucket = take(world, key)
    return None if bucket.allowed else error(world, request, 429)


def seal(_world: World, request: Request, reply: Reply) -> None:
    """Add who asks, and the state of the bucket."""
    if request.notes.get("administers"):
        reply.headers.append(("X-AUSERNAME", CALLER))
    bucket: Bucket | None = request.notes.get("bucket")
    if bucket is not None:
        reply.headers += [
            ("X-RateLimit-Limit", str(bucket.limit)),
            ("X-RateLimit-Remaining", str(bucket.remaining)),
            ("X-RateLimit-Interval-Seconds", str(INTERVAL)),
            ("X-RateLimit-FillRate", str(bucket.fill)),
            ("Retry-After", str(bucket.wait)),
        ]


def table(
    rows: Iterable[tuple[str, str, Handler]],
    refusal: Callable[[WrongError], Reply],
    *,
    anyone: Iterable[Handler] = (),
    denied: WrongError | None = None,
) -> tuple[Route, ...]:
    """Routes of `(method, path, handler)` that turn a refusal into an answer of the dialect.

    Args:
        rows: the operations.
        refusal: how the dialect says no.
        anyone: handlers that need no administrator.
        denied: what everybody else is told.
    """
    open_to_all = set(anyone)

    def guarded(handler: Handler) -> Handler:
        def answer(world: World, request: Request) -> Reply:
            try:
                if handler not in open_to_all and not request.notes.get("administers"):
                    raise denied or WrongError(403, "FORBIDDEN", "You are not permitted to do this.")
                return handler(world, request)
            except WrongError as wrong:
                return refusal(wrong)

        return answer

    return tuple(Route(method, path, guarded(handler)) for method, path, handler in rows)


def number(request: Request, name: str, default: int, most: int | None = None) -> int:
    """A whole number of the query, not above `most`."""
    text = request.get(name)
    value = int(text) if text and text.lstrip("-").isdigit() else default
    return value if most is None else min(value, most)


def truthy(request: Request, name: str, *, default: bool = False) -> bool:
    """A flag of the query."""
    text = request.get(name)
    return default if text is None else text.lower() == "true"


def body_of(request: Request) -> dict[str, Any]:
    """The body as an object; an absent one is empty."""
    body = request.json()
    return body if isinstance(body, dict) else {}
