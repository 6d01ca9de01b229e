"""OneLogin's listings: offset pages, so that all but the first can be read side by side.

The first page tells how many there are. Rows shift when somebody is removed meanwhile, and then one
may stand on no page at all: a listing whose total shrank, or that brought fewer than it promised,
raises. Who is added meanwhile comes last and harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from transport.client import Client
from transport.errors import Malformed, PageLoop, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply

T = TypeVar("T")
Row = dict[str, Any]
SHIFTED = "Run again: people or roles were removed while the list was read."


class Page(NamedTuple, Generic[T]):
    """One page of a listing.

    Attributes:
        ids: identifiers of its rows.
        content: what was read of them.
        pages, total: how many pages and rows the listing has.
        url: where it came from.
    """

    ids: list[int]
    content: T
    pages: int
    total: int
    url: str


def listed(
    client: Client,
    path: str,
    params: dict[str, Any],
    limit: int,
    workers: int,
    read: Callable[[list[Row]], T] = list,
) -> Iterator[T]:
    """Yield the pages of a listing; a row that shifted may come twice.

    Args:
        client: the account.
        path: the listing.
        params: what else is asked, on each page.
        limit: rows a page.
        workers: pages read side by side.
        read: what is kept of the rows of a page; called by the thread that fetched it.

    Raises:
        PageLoop: another page came than was asked for, or a cursor came twice.
        Malformed: fewer rows came than there are.
        TransportError: a page failed; its number is in `page`.
    """
    fetch = partial(_fetch, client, path, params | {"limit": limit})
    first = fetch(1)
    if "total-pages" not in first.headers:
        for reply in _by_cursor(client, path, params, first):
            yield read(reply.json())
        return
    promised = int(first.headers["total-count"])
    seen: set[int] = set()
    for page in _by_number(client, lambda number: _page(fetch(number), read), _page(first, read), workers):
        if page.total < promised:
            raise _shifted(page.url, f"of {promised} rows {page.total} are left")
        seen.update(page.ids)
        yield page.content
    if len(seen) < promised:
        raise _shifted(first.url, f"{promised} rows were promised and {len(seen)} came")


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
    """Pages one after the other, where the headers tell no totals; a cursor excludes a limit."""

    def fetch(cursor: str | None) -> Reply:
        return first if cursor is None else client.get(path, params | {"cursor": cursor})

    return follow_cursor(fetch, lambda reply: reply.headers.get("after-cursor"))


def _page(reply: Reply, read: Callable[[list[Row]], T]) -> Page[T]:
    rows: list[Row] = reply.json()
    pages, total = (int(reply.headers[name]) for name in ("total-pages", "total-count"))
    return Page([row["id"] for row in rows], read(rows), pages, total, reply.url)


def _fetch(client: Client, path: str, params: dict[str, Any], number: int) -> Reply:
    try:
        reply = client.get(path, params | {"page": number})
    except TransportError as error:
        error.page = number
        raise
    came = reply.headers.get("current-page", str(number))
    if came != str(number):
        raise PageLoop(f"page {number} was asked for and page {came} came").about("GET", reply.url)
    return reply


def _shifted(url: str, what: str) -> Malformed:
    return Malformed(what, method="GET", url=url, status=200, remedy=SHIFTED)
