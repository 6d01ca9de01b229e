"""SCIM's lists, page by page.

By index all pages but the first are read in parallel, as long as the server states a total. Servers give
fewer rows than asked for, ignore where a page shall start, repeat pages or count wrongly. So rows are
counted (`transport.tally`), and a page that brings nothing new stops the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Generic, NamedTuple, TypeVar

from sources.scim.dialect import body_of, resources
from transport.client import Client
from transport.errors import BadRequest, NotFound, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.shape import Row, malformed, number_in_text
from transport.tally import SHORT, Tally

SAME = (
    "The server takes no notice of startIndex: let it page, or try `paging: cursor` in the connection; "
    "a list that may be cut is not used."
)
T = TypeVar("T")
Read = Callable[[list[Row]], T]
"""What is kept of the rows of a page; called by the thread that fetched it."""


class Page(NamedTuple, Generic[T]):
    """One page of a list.

    Attributes:
        ids: identifiers of its rows, None where they have none.
        content: what was read of them.
        total, cursor: None where the server does not say.
        reply: the answer without its body.
    """

    ids: list[Any]
    content: T
    total: int | None
    cursor: str | None
    reply: Reply


class Lists:
    """The lists of one server.

    Args:
        client: the server.
        xml: whether it answers in XML.
        count: rows a page to ask for.
        workers: pages read side by side.
    """

    def __init__(self, client: Client, *, xml: bool, count: int, workers: int) -> None:
        self._client, self._xml, self._count, self._workers = client, xml, count, workers

    def by_index(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        """Yield the pages of a list; a row may come twice.

        Raises:
            PageLoop: a page brings only rows that came before.
            Malformed: fewer rows came than the server has, or rows were removed meanwhile.
            TransportError: a page failed; its number is in `page`.
        """
        page = partial(self._page, path, params, read)
        first = page(1, self._count)
        tally = Tally(first.total or 0, first.reply)
        yield _count_in(tally, first)
        size, total = len(first.ids), first.total
        if total is None:
            yield from map(partial(_count_in, tally), self._until_empty(page, size + 1))
            return
        starts = range(1 + size, total + 1, size) if size else ()
        calls = [partial(_stretch, page, at, min(at + size, total + 1)) for at in starts]
        behind = [partial(self._behind, path, params, max(size, total) + 1)] if size else []
        stretches = self._client.in_parallel([*calls, *behind], workers=self._workers)
        for pages in islice(stretches, len(calls)):
            yield from map(partial(_count_in, tally), pages)
        tally.settle(total)
        for more in chain.from_iterable(stretches):
            _refuse_more(tally, more)

    def by_cursor(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        """Yield the pages of a list that names the cursor of the next one (RFC 9865).

        Raises:
            PageLoop: a cursor, or a page of rows, came twice.
            Malformed: fewer rows came than the server has.
        """
        tally: Tally | None = None
        stated = False
        for page in self._follow(path, params, read):
            tally = tally or Tally(page.total or 0, page.reply, shifts=False)
            stated = stated or page.total is not None
            yield _count_in(tally, page)
        if tally and stated:
            tally.settle(tally.least)

    def first(self, path: str, params: dict[str, Any], *, by_cursor: bool) -> Page[list[Row]]:
        """Return a page of the first row alone, for what it says of the whole list."""
        start: dict[str, Any] = {"cursor": ""} if by_cursor else {"startIndex": 1}
        return self._read(list, self._client.get(path, params | start | {"count": 1}))

    def _follow(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[Page[T]]:
        def fetch(cursor: str | None) -> Reply:
            return self._client.get(path, params | {"cursor": cursor or "", "count": self._count})

        def next_of(reply: Reply) -> str | None:
            return self._read(len, reply).cursor

        return map(partial(self._read, read), follow_cursor(fetch, next_of))

    def _until_empty(self, page: Callable[[int, int], Page[T]], start: int) -> Iterator[Page[T]]:
        """Read on where the server does not say how much there is."""
        last = page(start, self._count)
        while last.ids:
            yield last
            start += len(last.ids)
            last = page(start, self._count)

    def _behind(self, path: str, params: dict[str, Any], start: int) -> list[Page[Any]]:
        """Read what stands behind the end."""
        try:
            return [self._page(path, params, len, start, self._count)]
        except (BadRequest, NotFound):
            return []  # Some refuse an index beyond the end.

    def _page(self, path: str, params: dict[str, Any], read: Read[T], start: int, count: int) -> Page[T]:
        number = (start - 1) // self._count + 1
        try:
            reply = self._client.get(path, params | {"startIndex": start, "count": count})
            return self._read(read, reply.numbered(number))
        except TransportError as error:
            error.page = error.page or number
            raise

    def _read(self, read: Read[T], reply: Reply) -> Page[T]:
        body = body_of(reply, xml=self._xml)
        rows, total = resources(body, reply), body.get("totalResults")
        # XML knows texts alone, and some servers write their JSON likewise.
        promised = None if total is None else number_in_text(total, "totalResults", reply)
        ids = [row.get("id") for row in rows]
        return Page(ids, read(rows), promised, body.get("nextCursor"), reply.without_body())


def _count_in(tally: Tally, page: Page[T]) -> T:
    """Count a page in and return its content."""
    tally.refuse_repeat(page.ids, page.reply)
    tally.add(page.ids, page.total, page.reply)
    return page.content


def _refuse_more(tally: Tally, more: Page[Any]) -> None:
    """Hold a server to its word that this was all: some count the page in place of the list.

    One that answers with rows of before takes no notice of where a page shall start; what it counts may
    be the most it ever shows.
    """
    if not more.ids:
        return
    if not tally.has_new(more.ids):
        message = f"behind its {tally.promised} rows the list begins again, so nobody can tell if that is all"
        raise malformed(message, more.reply, SAME)
    if (more.total or 0) <= tally.promised:
        message = f"the list says it has {tally.promised} rows, and there are more behind them"
        raise malformed(message, more.reply, SHORT)


def _stretch(page: Callable[[int, int], Page[T]], start: int, stop: int) -> list[Page[T]]:
    """Read from one index up to another, in as many pages as the server makes of it."""
    pages: list[Page[T]] = []
    while start < stop and (not pages or pages[-1].ids):
        pages.append(page(start, stop - start))
        start += len(pages[-1].ids)
    return pages
