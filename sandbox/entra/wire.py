"""What every Graph operation shares: errors, resource units, roles and the ordinary headers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

from sandbox.entra.auth import principal
from sandbox.kit.world import Handler, Reply, Request, World, json_reply

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
SIZES = ((50, 3_500), (501, 5_000), (math.inf, 8_000))
"""Resource units in ten seconds, by how many users a tenant has fewer than."""
SIGN_INS = 10
"""Requests for sign-in activity a minute."""
WORDS = {
    400: ("Request_BadRequest", "The request is not valid."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "The resource does not exist."),
    405: ("Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
    410: ("resyncRequired", "Resync required. Replace any local items with the server's version."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("InternalServerError", "Unable to process the request."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable."),
    504: ("UnknownError", "Gateway timeout."),
}


class RefusedError(Exception):
    """An operation refuses a request."""

    def __init__(self, status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Keep what the answer will say."""
        super().__init__(message)
        self.status, self.code, self.headers = status, code, list(headers)


@dataclass(frozen=True, slots=True)
class Operation:
    """One GET of Graph.

    Attributes:
        path: Below `/v1.0`, parts in braces.
        handler: Answers it; may raise RefusedError.
        cost: Resource units before modifiers.
        roles: Any of these permissions suffices.
    """

    path: str
    handler: Handler
    cost: int
    roles: tuple[str, ...]


def bad(message: str, code: str = "Request_BadRequest") -> RefusedError:
    """Return a refusal of the request itself."""
    return RefusedError(400, code, message)


def missing(what: str) -> RefusedError:
    """Return the refusal of something that is not there."""
    text = (
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    )
    return RefusedError(404, "Request_ResourceNotFound", text)


def problem(
    world: World, status: int, code: str, message: str, headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """Return an error the way Graph writes it."""
    number = _request_id(world)
    inner = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": number,
        "client-request-id": number,
    }
    reply = json_reply({"error": {"code": code, "message": message, "innerError": inner}}, status, headers)
    reply.headers.append(("request-id", number))
    return reply


def error(world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Graph's dialect; a 429 says to come back in a second."""
    code, message = WORDS.get(status, WORDS[500])
    return problem(world, status, code, message, [("Retry-After", "1")] if status == 429 else [])


def gate(world: World, request: Request) -> Reply | None:
    """Check the token of a Graph request; the login authority checks for itself."""
    if not request.path.startswith("/entra/v1.0/"):
        return None
    token = principal(world, request)
    if token is None:
        empty = "authorization" not in request.headers
        message = "Access token is empty." if empty else WORDS[401][1]
        return problem(world, 401, WORDS[401][0], message, [("WWW-Authenticate", 'Bearer realm=""')])
    request.notes["token"] = token
    return None


def answer(world: World, request: Request, operation: Operation) -> Reply:
    """Answer one operation, alone or as part of a batch: roles, throttling, then the handler."""
    try:
        allow(request, *operation.roles)
        _charge(world, request, operation.cost)
        reply = operation.handler(world, request)
    except RefusedError as why:
        reply = problem(world, why.status, why.code, str(why), why.headers)
    else:
        reply.headers += _spent(request)
    return reply


def handling(operation: Operation) -> Handler:
    """Return the operation as a handler of its own route."""
    return lambda world, request: answer(world, request, operation)


def allow(request: Request, *roles: str) -> None:
    """Refuse a token that has none of the roles."""
    if not set(roles) & request.notes["token"].roles:
        raise RefusedError(403, *WORDS[403])


def seal(world: World, _request: Request, reply: Reply) -> None:
    """Add the headers every answer of Graph bears."""
    if not any(name == "request-id" for name, _ in reply.headers):
        reply.headers.append(("request-id", _request_id(world)))
    number = next(value for name, value in reply.headers if name == "request-id")
    reply.headers += [
        ("client-request-id", number),
        ("x-ms-ags-diagnostic", '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"5"}}'),
        ("OData-Version", "4.0"),
    ]
    if reply.kind == "application/json":
        reply.kind = JSON


def units_of(request: Request, base: int) -> int:
    """Return what a request costs: less when it selects or asks for few, more when it expands."""
    top = request.get("$top")
    cost = base - (request.get("$select") is not None) + (request.get("$expand") is not None)
    return max(1, cost - (top is not None and top.isdigit() and int(top) < 20))


def charge_sign_ins(world: World) -> None:
    """Use up the quota of sign-in activity, which is apart from the resource units."""
    if world.limits.on:
        state = world.limits.take(("entra", "sign-ins"), SIGN_INS)
        if not state.allowed:
            raise _throttled(world, state.reset, "CPULimitExceeded")


def _charge(world: World, request: Request, base: int) -> None:
    cost = request.notes["cost"] = units_of(request, base)
    if not world.limits.on:
        return
    people = len(world.company.people)
    size = next(size for below, size in SIZES if people < below)
    # Ten seconds where a window is a minute.
    state = world.limits.take(("entra", "units"), size, world.limits.seconds / 6, cost)
    if not state.allowed:
        raise _throttled(world, state.reset, "ResourceUnitLimitExceeded")
    request.notes["share"] = 1 - state.remaining / state.limit


def _throttled(world: World, reset: float, why: str) -> RefusedError:
    wait = max(1, math.ceil(reset - world.limits.clock()))
    headers = [
        ("Retry-After", str(wait)),
        ("x-ms-throttle-scope", "Tenant_Application/ReadWrite/sandbox/acme"),
        ("x-ms-throttle-information", why),
    ]
    return RefusedError(429, *WORDS[429], headers)


def _spent(request: Request) -> list[tuple[str, str]]:
    """Return what a request cost, and how full the bucket is once that is worth saying."""
    share: float = request.notes.get("share", 0.0)
    full = [("x-ms-throttle-limit-percentage", f"{share:.2f}")] if share >= 0.8 else []
    return [("x-ms-resource-unit", str(request.notes.get("cost", 1))), *full]


def _request_id(world: World) -> str:
    return str(uuid5(NAMESPACE_OID, f"request {world.counters.served}"))
