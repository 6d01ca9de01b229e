"""SCIM's lists, page by page.

By index all pages but the first are read side by side, as long as the server says. Servers give fewer
than asked for, ignore where a page shall start, repeat pages or count wrongly, and there is no
snapshot: who is removed meanwhile shifts the others. So rows are told apart by their identifiers, a
page that brings nothing new stops the reading, and fewer rows than promised are an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Generic, NamedTuple, TypeVar

from sources.scim.dialect import Row, body_of, resources
from transport.client import Client
from transport.errors import BadRequest, Malformed, NotFound, PageLoop, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply

T = TypeVar("T")
Read = Callable[[list[Row]], T]
"""What is kept of the rows of a page; called by the thread that fetched it."""
SHIFTED = "Run again: entries were removed while the list was read."
SHORT = "Run again; if it stays, report it to the server's makers: its lists are not whole."
LOOP = "Report it to the server's makers, or try another `paging`: its pages repeat."


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
        tally = _Tally(first)
        yield tally.noted(first)
        size, total = len(first.ids), first.total
        if total is None:
            yield from map(tally.noted, self._until_empty(page, size + 1))
            return
        starts = range(1 + size, total + 1, size) if size else ()
        calls = [partial(_stretch, page, at, min(at + size, total + 1)) for at in starts]
        behind = [partial(self._behind, path, params, max(size, total) + 1)] if size else []
        stretches = self._client.in_parallel([*calls, *behind], workers=self._workers)
        for pages in islice(stretches, len(calls)):
            yield from map(tally.noted, pages)
        tally.settle(total)
        for more in chain.from_iterable(stretches):
            tally.refuse(more)

    def by_cursor(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        """Yield the pages of a list that names the cursor of the next one (RFC 9865).

        Raises:
            PageLoop: a cursor, or a page of rows, came twice.
            Malformed: fewer rows came than the server has.
        """
        tally: _Tally | None = None
        for page in self._followed(path, params, read):
            tally = tally or _Tally(page, shifts=False)
            yield tally.noted(page)
        if tally:
            tally.settle(tally.least)

    def first(self, path: str, params: dict[str, Any], *, by_cursor: bool) -> Page[list[Row]]:
        """Return a page of the first row alone, for what it says of the whole list."""
        start: dict[str, Any] = {"cursor": ""} if by_cursor else {"startIndex": 1}
        return self._read(list, self._client.get(path, params | start | {"count": 1}))

    def _followed(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[Page[T]]:
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
        try:
            return self._read(read, self._client.get(path, params | {"startIndex": start, "count": count}))
        except TransportError as error:
            error.page = error.page or (start - 1) // self._count + 1
            raise

    def _read(self, read: Read[T], reply: Reply) -> Page[T]:
        body = body_of(reply, xml=self._xml)
        total, rows = body.get("totalResults"), resources(body)
        try:
            promised = None if total is None else int(total)
        except (TypeError, ValueError):
            raise _problem(Malformed, f"totalResults is {total!r}", reply, SHORT) from None
        ids = [row.get("id") for row in rows]
        return Page(ids, read(rows), promised, body.get("nextCursor"), reply.without_body())


def _stretch(page: Callable[[int, int], Page[T]], start: int, stop: int) -> list[Page[T]]:
    """Read from one index up to another, in as many pages as the server makes of it."""
    pages: list[Page[T]] = []
    while start < stop and (not pages or pages[-1].ids):
        pages.append(page(start, stop - start))
        start += len(pages[-1].ids)
    return pages


class _Tally:
    """Which rows came, and how many were promised.

    Args:
        first: the first page.
        shifts: whether rows shift to other pages when one is removed.

    Attributes:
        promised: rows the first page said there are.
        least: the smallest number any page said.
    """

    def __init__(self, first: Page[Any], *, shifts: bool = True) -> None:
        self.promised = self.least = first.total or 0
        self._seen: set[Any] = set()
        self._nameless = 0
        self._shifts, self._reply = shifts, first.reply

    def noted(self, page: Page[T]) -> T:
        """Count a page in and return its content."""
        if page.total is not None and page.total < self.least:
            if self._shifts:
                told = f"of {self.promised} rows {page.total} are left"
                raise _problem(Malformed, told, page.reply, SHIFTED)
            self.least = page.total
        if page.ids and not self.adds(page):
            raise _problem(PageLoop, "the page repeats rows of earlier pages", page.reply, LOOP)
        self._nameless += page.ids.count(None)
        self._seen.update(page.ids)
        self._seen.discard(None)
        return page.content

    def adds(self, page: Page[Any]) -> bool:
        """Return whether a page holds rows that did not come before."""
        return not self._seen.issuperset(page.ids)

    def refuse(self, more: Page[Any]) -> None:
        """Hold a server to its word that this was all: some count the page in place of the list."""
        if self.adds(more) and (more.total or 0) <= self.promised:
            told = f"the list says it has {self.promised} rows, and there are more behind them"
            raise _problem(Malformed, told, more.reply, SHORT)

    def settle(self, wanted: int) -> None:
        """Raise unless so many rows came."""
        came = len(self._seen) + self._nameless
        if came < wanted:
            told = f"{wanted} rows were promised and {came} came"
            raise _problem(Malformed, told, self._reply, SHORT)


def _problem(kind: Callable[..., TransportError], told: str, reply: Reply, remedy: str) -> TransportError:
    return kind(told, method=reply.method, url=reply.url, status=reply.status, remedy=remedy)
