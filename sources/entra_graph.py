"""Graph: listings that go on behind a next link, and twenty of them in one batch.

An expired page token means that a listing starts again; what was read before stays, so whoever reads
must take a row that comes twice for one. Requests of a batch are throttled one by one: those that
were refused are asked again in a later batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.entra_fields import EXPIRED_PAGE
from sources.entra_pace import Budget
from transport.client import Client
from transport.clock import Clock
from transport.dialects import read_quota
from transport.door import Door
from transport.errors import (
    BadRequest,
    ForeignHost,
    Malformed,
    PageLoop,
    TransportError,
    error_class,
    words_of,
)
from transport.pages import follow_cursor
from transport.patience import Patience
from transport.reply import Reply

Row = dict[str, Any]
RESTARTS = 5
BATCH_SIZE = 20
SPAN = 10.0
"""Seconds in which resource units are counted."""


class Graph:
    """One tenant's directory, read within its resource units."""

    def __init__(self, client: Client, door: Door, units: int) -> None:
        """Read through a client of `…/v1.0`, at most so many units in ten seconds."""
        self._client = client
        self._clock: Clock = door.pacing.clock
        self._patience: Patience = door.patience
        self._units = Budget(units, SPAN, self._clock)

    def pages(
        self, path: str, params: Mapping[str, Any], cost: int = 1, budget: Budget | None = None
    ) -> Iterator[list[Row]]:
        """Yield the pages of a listing; a page may be empty, and after a restart rows come again.

        Args:
            path: below `/v1.0`.
            params: the query of the first page; the others name themselves.
            cost: resource units a page.
            budget: a quota other than that of resource units; the cost is then 1.
        """

        def fetch(link: str | None) -> Reply:
            with (budget or self._units).spend(1 if budget else cost):
                return self._client.get(path, params) if link is None else self._client.get(link)

        for restart in range(RESTARTS + 1):
            try:
                for reply in follow_cursor(fetch, lambda reply: _next_link(reply.json())):
                    yield _rows(reply.json(), reply)
            except BadRequest as error:
                if restart == RESTARTS or _code(error.body) != EXPIRED_PAGE:
                    raise
            else:
                return

    def gather(self, paths: Sequence[str], cost: int) -> list[list[Row]]:
        """Read several listings to their ends, side by side in batches.

        Args:
            paths: at most twenty, below `/v1.0`, with their queries.
            cost: resource units a page of each.

        Returns:
            The rows of each listing, in the order of the paths.
        """
        gathering = _Gathering([_Listing(path) for path in paths], self._client.base_url, self._patience)
        while pending := gathering.pending():
            with self._units.spend(cost * len(pending)):
                reply = self._client.search("/$batch", {"requests": pending})
            wait = gathering.take(reply, self._clock.wall())
            if wait:
                self._units.hold(wait)
        return [listing.rows for listing in gathering.listings]


@dataclass
class _Listing:
    """One listing of a batch: where it stands."""

    path: str
    rows: list[Row] = field(default_factory=list)
    following: str | None = None
    done: bool = False
    seen: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)

    def start_again(self) -> None:
        self.rows, self.following, self.seen = [], None, set()


class _Gathering:
    """The listings of a batch, and what its answers make of them."""

    def __init__(self, listings: list[_Listing], base: str, patience: Patience) -> None:
        self.listings, self._base, self._patience = listings, base, patience

    def pending(self) -> list[dict[str, str]]:
        """Return the requests still to be made."""
        return [
            {"id": str(number), "method": "GET", "url": listing.following or listing.path}
            for number, listing in enumerate(self.listings)
            if not listing.done
        ]

    def take(self, reply: Reply, wall: float) -> float:
        """Sort in the answers of a batch; return how long to wait before the next.

        Raises:
            TransportError: of an inner answer, by its next step.
        """
        answers = {answer.get("id"): answer for answer in _list(reply.json(), "responses", reply)}
        wait = 0.0
        for number, listing in enumerate(self.listings):
            if listing.done:
                continue
            answer = answers.get(str(number))
            if answer is None:
                raise _malformed(f"the batch lacks the answer to {listing.path}", reply)
            if answer["status"] == 200:
                self._go_on(listing, answer.get("body"), reply)
            else:
                wait = max(wait, self._refused(listing, answer, wall))
        return wait

    def _go_on(self, listing: _Listing, body: Any, reply: Reply) -> None:
        listing.rows += _rows(body, reply)
        link = _next_link(body)
        listing.done = link is None
        if link is None:
            return
        if link in listing.seen:
            raise PageLoop("the token of the next page came before", method="GET", url=link)
        if not link.startswith(f"{self._base}/"):
            raise ForeignHost("the address is on another host; not sent", method="GET", url=link)
        listing.seen.add(link)
        listing.following = link.removeprefix(self._base)

    def _refused(self, listing: _Listing, answer: Mapping[str, Any], wall: float) -> float:
        """Return how long to wait before asking again, or raise what the answer stands for."""
        status, headers = int(answer["status"]), answer.get("headers") or {}
        body = answer.get("body")
        error = error_class(status)(
            words_of(body),
            method="GET",
            url=f"{self._base}{listing.following or listing.path}",
            status=status,
            body=body,
            headers=headers,
        )
        if isinstance(error, BadRequest) and _code(body) == EXPIRED_PAGE:
            self._count(listing, "restart", RESTARTS + 1, error)
            listing.start_again()
            return 0.0
        if not error.worth_retrying:
            raise error
        quota = read_quota(error.headers, wall)
        if quota.refuses(status):
            tries = self._count(listing, "refused", self._patience.refusals, error)
        else:
            tries = self._count(listing, "failed", self._patience.attempts, error)
        return quota.retry_in or self._patience.pause(tries)

    @staticmethod
    def _count(listing: _Listing, what: str, most: int, error: TransportError) -> int:
        listing.failures[what] += 1
        if listing.failures[what] >= most:
            raise error
        return listing.failures[what]


def _rows(body: Any, reply: Reply) -> list[Row]:
    return _list(body, "value", reply)


def _list(body: Any, name: str, reply: Reply) -> list[Row]:
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise _malformed(f"the answer holds no list `{name}`", reply)
    return rows


def _malformed(words: str, reply: Reply) -> Malformed:
    return Malformed(words, method=reply.method, url=reply.url, status=reply.status, headers=reply.headers)


def _next_link(body: Any) -> str | None:
    return body.get("@odata.nextLink") if isinstance(body, dict) else None


def _code(body: Any) -> str | None:
    """Return the word of an error."""
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
