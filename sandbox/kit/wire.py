"""From HTTP to a handler and back, with everything that goes wrong in between."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.kit.counters import CUT
from sandbox.kit.faults import Fault
from sandbox.kit.shapes import reshape
from sandbox.kit.world import Face, Reply, Request, Route, World

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_CUT = "sandbox.transport"


class Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with the connection in reach of the faults; or what else a face speaks."""

    world: World
    _begun = False

    def data_received(self, data: bytes) -> None:
        """Hand a connection over whose first byte is that of another protocol."""
        begun, self._begun = self._begun, True
        spoken = () if begun else (face.speaks for face in self.world.faces if face.speaks)
        other = next((make for first, make in spoken if data.startswith(first)), None)
        if other is None:
            super().data_received(data)
            return
        self.connections.discard(self)
        protocol = other(self.world, self.connections)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(data)

    def on_message_begin(self) -> None:
        """Hand the transport to the application."""
        super().on_message_begin()
        self.scope[_CUT] = self.transport  # type: ignore[literal-required]


def protocol_of(world: World) -> type[Protocol]:
    """Return what speaks the protocols of a world's faces."""
    return type("ProtocolOfWorld", (Protocol,), {"world": world})


class Door:
    """An operation of the sandbox itself: no faults, no counting."""

    def __init__(self, world: World, route: Route) -> None:
        """Bind a route to a world."""
        self.world, self.route = world, route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await _read(scope, receive)
        await _send(self.world, send, self.route.handler(self.world, request))


class Endpoint:
    """An operation of a face."""

    def __init__(self, world: World, face: Face, route: Route) -> None:
        """Bind a route of a face to a world."""
        self.world, self.face, self.route = world, face, route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it the way a fault says."""
        request = await _read(scope, receive)
        flying = self.world.limits.in_flight
        flying[self.face.name] = flying.get(self.face.name, 0) + 1
        try:
            fault = self.world.faults.strike(request.path, request.method)
            reply = None if fault and fault.kind == "reset" else self.answer(request, fault)
            await asyncio.sleep(self.world.limits.latency)
        finally:
            flying[self.face.name] -= 1
        await self._deliver(scope, send, request, reply, fault)

    def answer(self, request: Request, fault: Fault | None) -> Reply:
        """Return the answer, faults of the answer itself included."""
        world, face = self.world, self.face
        kind = fault.kind if fault else None
        if fault and kind == "status":
            return self._simulated(request, fault)
        if kind == "expire_token":
            face.expire(world, request)
            return face.error(world, request, 401)
        reply = face.gate(world, request)
        if reply is None and kind == "stale_read":
            reply = world.lagging(lambda: self._handle(request))
        elif reply is None:
            if self.route.writes:
                world.before_write()
            reply = self._handle(request)
            if self.route.writes:
                world.counters.note(
                    request.method, request.path, request.raw_query, request.body, reply.status
                )
        face.seal(world, request, reply)
        if fault and kind == "reshape":
            _reshape(reply, fault.shape)
        if fault and kind == "repeat":
            fault.answer_alike(reply.status, dict(reply.headers), orjson.loads(reply.body))
        return reply

    def _handle(self, request: Request) -> Reply:
        try:
            return self.route.handler(self.world, request)
        except orjson.JSONDecodeError:
            return self.face.error(self.world, request, 400)

    def _simulated(self, request: Request, fault: Fault) -> Reply:
        if fault.body is None:
            reply = self.face.error(self.world, request, fault.status)
        elif isinstance(fault.body, str):
            reply = Reply(fault.status, fault.body.encode(), kind="text/plain; charset=utf-8")
        else:
            reply = Reply(fault.status, orjson.dumps(fault.body))
        own = {name.lower() for name in fault.headers}
        kept = [pair for pair in reply.headers if pair[0].lower() not in own]
        reply.headers = [*kept, *((name, str(value)) for name, value in fault.headers.items())]
        return reply

    async def _deliver(
        self, scope: Scope, send: Send, request: Request, reply: Reply | None, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault else None
        if fault and kind == "timeout":
            await asyncio.sleep(fault.seconds)
        cut = reply is None or kind == "lost_write"
        status = CUT if reply is None or cut else reply.status
        self.world.counters.add(request.path, request.method, status, write=self.route.writes)
        if reply is None or cut:
            await _reset(scope)
        elif kind == "truncate":
            await _truncate(self.world, scope, send, reply)
        else:
            await _send(self.world, send, reply)


def _reshape(reply: Reply, shape: str) -> None:
    """Turn an answer into another shape; one that is no JSON, such as a refusal without a body, stays."""
    try:
        body = reshape(orjson.loads(reply.body), shape)
    except orjson.JSONDecodeError:
        return
    if isinstance(body, str):
        reply.body, reply.kind = body.encode(), "text/html; charset=utf-8"
    else:
        reply.body = orjson.dumps(body)


async def _read(scope: Scope, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=scope["path"],
        params={name: str(value) for name, value in scope.get("path_params", {}).items()},
        query=parse_qsl(raw, keep_blank_values=True),
        headers=headers,
        body=body,
        base=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        raw_query=raw,
    )


def _head(world: World, reply: Reply) -> dict[str, Any]:
    headers = [(b"date", format_datetime(world.company.now, usegmt=True).encode())]
    headers += [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    if reply.body:
        headers.append((b"content-type", reply.kind.encode()))
    if reply.status != 204:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


async def _send(world: World, send: Send, reply: Reply) -> None:
    await send(_head(world, reply))
    await send({"type": "http.response.body", "body": reply.body})


async def _truncate(world: World, scope: Scope, send: Send, reply: Reply) -> None:
    await send(_head(world, reply))
    await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
    scope[_CUT].close()
    await asyncio.sleep(0.01)


async def _reset(scope: Scope) -> None:
    """Cut the TCP connection at once; the pause lets the server see it is gone."""
    transport = scope[_CUT]
    own = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.01)
