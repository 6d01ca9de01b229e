"""The admin API of one realm: listings by offset, which state no total but have a count beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from transport.client import Client
from transport.errors import TransportError
from transport.pages import follow_until_empty
from transport.reply import Reply
from transport.shape import Row, malformed, number_in_text, rows_of, values_of
from transport.tally import SHIFTED, Tally

T = TypeVar("T")


class Page(NamedTuple):
    """Rows of a listing, and the answer without its body."""

    rows: list[Row]
    reply: Reply


class Realm:
    """One realm.

    Args:
        client: its admin API.
        page_size: rows a page.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self.client, self._size = client, page_size

    def counted(self, path: str, read: Callable[[list[Row]], T]) -> Iterator[T]:
        """Yield the pages of a listing whose rows are counted beside it; one may come twice.

        Who is removed meanwhile shifts the others to pages that were read already, so the count is asked
        for again at the end; who is added comes on the pages behind it.

        Args:
            path: of the listing.
            read: what is kept of the rows of a page.

        Raises:
            Malformed: fewer rows came than there are, or some were removed meanwhile.
            PageLoop: a page repeats rows of others.
            TransportError: a page failed; its number is in `page`.
        """
        total, first = self._count(path)
        tally = Tally(total, first)
        calls = (partial(self._page, path, start) for start in range(0, total, self._size))
        behind = follow_until_empty(lambda start: self._get(path, total + start), rows_of)
        more = (Page(rows, first) for rows in behind)
        for page in chain(self.client.in_parallel(calls), more):
            ids = values_of(page.rows, "id", page.reply)
            tally.refuse_repeat(ids, page.reply)
            tally.add(ids, None, page.reply)
            yield read(page.rows)
        left, last = self._count(path)
        if left < total:
            raise malformed(f"of {total} rows {left} are left", last, SHIFTED)
        tally.add([], left, last)
        tally.settle(total)

    def listed(self, path: str, *needed: str) -> Iterator[Row]:
        """Yield the rows of a listing that nothing counts, up to an empty page; each has what is needed."""

        def read(reply: Reply) -> list[Row]:
            rows = rows_of(reply)
            for field in needed:
                values_of(rows, field, reply)
            return rows

        for rows in follow_until_empty(partial(self._get, path), read):
            yield from rows

    def first(self, path: str) -> list[Row]:
        """Return the first row of a listing, or none."""
        return rows_of(self.client.get(path, {"first": 0, "max": 1}))

    def _page(self, path: str, start: int) -> Page:
        number = start // self._size + 1
        try:
            reply = self._get(path, start).numbered(number)
            return Page(rows_of(reply), reply.without_body())
        except TransportError as error:
            error.page = error.page or number
            raise

    def _get(self, path: str, start: int) -> Reply:
        params: dict[str, Any] = {"first": start, "max": self._size, "briefRepresentation": "false"}
        return self.client.get(path, params)

    def _count(self, path: str) -> tuple[int, Reply]:
        reply = self.client.get(f"{path}/count")
        return number_in_text(reply.json(), "the count", reply), reply
