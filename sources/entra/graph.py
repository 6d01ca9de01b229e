"""Graph: listings that go on behind a next link, feeds of changes, and twenty listings in one batch.

An expired page token means that a listing starts again; what was read before stays, so whoever reads
must take a row that comes twice for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from sources.entra.answers import code_of, date_of, next_page, objects_of
from sources.entra.batch import RESTARTS, Gathering, Listing, chunks
from sources.entra.fields import EXPIRED_PAGE
from sources.kit.budget import Budget
from transport.client import Client
from transport.clock import Clock
from transport.door import Door
from transport.errors import BadRequest
from transport.pages import follow_cursor
from transport.parallel import in_parallel
from transport.reply import Reply
from transport.retry_policy import RetryPolicy
from transport.shape import Row, object_of, text_in

FEED_COST = 2
SPAN = 10.0
"""Seconds in which resource units are counted."""


class FeedChanges(NamedTuple):
    """What a feed of changes says, read to its end.

    Attributes:
        rows: the objects that changed; one may come several times, in any order.
        link: where the feed goes on next time.
        at: when this reading started by Graph's clock, ISO 8601 to the second.
    """

    rows: list[Row]
    link: str
    at: str


class Graph:
    """One tenant's directory, read within its resource units."""

    def __init__(self, client: Client, door: Door, units: int) -> None:
        """Read through a client of `…/v1.0`, at most so many units in ten seconds."""
        self._client = client
        self._clock: Clock = door.pacing.clock
        self._retry_policy: RetryPolicy = door.retry_policy
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
                for reply in follow_cursor(fetch, next_page):
                    yield objects_of(object_of(reply), reply)
            except BadRequest as error:
                if restart == RESTARTS or code_of(error.body) != EXPIRED_PAGE:
                    raise
            else:
                return

    def changes(self, start: str, params: Mapping[str, Any] | None = None) -> FeedChanges:
        """Follow a feed of changes to its end.

        Args:
            start: the delta link of an earlier reading, or the feed's path below `/v1.0`.
            params: the query, where it is the path.

        Raises:
            BadRequest, NotFound: the link is too old.
        """
        rows: list[Row] = []
        at = ""

        def fetch(link: str | None) -> Reply:
            with self._units.spend(FEED_COST):
                return self._client.get(start, params) if link is None else self._client.get(link)

        for reply in follow_cursor(fetch, next_page):
            rows += objects_of(object_of(reply), reply)
            at = at or date_of(reply)
        return FeedChanges(rows, text_in(object_of(reply), "@odata.deltaLink", reply), at)

    def gather(self, paths: Sequence[str], cost: int) -> list[list[Row]]:
        """Read several listings to their ends, side by side in batches.

        Args:
            paths: at most twenty, below `/v1.0`, with their queries.
            cost: resource units a page of each.

        Returns:
            The rows of each listing, in the order of the paths.
        """
        gathering = Gathering([Listing(path) for path in paths], self._client.base_url, self._retry_policy)
        while pending := gathering.pending():
            with self._units.spend(cost * len(pending)):
                reply = self._client.search("/$batch", {"requests": pending})
            wait = gathering.take(reply, self._clock.wall())
            if wait:
                self._units.hold(wait)
        return [listing.rows for listing in gathering.listings]

    def gather_all(self, paths: Iterable[str], cost: int, workers: int) -> Iterator[Row]:
        """Yield the rows of any number of listings, as many batches under way at a time as workers."""
        calls = (partial(self.gather, some, cost) for some in chunks(paths))
        for listings in in_parallel(calls, workers):
            yield from chain(*listings)
