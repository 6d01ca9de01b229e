"""What a simulated API sees of the rehearsal, and the one convention for adding such an API.

A **face** is one simulated API. Its folder is named as the kind of connection it answers; the folder's
`__init__` states `FACES`, and `CONNECTIONS` (`sandbox.kit.connection`) where a policy reaches it.
`sandbox.vendors` finds both:

    # sandbox/crowd/face.py
    FACE = Face(name="crowd", prefix="/crowd", routes=(
        Route("GET", "/rest/usermanagement/1/user", read_user),
        Route("POST", "/rest/usermanagement/1/search", search, reads=True),
    ), gate=check_key, error=error)

    # sandbox/crowd/__init__.py
    FACES = (FACE,)

A handler is a plain function `(world, request) -> Reply`; it never waits, so each request is atomic.
Faults, counting, latency and snapshots happen around it and are none of its business. A face keeps
its own state in `world.hold("crowd", build)`, where `build(world.company)` makes it on first use; it
must be picklable, for `/_sandbox/faults` of kind `stale_read` answers from a copy. Nothing derived
(serialised rows) belongs there: that goes into `world.cache("crowd")`, keyed with a revision.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from sandbox.company.company import START, Company
from sandbox.kit.counters import Counters
from sandbox.kit.faults import Faults
from sandbox.kit.limits import Limits


@dataclass(slots=True)
class Request:
    """One request, its body read.

    Attributes:
        method: Upper case.
        path: The whole path, prefix of the face included, percent-decoded.
        params: The named parts of the route's path.
        query: Pairs in the order they were sent, decoded.
        headers: Lower-case names; of a repeated header the last.
        body: Raw bytes.
        base: Scheme and host as the client wrote them, no slash at the end.
        raw_query: The query as sent.
        notes: What the gate found out and the handler or seal wants to know.
    """

    method: str
    path: str
    params: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    base: str
    raw_query: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query parameter."""
        return next((v for k, v in self.query if k == name), default)

    def all(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [v for k, v in self.query if k == name]

    @property
    def bearer(self) -> str:
        """The bearer token it is signed with; empty where it bears none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    def json(self) -> Any:
        """Return the parsed body (None when empty); orjson.JSONDecodeError when it is not JSON."""
        return orjson.loads(self.body) if self.body else None


@dataclass(slots=True)
class Reply:
    """One answer; `headers` is a list, for some names come twice (Link)."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    kind: str = "application/json"


def json_reply(value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """Return a JSON answer."""
    return Reply(status, orjson.dumps(value), list(headers))


Handler = Callable[["World", Request], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation; `reads` marks a POST that changes nothing (a search)."""

    method: str
    path: str
    handler: Handler
    reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether the operation may change the world."""
        return self.method not in ("GET", "HEAD") and not self.reads


def _pass(_world: World, _request: Request) -> Reply | None:
    return None


def _seal(_world: World, _request: Request, _reply: Reply) -> None:
    return None


def _error(_world: World, _request: Request, status: int) -> Reply:
    return json_reply({"message": f"simulated {status}"}, status)


def _expire(_world: World, _request: Request) -> None:
    return None


def _advance(_world: World, _days: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Face:
    """One simulated API.

    Attributes:
        name: One word; also the key of its state.
        prefix: Path it is served under, such as `/okta`.
        routes: Its operations; paths are relative to the prefix, `{name}` names a part and
            `{name:path}` one that may hold slashes. The first that fits wins.
        gate: Runs before the handler: credentials and rate limits; an answer it returns is final.
        seal: Runs after the handler or a refusal of the gate: adds headers.
        error: Answers a status in the vendor's dialect (unknown paths, faults without a body).
        expire: Invalidates the credential of a request, where the dialect can renew it.
        advance: Runs after the company lived through days.
        tell: What `/_sandbox/state` shows of it under its name.
        admin: Doors for tests, served under `/_sandbox/<name>`, neither counted nor faulted.
        speaks: For a face that is not HTTP: the first byte of its connections, and what answers one, made of
            the world and the set of open connections.
    """

    name: str
    prefix: str
    routes: tuple[Route, ...]
    gate: Callable[[World, Request], Reply | None] = _pass
    seal: Callable[[World, Request, Reply], None] = _seal
    error: Callable[[World, Request, int], Reply] = _error
    expire: Callable[[World, Request], None] = _expire
    advance: Callable[[World, int], None] = _advance
    tell: Callable[[World], Any] | None = None
    admin: tuple[Route, ...] = ()
    speaks: tuple[bytes, Callable[[World, set[Any]], asyncio.Protocol]] | None = None


@dataclass
class World:
    """Everything the faces share.

    Attributes:
        company: The people; `company.now` is the virtual clock.
        base: Where the server listens, such as `http://127.0.0.1:8700`.
        limits: Rate limits (off, relaxed or documented).
        faults: What shall go wrong.
        counters: What was asked.
        options: Switches of single faces, by name, such as `okta_empty_last_page`.
        faces: What is served.
    """

    company: Company
    base: str = "http://127.0.0.1"
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    counters: Counters = field(default_factory=Counters)
    options: dict[str, Any] = field(default_factory=dict)
    faces: tuple[Face, ...] = ()
    held: dict[str, Any] = field(default_factory=dict)
    _caches: dict[str, dict[Any, Any]] = field(default_factory=dict)
    _before: bytes | None = None

    def hold(self, name: str, build: Callable[[Company], Any]) -> Any:
        """Return the state of a face, built from the company on first use."""
        if name not in self.held:
            self.held[name] = build(self.company)
        return self.held[name]

    def cache(self, name: str) -> dict[Any, Any]:
        """Return a dict for things derived from the state, kept out of snapshots."""
        return self._caches.setdefault(name, {})

    def advance(self, days: int = 1) -> dict[str, int]:
        """Let days pass in the company and in every face; return the counts of changes."""
        counts = self.company.advance(days)
        for face in self.faces:
            face.advance(self, days)
        return counts

    def shown(self, epoch: float) -> float:
        """Turn a moment of the real clock into the virtual time that answers speak of, in epoch seconds."""
        return self.company.now.timestamp() + epoch - self.limits.clock()

    def renew(self, people: int | None = None, seed: int | None = None) -> None:
        """Start again with a fresh company and no state, faults, counts or used-up limits."""
        old = self.company
        size = old.size if people is None else people
        self.company = Company(size, old.seed if seed is None else seed, now=old.founded, odd=old.odd)
        self.held.clear()
        self._caches.clear()
        self.faults.clear()
        self.counters.clear()
        self.limits.clear()
        self._before = None

    def before_write(self) -> None:
        """Keep a copy of the state as it is, if a lagging read is still to come."""
        wanted = self.faults.lagging()
        self._before = pickle.dumps((self.company, self.held), protocol=5) if wanted else None

    def lagging(self, answer: Callable[[], Reply]) -> Reply:
        """Return what a read answers from the state before the latest write."""
        if self._before is None:
            return answer()
        now = self.company, self.held
        # Own bytes, pickled a moment ago in this process.
        self.company, self.held = pickle.loads(self._before)  # noqa: S301
        try:
            return answer()
        finally:
            self.company, self.held = now


def make_world(
    people: int = 500,
    seed: int = 1,
    *,
    limits: str = "off",
    odd: bool = True,
    now: datetime = START,
    window: float = 60.0,
    latency: float = 0.0,
    **options: Any,
) -> World:
    """Found a company and everything around it.

    Args:
        people: How many are present.
        seed: Decides everything random.
        limits: off, relaxed (50 times the documented numbers) or documented.
        odd: Whether a handful of records are malformed.
        now: Where the virtual clock starts.
        window: Length of a rate-limit window in seconds, for impatient tests.
        latency: Seconds every answer takes.
        options: Switches of single faces, see their modules.
    """
    company = Company(people, seed, now=now, odd=odd)
    return World(company, limits=Limits(limits, window, latency), options=options)
