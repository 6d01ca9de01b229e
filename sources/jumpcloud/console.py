"""JumpCloud's two APIs: listings by offset, of which the first states totals and the second none.

Both order their rows only where they are asked to, and pages without an order overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from transport.client import Client
from transport.errors import TransportError
from transport.pages import follow_until_empty
from transport.reply import Reply
from transport.shape import Row, number_in, object_of, rows_in, rows_of, values_of
from transport.tally import Tally

T = TypeVar("T")
USERS = "/systemusers"


class Page(NamedTuple):
    """Rows of a listing, how many rows it has, and the answer without its body."""

    rows: list[Row]
    total: int
    reply: Reply


class Console:
    """One organisation.

    Args:
        client: its API.
        page_size: rows a page.
        workers: pages read side by side.
    """

    def __init__(self, client: Client, page_size: int, workers: int) -> None:
        self.client, self._size, self._workers = client, page_size, workers

    def users(self, fields: str, read: Callable[[list[Row]], T]) -> Iterator[T]:
        """Yield the pages of the users.

        Args:
            fields: to ask for, with blanks between.
            read: what is kept of the rows of a page.

        Raises:
            Malformed: fewer rows came than there are, or some were removed meanwhile.
            PageLoop: a page repeats rows of others.
            TransportError: a page failed; its number is in `page`.
        """
        first = self._page(fields, 0)
        tally = Tally(first.total, first.reply)
        size = max(1, len(first.rows))
        calls = (partial(self._page, fields, start) for start in range(size, first.total, size))
        for page in chain([first], self.client.in_parallel(calls, workers=self._workers)):
            ids = values_of(page.rows, "_id", page.reply)
            tally.refuse_repeat(ids, page.reply)
            tally.add(ids, page.total, page.reply)
            yield read(page.rows)
        tally.settle(first.total)

    def listed(self, path: str, order: str) -> Iterator[Row]:
        """Yield the rows of a listing of the second API, up to an empty page; each has an identifier."""

        def read(reply: Reply) -> list[Row]:
            rows = rows_of(reply)
            values_of(rows, "id", reply)
            return rows

        def fetch(start: int) -> Reply:
            return self.client.get(f"/v2{path}", {"limit": self._size, "skip": start, "sort": order})

        return chain.from_iterable(follow_until_empty(fetch, read))

    def _page(self, fields: str, start: int) -> Page:
        number = start // self._size + 1
        params: dict[str, Any] = {"limit": self._size, "skip": start, "sort": "_id", "fields": fields}
        try:
            reply = self.client.get(USERS, params).numbered(number)
            body = object_of(reply)
            return Page(
                rows_in(body, "results", reply), number_in(body, "totalCount", reply), reply.without_body()
            )
        except TransportError as error:
            error.page = error.page or number
            raise
