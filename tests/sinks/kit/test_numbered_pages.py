"""Listings asked for by number: nothing is passed over, whatever happens while they are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from sinks.kit.numbered_pages import Listings, Page
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import Malformed


class Shelf:
    """Rows by listing, some of which go after a page was read.

    Args:
        sizes: rows of each listing.
        losses: after how many pages the first row of the listing `a` goes, each time.
        most: rows a page has, whatever is asked.
    """

    def __init__(self, sizes: dict[str, int], losses: tuple[int, ...] = (), most: int = 3) -> None:
        self.rows = {name: list(range(size)) for name, size in sizes.items()}
        self.losses, self.most, self.asked = losses, most, 0

    def fetch(self, name: str, start: int) -> Page:
        if self.asked in self.losses:
            del self.rows["a"][0]
        self.asked += 1
        rows = self.rows[name]
        page: list[dict[str, Any]] = [{"id": n} for n in rows[start : start + self.most]]
        return Page(page, len(rows), start + self.most >= len(rows))


@pytest.fixture
def client() -> Client:
    """Ask nobody, one after the other."""
    return Door().client("http://127.0.0.1:9", Bearer(SecretStr("x")), token_id="x", workers=1)


def read(client: Client, shelf: Shelf) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {name: set() for name in shelf.rows}
    for name, rows in Listings[str](client, shelf.fetch).pages(list(shelf.rows)):
        found[name] |= {row["id"] for row in rows}
    return found


def test_several_listings_are_read_to_their_ends(client: Client) -> None:
    """Long, short, of exactly one page, and empty, with pages smaller than anybody asked for."""
    shelf = Shelf({"a": 10, "b": 2, "c": 3, "d": 0})

    assert read(client, shelf) == {name: set(rows) for name, rows in shelf.rows.items()}
    assert shelf.asked == 4 + 1 + 1 + 1


def test_a_listing_that_shrank_is_read_again(client: Client) -> None:
    """The row that moved over the edge of a page is found by the second reading; others are read once."""
    shelf = Shelf({"a": 10, "b": 4}, losses=(2,))

    found = read(client, shelf)

    assert found["a"] >= set(shelf.rows["a"])
    assert found["b"] == {0, 1, 2, 3}
    assert shelf.asked == (4 + 2) + 3


def test_a_listing_that_always_shrinks_is_an_error(client: Client) -> None:
    """Three times is enough; what is missing would look like leavers."""
    shelf = Shelf({"a": 12}, losses=(1, 5, 9))

    with pytest.raises(Malformed, match="shrank each time") as failure:
        read(client, shelf)

    assert failure.value.remedy


def test_a_page_that_comes_short_is_an_error(client: Client) -> None:
    """A page in the middle with fewer rows than the first leaves a gap."""
    shelf = Shelf({"a": 9})
    whole = shelf.fetch

    def short(name: str, start: int) -> Page:
        page = whole(name, start)
        return page._replace(rows=page.rows[:1]) if start == 3 else page

    shelf.fetch = short  # type: ignore[method-assign]

    with pytest.raises(Malformed, match="brought 1 rows of 3"):
        read(client, shelf)
