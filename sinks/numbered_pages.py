"""Listings whose pages are asked for by number of the first row, side by side once the total is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from transport.client import Client
from transport.errors import Malformed

Row = dict[str, Any]
L = TypeVar("L")


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

    def pages(self, listings: Sequence[L]) -> Iterator[tuple[L, list[Row]]]:
        """Every page of every listing, with its listing.

        A page may bring fewer rows than were asked for; the first one tells how many a page has.

        Raises:
            Malformed: a page that is not the last came short, so rows would be missing.
        """
        firsts = list(self._client.side_by_side(partial(self._fetch, listing, 0) for listing in listings))
        rest: list[tuple[L, int, int]] = []
        for listing, first in zip(listings, firsts, strict=True):
            yield listing, first.rows
            size = len(first.rows)
            if size and not first.last:
                rest += [(listing, start, size) for start in range(size, first.total, size)]
        calls = (partial(self._whole, *call) for call in rest)
        for (listing, _, _), rows in zip(rest, self._client.side_by_side(calls), strict=True):
            yield listing, rows

    def _whole(self, listing: L, start: int, size: int) -> list[Row]:
        page = self._fetch(listing, start)
        if len(page.rows) < size and not page.last:
            raise Malformed(
                f"the page from row {start} brought {len(page.rows)} rows of {size}",
                remedy="Run again; if it stays, set a smaller page_size in the connection.",
            )
        return page.rows
