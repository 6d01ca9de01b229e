"""Whether a listing still gets on, for one that always names a next page would be read for ever.

Pages without rows are legitimate, so a listing may have some hundred of them, and more the more rows it
brings. A page whose first row came before brings nothing either.
"""

from __future__ import annotations

from typing import Any

import orjson

from transport.errors import Malformed, PageLoop
from transport.reply import Reply

SPARE_PAGES = 300
"""Pages beyond one a row."""
MOST_PAGES = 200_000
"""Pages of one listing: a million people, five a page."""


def refuse_endless(pages: int, rows: int, url: str) -> None:
    """Raise if a listing has had more pages than its rows explain.

    Raises:
        PageLoop: it has.
    """
    if pages > SPARE_PAGES + rows or pages > MOST_PAGES:
        message = f"after {pages:,} pages with {rows:,} rows it still names a next one"
        raise PageLoop(message, method="GET", url=url)


class Progress:
    """Counts the pages of one listing and the rows they bring."""

    def __init__(self) -> None:
        """Begin with the first page."""
        self._pages = self._rows = 0
        self._firsts: set[int] = set()

    def add(self, reply: Reply) -> None:
        """Count a page in.

        Raises:
            PageLoop: the listing does not get on.
        """
        self._pages += 1
        self._rows += self._new_rows(reply)
        refuse_endless(self._pages, self._rows, reply.url)

    def _new_rows(self, reply: Reply) -> int:
        first, count = _rows(reply)
        if not count or first in self._firsts:
            return 0
        self._firsts.add(first)
        return count


def _rows(reply: Reply) -> tuple[int, int]:
    """What the first row of a page hashes to, and how many rows there are; what is no JSON is one row."""
    try:
        body = reply.json()
    except Malformed:
        return hash(reply.content), 1
    lists = [value for value in _values(body) if isinstance(value, list) and value]
    longest: list[Any] = max(lists, key=len, default=[])
    return (hash(orjson.dumps(longest[0])) if longest else 0), len(longest)


def _values(body: Any) -> list[Any]:
    """The body where it is a list, else its values and those of the objects in it."""
    if not isinstance(body, dict):
        return [body]
    inner = [value for value in body.values() if isinstance(value, dict)]
    return [*body.values(), *(value for part in inner for value in part.values())]
