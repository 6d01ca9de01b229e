"""Several listings read side by side in one batch after the other.

Requests of a batch are throttled one by one: those that were refused are asked again in a later one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sources.entra.answers import code_of, next_link, objects_of
from sources.entra.fields import EXPIRED_PAGE
from transport.endless import refuse_endless
from transport.errors import BadRequest, ForeignHost, PageLoop, TransportError, error_class, words_of
from transport.rate_limit_headers import read_rate_limit
from transport.reply import Reply
from transport.retry_policy import RetryPolicy
from transport.shape import Row, malformed, number_in, object_in, rows_of

T = TypeVar("T")
RESTARTS = 5
BATCH_SIZE = 20


@dataclass
class Listing:
    """One listing of a batch: where it stands."""

    path: str
    rows: list[Row] = field(default_factory=list)
    following: str | None = None
    done: bool = False
    seen: set[str] = field(default_factory=set)
    failures: Counter[str] = field(default_factory=Counter)

    def start_again(self) -> None:
        """Forget what was read of it."""
        self.rows, self.following, self.seen = [], None, set()


class Gathering:
    """The listings of a batch, and what its answers make of them."""

    def __init__(self, listings: list[Listing], base: str, retry_policy: RetryPolicy) -> None:
        self.listings, self._base, self._retry_policy = listings, base, retry_policy

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
        answers = {answer.get("id"): answer for answer in rows_of(reply, "responses")}
        wait = 0.0
        for number, listing in enumerate(self.listings):
            if listing.done:
                continue
            answer = answers.get(str(number))
            if answer is None:
                raise malformed(f"the batch lacks the answer to {listing.path}", reply)
            if number_in(answer, "status", reply) == 200:
                self._go_on(listing, object_in(answer, "body", reply), reply)
            else:
                wait = max(wait, self._refuse(listing, answer, wall))
        return wait

    def _go_on(self, listing: Listing, body: Row, reply: Reply) -> None:
        listing.rows += objects_of(body, reply)
        link = next_link(body, reply)
        listing.done = link is None
        if link is None:
            return
        if link in listing.seen:
            raise PageLoop("the token of the next page came before", method="GET", url=link)
        if not link.startswith(f"{self._base}/"):
            raise ForeignHost("the address is on another host; not sent", method="GET", url=link)
        listing.seen.add(link)
        refuse_endless(len(listing.seen), len(listing.rows), link)
        listing.following = link.removeprefix(self._base)

    def _refuse(self, listing: Listing, answer: Mapping[str, Any], wall: float) -> float:
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
        if isinstance(error, BadRequest) and code_of(body) == EXPIRED_PAGE:
            self._count(listing, "restart", RESTARTS + 1, error)
            listing.start_again()
            return 0.0
        if not error.worth_retrying:
            raise error
        rate_limit = read_rate_limit(error.headers, wall)
        if rate_limit.refuses(status):
            tries = self._count(listing, "refused", self._retry_policy.refusals, error)
        else:
            tries = self._count(listing, "failed", self._retry_policy.attempts, error)
        return rate_limit.retry_in or self._retry_policy.pause(tries)

    @staticmethod
    def _count(listing: Listing, what: str, most: int, error: TransportError) -> int:
        listing.failures[what] += 1
        if listing.failures[what] >= most:
            raise error
        return listing.failures[what]


def chunks(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Cut into lists, by default of what one batch takes."""
    coming = iter(items)
    while some := list(islice(coming, size)):
        yield some
