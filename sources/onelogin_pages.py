"""OneLogin's listings: offset pages, so that all but the first can be read side by side.

The first page tells how many there are. Rows shift when somebody is removed meanwhile, and then one
may stand on no page at all: a listing whose total shrank, or that brought fewer than it promised,
raises. Who is added meanwhile comes last and harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from transport.client import Client
from transport.errors import Malformed, PageLoop, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply

Row = dict[str, Any]
SHIFTED = "Run again: people or roles were removed while the list was read."


def listed(
    client: Client, path: str, params: dict[str, Any], limit: int, workers: int
) -> Iterator[list[Row]]:
    """Yield the pages of a listing as rows; a row that shifted may come twice.

    Args:
        client: the account.
        path: the listing.
        params: what else is asked, on each page.
        limit: rows a page.
        workers: pages read side by side.

    Raises:
        PageLoop: another page came than was asked for, or a cursor came twice.
        Malformed: fewer rows came than there are.
        TransportError: a page failed; its number is in `page`.
    """
    first = _page(client, path, params | {"limit": limit}, 1)
    if "total-pages" not in first.headers:
        for reply in _by_cursor(client, path, params, first):
            yield reply.json()
        return
    promised = int(first.headers["total-count"])
    seen: set[int] = set()
    for reply in _by_number(client, path, params | {"limit": limit}, first, workers):
        if int(reply.headers["total-count"]) < promised:
            raise _shifted(reply, f"of {promised} rows {reply.headers['total-count']} are left")
        rows: list[Row] = reply.json()
        seen.update(row["id"] for row in rows)
        yield rows
    if len(seen) < promised:
        raise _shifted(first, f"{promised} rows were promised and {len(seen)} came")


def _by_number(
    client: Client, path: str, params: dict[str, Any], first: Reply, workers: int
) -> Iterator[Reply]:
    """Pages in their order; the last one may tell of further ones that were added meanwhile."""
    yield first
    last, done = first, 1
    while (pages := int(last.headers["total-pages"])) > done:
        calls = (partial(_page, client, path, params, number) for number in range(done + 1, pages + 1))
        for reply in client.side_by_side(calls, workers=workers):
            yield reply
            last = reply
        done = pages


def _by_cursor(client: Client, path: str, params: dict[str, Any], first: Reply) -> Iterator[Reply]:
    """Pages one after the other, where the headers tell no totals; a cursor excludes a limit."""

    def fetch(cursor: str | None) -> Reply:
        return first if cursor is None else client.get(path, params | {"cursor": cursor})

    return follow_cursor(fetch, lambda reply: reply.headers.get("after-cursor"))


def _page(client: Client, path: str, params: dict[str, Any], number: int) -> Reply:
    try:
        reply = client.get(path, params | {"page": number})
    except TransportError as error:
        error.page = number
        raise
    came = reply.headers.get("current-page", str(number))
    if came != str(number):
        raise PageLoop(f"page {number} was asked for and page {came} came").about("GET", reply.url)
    return reply


def _shifted(reply: Reply, what: str) -> Malformed:
    return Malformed(what, method=reply.method, url=reply.url, status=reply.status, remedy=SHIFTED)
