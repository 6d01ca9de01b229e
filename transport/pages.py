"""Listings that come in pages: by links, by cursors, and by offsets.

A listing ends only where the service says so. A page without rows is not the end where there is a next
one, and every page but a successful one raises. What a page holds is read by `transport.shape`; the
replies that are handed out know their page number, so an odd page is named in the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

import orjson

from transport.client import Client
from transport.endless import Progress
from transport.errors import PageLoop, TransportError
from transport.reply import Decode, Reply
from transport.shape import Row, malformed
from transport.wire import Params

T = TypeVar("T")
L = TypeVar("L")
ATTEMPTS = 3
"""How often a listing that shrinks is read."""


def follow_links(
    client: Client, path: str, params: Params = None, decode: Decode = orjson.loads
) -> Iterator[Reply]:
    """Yield the pages of a listing that names the next one in its Link header.

    Args:
        client: sends the requests.
        path: of the first page.
        params: of the first page.
        decode: makes values of a page.

    Raises:
        PageLoop: a page names one that was read before.
        ForeignHost: a page names one on another host.
        TransportError: a page failed; its number, from 1, is in `page`.
    """

    def fetch(link: str | None) -> Reply:
        if link is None:
            return client.get(path, params, decode=decode)
        return client.get(link, decode=decode)

    return follow_cursor(fetch, next_link)


def next_link(reply: Reply) -> str | None:
    """Return the address of the page after this one, None on the last."""
    return reply.links.get("next")


def follow_cursor(
    fetch: Callable[[str | None], Reply], next_of: Callable[[Reply], str | None]
) -> Iterator[Reply]:
    """Yield the pages of a listing whose pages hold the token of the next.

    Args:
        fetch: reads the page of a token; of None, the first.
        next_of: returns the token of the page after this one; None or "" on the last.

    Raises:
        PageLoop: a token came twice, or pages without rows do not end.
        TransportError: a page failed; its number, from 1, is in `page`.
    """
    token: str | None = None
    seen: set[str] = set()
    progress = Progress()
    while True:
        number = len(seen) + 1
        try:
            reply = fetch(token).numbered(number)
            token = next_of(reply)
            if token in seen:
                raise PageLoop("the token of the next page came before", method=reply.method, url=reply.url)
            if token:
                progress.add(reply)
        except TransportError as error:
            error.page = error.page or number
            raise
        yield reply
        if not token:
            return
        seen.add(token)


def follow_offsets(
    fetch: Callable[[int], Reply], next_start: Callable[[Reply], int | None]
) -> Iterator[Reply]:
    """Yield the pages of a listing whose pages are asked for by the row they start at.

    Args:
        fetch: reads the page that starts at a row, counted from 0.
        next_start: returns the row at which the page after this one starts; None on the last.

    Raises:
        PageLoop: a page points to itself or to one before it.
        TransportError: a page failed; its number, from 1, is in `page`.
    """
    start = 0

    def next_of(reply: Reply) -> str | None:
        nonlocal start
        following = next_start(reply)
        if following is None:
            return None
        if following <= start:
            raise PageLoop(
                f"the page from row {start} points to row {following} as the next",
                method=reply.method,
                url=reply.url,
            )
        start = following
        return str(start)

    return follow_cursor(lambda token: fetch(int(token or 0)), next_of)


def follow_until_empty(
    fetch: Callable[[int], Reply], rows_of: Callable[[Reply], list[T]]
) -> Iterator[list[T]]:
    """Yield the rows of a listing that states neither a total nor an end: it is over at an empty page.

    A page that is merely short is not the end, for a service may cap what is asked of it.

    Args:
        fetch: reads the page that starts at a row, counted from 0.
        rows_of: returns the rows of a page, its shape checked.

    Raises:
        TransportError: a page failed; its number, from 1, is in `page`.
    """
    read = 0
    rows: list[T] = []

    def next_start(reply: Reply) -> int | None:
        nonlocal read, rows
        rows = rows_of(reply)
        read += len(rows)
        return read if rows else None

    for _ in follow_offsets(fetch, next_start):
        if rows:
            yield rows


class Page(NamedTuple):
    """One page of a listing that states its total.

    Attributes:
        rows: what it holds.
        total: rows of the whole listing.
        last: whether the service calls it the last.
        reply: where it came from.
    """

    rows: list[Row]
    total: int
    last: bool
    reply: Reply


class Listings(Generic[L]):
    """Several listings of one kind that state their totals, such as the members of each group.

    All pages but the first of each are read in parallel.

    Args:
        client: sends the requests in parallel.
        fetch: reads the page of a listing that starts at a row, counted from 0.
        may_refuse: answers by which the service refuses one listing and no more than that.

    Attributes:
        refused: listings that were refused, with the error; none of their rows is handed out.
    """

    def __init__(
        self,
        client: Client,
        fetch: Callable[[L, int], Page],
        may_refuse: tuple[type[TransportError], ...] = (),
    ) -> None:
        self._client, self._fetch, self._may_refuse = client, fetch, may_refuse
        self.refused: list[tuple[L, TransportError]] = []

    def pages(self, listings: Sequence[L], attempts: int = ATTEMPTS) -> Iterator[tuple[L, list[Row]]]:
        """Yield every page of every listing, with its listing.

        A page may bring fewer rows than were asked for; the first one tells how many a page has. Where a
        listing shrank while it was read, the rows behind moved up and one may have been passed over: it is
        read again, so a row may come twice.

        Raises:
            Malformed: a page that is not the last came short, or a listing shrank every time.
            TransportError: a page failed; its number, from 1, is in `page`.
        """
        calls = (partial(self._first, listing) for listing in listings)
        firsts = list(self._client.in_parallel(calls))
        totals: dict[int, int] = {}
        rest: list[tuple[int, int, int]] = []
        for number, first in enumerate(firsts):
            if first is None:
                continue
            yield listings[number], first.rows
            size, totals[number] = len(first.rows), first.total
            if size and not first.last:
                rest += [(number, start, size) for start in range(size, first.total, size)]
        shrunk: dict[int, Reply] = {}
        later = (partial(self._later, listings[number], start, size) for number, start, size in rest)
        for (number, _, _), page in zip(rest, self._client.in_parallel(later), strict=True):
            yield listings[number], page.rows
            if page.total < totals[number]:
                shrunk[number] = page.reply
        if shrunk and attempts == 1:
            raise malformed(
                f"{len(shrunk)} listings shrank each time they were read",
                next(iter(shrunk.values())),
                "Run again when nobody is being removed from them.",
            )
        if shrunk:
            yield from self.pages([listings[number] for number in sorted(shrunk)], attempts - 1)

    def _first(self, listing: L) -> Page | None:
        try:
            return self._numbered(listing, 0, 1)
        except self._may_refuse as error:
            self.refused.append((listing, error))
            return None

    def _later(self, listing: L, start: int, size: int) -> Page:
        page = self._numbered(listing, start, start // size + 1)
        if len(page.rows) < size and not page.last:
            raise malformed(
                f"the page from row {start} brought {len(page.rows)} rows of {size}",
                page.reply.numbered(start // size + 1),
                "Run again; if it stays, set a smaller page_size in the connection.",
            )
        return page

    def _numbered(self, listing: L, start: int, number: int) -> Page:
        try:
            page = self._fetch(listing, start)
        except TransportError as error:
            error.page = error.page or number
            raise
        return page._replace(reply=page.reply.without_body())
