"""Listings whose pages are asked for by number of the first row, side by side once the total is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from transport.client import Client
from transport.errors import Malformed

Row = dict[str, Any]
L = TypeVar("L")
TRIES = 3
"""How often a listing that shrinks is read."""


class Page(NamedTuple):
    """One page: its rows, the rows of the whole listing, and whether the service calls it the last."""

    rows: list[Row]
    total: int
    last: bool


class Listings(Generic[L]):
    """Several listings of one kind, such as the members of each group.

    Args:
        client: requests go side by side through it.
        fetch: reads the page of a listing that starts at a row, counted from 0.
    """

    def __init__(self, client: Client, fetch: Callable[[L, int], Page]) -> None:
        self._client, self._fetch = client, fetch

    def pages(self, listings: Sequence[L], tries: int = TRIES) -> Iterator[tuple[L, list[Row]]]:
        """Every page of every listing, with its listing.

        A page may bring fewer rows than were asked for; the first one tells how many a page has. Where a
        listing shrank while it was read, the rows behind moved up and one may have been passed over: it is
        read again, so a row may come twice.

        Raises:
            Malformed: a page that is not the last came short, or a listing shrank every time.
        """
        firsts = list(self._client.in_parallel(partial(self._fetch, listing, 0) for listing in listings))
        rest: list[tuple[int, int, int]] = []
        for number, first in enumerate(firsts):
            yield listings[number], first.rows
            size = len(first.rows)
            if size and not first.last:
                rest += [(number, start, size) for start in range(size, first.total, size)]
        shrunk: set[int] = set()
        calls = (partial(self._whole, listings[number], start, size) for number, start, size in rest)
        for (number, _, _), page in zip(rest, self._client.in_parallel(calls), strict=True):
            yield listings[number], page.rows
            if page.total < firsts[number].total:
                shrunk.add(number)
        if shrunk:
            yield from self._again([listings[number] for number in sorted(shrunk)], tries - 1)

    def _again(self, listings: Sequence[L], tries: int) -> Iterator[tuple[L, list[Row]]]:
        if not tries:
            raise Malformed(
                f"{len(listings)} listings shrank each time they were read",
                remedy="Run again when nobody takes people out of it.",
            )
        yield from self.pages(listings, tries)

    def _whole(self, listing: L, start: int, size: int) -> Page:
        page = self._fetch(listing, start)
        if len(page.rows) < size and not page.last:
            raise Malformed(
                f"the page from row {start} brought {len(page.rows)} rows of {size}",
                remedy="Run again; if it stays, set a smaller page_size in the connection.",
            )
        return page
