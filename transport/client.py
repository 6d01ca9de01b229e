"""Requests to one host: paced, retried where that is safe, counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import orjson
from requests import PreparedRequest

from transport.attempt import Attempt
from transport.errors import Moved, PageLoop, ReadOnly, TransportError
from transport.meter import Meter
from transport.pace import Pace, Pacing, Ticket
from transport.parallel import in_parallel
from transport.rate_limit_headers import read_rate_limit
from transport.reply import Decode, Reply
from transport.retry_policy import RetryPolicy
from transport.watch import WATCH, Say, UnderWay
from transport.wire import Params, Request, Wire

T = TypeVar("T")
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
MOST_REDIRECTS = 5
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """Reads and, through a writable door, writes on one host with one credential."""

    def __init__(
        self,
        base_url: str,
        wire: Wire,
        *,
        token_id: Hashable,
        bucket: Callable[[str, str], str],
        writable: bool,
        workers: int,
        meter: Meter,
        pacing: Pacing,
        retry_policy: RetryPolicy,
        say: Say | None,
    ) -> None:
        """Doors make clients; see `Door.client`."""
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc
        self.workers = workers
        self._wire = wire
        self._token_id = token_id
        self._bucket = bucket
        self._writable = writable
        self._meter = meter
        self._pacing = pacing
        self._retry_policy = retry_policy
        self._say = say

    def get(
        self,
        path: str,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        *,
        decode: Decode = orjson.loads,
    ) -> Reply:
        """Read a path below the base address, or an absolute address on the same host.

        Args:
            path: the path or address.
            params: parameters of the address.
            headers: sent besides.
            decode: makes values of a JSON body; all of them unless it is told otherwise.

        Raises:
            TransportError: by its next step; transient ones only after the last attempt.
        """
        request = Request("GET", self._url(path), params, headers, decode=decode)
        for _ in range(MOST_REDIRECTS):
            try:
                return self._send(request)
            except Moved as error:
                if "Location" not in error.headers:
                    raise
                target = urljoin(request.url, error.headers["Location"])
            request = replace(request, url=target, params=None)
        raise PageLoop("it redirects without end").about("GET", request.url)

    def search(
        self,
        path: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Send a POST that only reads, of JSON or of a form: allowed when read-only, retried as a read."""
        kind, body = (JSON, orjson.dumps(json)) if form is None else (FORM, urlencode(form).encode())
        return self._send(Request("POST", self._url(path), None, {**kind, **(headers or {})}, body))

    def write(
        self,
        method: str,
        path: str,
        json: Any = None,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Change something. Sent again only after a 429 or when no connection was ever made.

        Raises:
            ReadOnly: the door only reads; nothing was sent.
            UnknownOutcome: it was sent and the answer was lost, or was a 5xx.
            TransportError: it surely did not happen; by its next step.
        """
        content = None if json is None else orjson.dumps(json)
        kind = JSON if content is not None else {}
        head = {**kind, **(headers or {})}
        return self._send(Request(method.upper(), self._url(path), params, head, content, writes=True))

    def in_parallel(self, calls: Iterable[Callable[[], T]], workers: int | None = None) -> Iterator[T]:
        """Run calls at the same time, their results in order; the first error stops the rest."""
        return in_parallel(calls, workers or self.workers)

    def _url(self, path: str) -> str:
        return path if _ABSOLUTE.match(path) else f"{self.base_url}/{path.lstrip('/')}"

    def _send(self, request: Request) -> Reply:
        """Send until it succeeds or the retry policy gives up. Every request of the product passes here."""
        if request.writes and not self._writable:
            raise ReadOnly("writing is not allowed here; not sent").about(request.method, request.url)
        bucket = self._bucket(request.method, urlsplit(request.url).path)
        pace = self._pacing.pace(self.host, self._token_id, bucket)
        attempt = Attempt(self._retry_policy, self._pacing.clock, self._wire.auth)
        with WATCH.request(self.host, self._say) as under_way:
            while True:
                prepared = self._wire.prepare(request)
                ticket = self._enter(prepared, pace, under_way)
                self._meter.count(self.host, writes=request.writes, again=attempt.sent > 0)
                try:
                    return self._once(prepared, pace, ticket, under_way, request)
                except TransportError as error:
                    failure = error
                if failure.status == 429:
                    self._meter.refuse(self.host)
                under_way.wait_for("the next try")
                attempt.wait_after(failure, ticket, writes=request.writes)

    def _enter(self, prepared: PreparedRequest, pace: Pace, under_way: UnderWay) -> Ticket:
        """Wait for the pace, then sign; when either gives up, nothing was sent and nothing is tried again."""
        under_way.wait_for("its rate limit")
        try:
            ticket = pace.enter(self._retry_policy)
        except TransportError as error:
            error.about(str(prepared.method), prepared.url)
            raise
        try:
            self._wire.sign(prepared)
        except BaseException:
            pace.leave(ticket)
            raise
        return ticket

    def _once(
        self, prepared: PreparedRequest, pace: Pace, ticket: Ticket, under_way: UnderWay, request: Request
    ) -> Reply:
        """Send once, and let the pace learn from whatever comes."""
        status: int | None = None
        headers: Mapping[str, str] = {}
        under_way.wait_for("an answer")
        try:
            reply = self._wire.send(prepared, under_way, request)
        except TransportError as error:
            status, headers = error.status, error.headers
            raise
        else:
            status, headers = reply.status, reply.headers
            return reply
        finally:
            rate_limit = read_rate_limit(headers, self._pacing.clock.wall())
            pace.settle(ticket, status, rate_limit, self._retry_policy)
