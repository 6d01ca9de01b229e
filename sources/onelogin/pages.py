"""OneLogin's listings: numbered pages, of which all but the first can be read in parallel.

The first page says how many there are. Rows shift when somebody is removed meanwhile, so rows are
counted (`transport.tally`). Who is added meanwhile comes last and harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from transport.client import Client
from transport.endless import refuse_endless
from transport.errors import PageLoop, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.shape import Row, number_in_header, rows_of, values_of
from transport.tally import Tally

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a listing.

    Attributes:
        ids: identifiers of its rows.
        content: what was read of them.
        pages, total: how many pages and rows the listing has.
        reply: the answer without its body.
    """

    ids: list[int]
    content: T
    pages: int
    total: int
    reply: Reply


def follow_numbers(
    client: Client,
    path: str,
    params: dict[str, Any],
    limit: int,
    workers: int,
    read: Callable[[list[Row]], T],
) -> Iterator[T]:
    """Yield the pages of a listing; a row that shifted may come twice.

    Args:
        client: the account.
        path: the listing.
        params: what else is asked, on each page.
        limit: rows a page.
        workers: pages read in parallel.
        read: what is kept of the rows of a page; called by the thread that fetched it.

    Raises:
        PageLoop: another page came than was asked for, a cursor came twice, or the pages do not end.
        Malformed: fewer rows came than there are, or a page is no list of rows.
        TransportError: a page failed; its number is in `page`.
    """
    fetch = partial(_fetch, client, path, params | {"limit": limit})
    first = fetch(1)
    if "total-pages" not in first.headers:
        for reply in _by_cursor(client, path, params, first):
            rows = rows_of(reply)
            values_of(rows, "id", reply)
            yield read(rows)
        return
    start = _page(first, read)
    tally = Tally(start.total, start.reply)
    pages = _by_number(client, lambda number: _page(fetch(number), read), start, workers)
    for number, page in enumerate(pages, start=1):
        tally.add(page.ids, page.total, page.reply)
        refuse_endless(number, tally.came, page.reply.url)
        yield page.content
    tally.settle(tally.promised)


def _by_number(
    client: Client, page: Callable[[int], Page[T]], first: Page[T], workers: int
) -> Iterator[Page[T]]:
    """Pages in their order; the last one may tell of further ones that were added meanwhile."""
    yield first
    last, done = first, 1
    while (pages := last.pages) > done:
        calls = (partial(page, number) for number in range(done + 1, pages + 1))
        for last in client.in_parallel(calls, workers=workers):
            yield last
        done = pages


def _by_cursor(client: Client, path: str, params: dict[str, Any], first: Reply) -> Iterator[Reply]:
    """Pages one after the other, where the headers state no totals; a cursor excludes a limit."""

    def fetch(cursor: str | None) -> Reply:
        return first if cursor is None else client.get(path, params | {"cursor": cursor})

    return follow_cursor(fetch, lambda reply: reply.headers.get("after-cursor"))


def _page(reply: Reply, read: Callable[[list[Row]], T]) -> Page[T]:
    rows = rows_of(reply)
    pages, total = (number_in_header(reply, name) for name in ("total-pages", "total-count"))
    return Page(values_of(rows, "id", reply), read(rows), pages, total, reply.without_body())


def _fetch(client: Client, path: str, params: dict[str, Any], number: int) -> Reply:
    try:
        reply = client.get(path, params | {"page": number}).numbered(number)
    except TransportError as error:
        error.page = number
        raise
    came = reply.headers.get("current-page", str(number))
    if came != str(number):
        raise PageLoop(f"page {number} was asked for and page {came} came").about("GET", reply.url)
    return reply
