"""Every simulated API under one port, and the process that serves it.

    python -m sandbox --people 500 --seed 1 --port 8700

A folder that states `FACES` adds an API; see `sandbox.kit.world` for what a face is.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route as HttpRoute

from sandbox import admin, policy, vendors
from sandbox.kit.wire import Door, Endpoint, protocol_of
from sandbox.kit.world import Face, Reply, Request, Route, World, make_world

FACES = vendors.faces()


def build(world: World, faces: tuple[Face, ...] = FACES) -> Starlette:
    """Return the application that serves a world."""
    world.faces = faces
    routes = [_door(world, "/_sandbox", route) for route in admin.ROUTES]
    for face in faces:
        routes += [_door(world, f"/_sandbox/{face.name}", route) for route in face.admin]
        routes += [_endpoint(world, face, route) for route in face.routes]
        routes.append(_unknown(world, face))
    return Starlette(routes=routes)


def bind(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Return a bound socket; port 0 takes any free one."""
    bound = socket.socket(socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


class Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, world: World, ready: Callable[[], object]) -> None:
        """Prepare to serve a world; `ready` is called once connections are accepted."""
        config = uvicorn.Config(
            build(world, world.faces or FACES),
            http=protocol_of(world),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            # The answers speak of the virtual time, their Date too.
            date_header=False,
            timeout_graceful_shutdown=0,
        )
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        self.ready()

    async def main_loop(self) -> None:
        """Serve until told to stop, and notice that at once: tests start and stop hundreds of these."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        usual = asyncio.create_task(super().main_loop())
        told = asyncio.create_task(self._stopped.wait())
        await asyncio.wait([usual, told], return_when=asyncio.FIRST_COMPLETED)
        for task in (usual, told):
            task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; who is told to stop at once waits for nobody."""
        if not self.force_exit:
            await super().shutdown(sockets=sockets)
            return
        for server in self.servers:
            server.close()
        for one in sockets or []:
            one.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for task in self.server_state.tasks:
            task.cancel()

    def stop(self) -> None:
        """Stop at once, whatever is still held open; safe from another thread."""
        self.should_exit = self.force_exit = True
        self._loop.call_soon_threadsafe(self._stopped.set)


def serve(
    people: int = 500,
    seed: int = 1,
    port: int = 8700,
    *,
    limits: str = "relaxed",
    odd: bool = True,
    start: str | None = None,
    latency: float = 0.0,
    write: Path | None = None,
    ready_file: Path | None = None,
    sources: str = "okta-main",
    targets: str = "acme-cloud",
) -> None:
    """Serve a company until interrupted; the first line printed is `listening on URL`.

    Args:
        people: How many are present.
        seed: Decides everything random.
        port: 0 takes a free one.
        limits: off, relaxed or documented.
        odd: Whether a handful of records are malformed.
        start: ISO time the virtual clock starts at, by default this morning.
        latency: Seconds every answer takes.
        write: Folder that gets policy.yaml and prices.yaml; without it the policy is printed.
        ready_file: Gets the address once connections are accepted.
        sources: Names of the sources the policy reads, with commas between, or all.
        targets: Names of the targets it writes, likewise.
    """
    chosen = {
        "sources": policy.chosen(sources, policy.SOURCES, policy.PUSHED),
        "targets": policy.chosen(targets, policy.TARGETS),
    }
    if left_out := policy.say_left_out(sources):
        # Beside what programs read; whoever started it at a terminal sees it.
        print(left_out, file=sys.stderr, flush=True)
    world = make_world(people, seed, limits=limits, odd=odd, now=_moment(start), latency=latency)
    bound = bind(port)
    world.base = f"http://127.0.0.1:{bound.getsockname()[1]}"
    Server(world, lambda: announce(world, write, ready_file, **chosen)).run(sockets=[bound])


def announce(
    world: World, write: Path | None = None, ready_file: Path | None = None, **chosen: list[str]
) -> None:
    """Say where the sandbox listens, print or write the policy that fits it, and end with `ready`."""
    print(f"listening on {world.base}", flush=True)
    print(policy.exports())
    if write is None:
        print(f"---\n{policy.policy(world.base, world.company.size, **chosen)}...")
    else:
        print(f"policy: {policy.write(write, world.base, world.company.size, **chosen)}")
    print("ready", flush=True)
    if ready_file is not None:
        ready_file.write_text(world.base + "\n", encoding="utf-8")


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _door(world: World, prefix: str, route: Route) -> HttpRoute:
    return HttpRoute(prefix + route.path, Door(world, route), methods=[route.method])


def _endpoint(world: World, face: Face, route: Route) -> HttpRoute:
    return HttpRoute(face.prefix + route.path, Endpoint(world, face, route), methods=[route.method])


def _unknown(world: World, face: Face) -> HttpRoute:
    """Answer what a face does not know in its own dialect."""

    def unknown(world: World, request: Request) -> Reply:
        return face.error(world, request, 404)

    rest = Route("ANY", "/{rest:path}", unknown, reads=True)
    return HttpRoute(face.prefix + rest.path, Endpoint(world, face, rest))
