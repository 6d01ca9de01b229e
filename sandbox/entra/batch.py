"""`POST /$batch`: up to twenty requests in one, answered one by one, in another order than asked.

The outer status is 200 even where inner ones are refused: each request is throttled for itself, and
faults of kind `status` strike inner requests like others (every other kind is a 503 there).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from sandbox.entra.wire import Operation, RefusedError, answer, bad, error, problem
from sandbox.kit.world import Reply, Request, World

MOST = 20
PREFIX = "/entra/v1.0"


class Router:
    """Finds the operation of a relative address."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Take the operations in the order they win."""
        self._known = [(_pattern(operation.path), operation) for operation in operations]

    def find(self, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and the named parts of a path below `/v1.0`."""
        for pattern, operation in self._known:
            if found := pattern.fullmatch(path):
                return operation, found.groupdict()
        return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def batch(world: World, request: Request, router: Router) -> Reply:
    """Answer a batch, the last request first."""
    try:
        inner = _read(request)
    except RefusedError as why:
        return problem(world, why.status, why.code, str(why))
    replies: dict[str, Reply] = {}
    for one in inner:
        failed = [name for name in one.get("dependsOn", ()) if replies[name].status >= 400]
        if failed:
            text = f"A request this one depends on failed: {failed[0]}."
            replies[one["id"]] = problem(world, 424, "FailedDependency", text)
        else:
            replies[one["id"]] = _one(world, request, one, router)
    parts = [_written(name, reply) for name, reply in reversed(replies.items())]
    return Reply(200, b'{"responses":[' + b",".join(parts) + b"]}")


def _read(request: Request) -> list[dict[str, Any]]:
    """Return the inner requests or refuse the whole."""
    body = request.json()
    inner = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(inner, list) or not inner:
        raise bad("Invalid batch payload format.", "BadRequest")
    if len(inner) > MOST:
        raise bad(f"Number of batch request steps exceeds the maximum value of {MOST}.", "BadRequest")
    earlier: set[str] = set()
    for one in inner:
        if not isinstance(one, dict) or not {"id", "method", "url"} <= set(one):
            raise bad("A batch request step needs id, method and url.", "BadRequest")
        if one["id"] in earlier or not set(one.get("dependsOn", ())) <= earlier:
            raise bad(f"Invalid id or dependsOn of batch request step '{one['id']}'.", "BadRequest")
        earlier.add(one["id"])
    return inner


def _one(world: World, request: Request, one: Mapping[str, Any], router: Router) -> Reply:
    parts = urlsplit(str(one["url"]))
    if parts.scheme or parts.netloc:
        return problem(world, 400, "BadRequest", "A batch request step takes a relative URL.")
    path = unquote(parts.path) if parts.path.startswith("/") else f"/{unquote(parts.path)}"
    found = router.find(path)
    if found is None:
        return error(world, request, 404)
    if one["method"].upper() != "GET":
        return error(world, request, 405)
    operation, named = found
    fault = world.faults.strike(PREFIX + path, "GET")
    if fault is not None:
        reply = error(world, request, fault.status if fault.kind == "status" else 503)
        if fault.kind == "status" and fault.body is not None:
            reply.body = orjson.dumps(fault.body)
        reply.headers += list(fault.headers.items())
        return reply
    single = replace(
        request,
        method="GET",
        path=PREFIX + path,
        params=named,
        query=parse_qsl(parts.query, keep_blank_values=True),
        headers=request.headers | {k.lower(): str(v) for k, v in one.get("headers", {}).items()},
        body=b"",
        raw_query=parts.query,
        notes={"token": request.notes["token"]},
    )
    return answer(world, single, operation)


def _written(name: str, reply: Reply) -> bytes:
    head = {
        "id": name,
        "status": reply.status,
        "headers": {"Content-Type": "application/json", **dict(reply.headers)},
    }
    return orjson.dumps(head)[:-1] + b',"body":' + (reply.body or b"null") + b"}"
