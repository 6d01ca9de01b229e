"""Listings are read to their stated end, or they raise."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.service import Answer, serving
from transport.errors import BadRequest, ForeignHost, Malformed, NotFound, PageLoop
from transport.pages import Listings, Page, follow_cursor, follow_links, follow_offsets, follow_until_empty
from transport.prefetch import prefetch
from transport.reply import Reply
from transport.shape import number_in, object_of, rows_of


def _page(number: int, last: int, rows: int = 2) -> Answer:
    """Link two lines, `self` first, as Okta does."""
    links = (("Link", f'</things?after={number}>; rel="self"'),)
    if number < last:
        links += (("Link", f'</things?after={number + 1},x&limit=2>; rel="next"'),)
    return Answer(body=[number] * rows, headers=links)


def test_pages_are_followed_by_their_links_to_the_last(door, open_client):
    """Parameters go with the first page only; the link holds them for the rest."""
    with serving(*[_page(number, 5) for number in range(1, 6)]) as service:
        pages = list(follow_links(open_client(door, service.url), "/things", {"limit": 2}))

    assert [page.json() for page in pages] == [[number] * 2 for number in range(1, 6)]
    assert [asked.query.get("after") for asked in service.asked] == [None, ["2,x"], ["3,x"], ["4,x"], ["5,x"]]
    assert all(asked.query["limit"] == ["2"] for asked in service.asked)


def test_a_page_without_rows_is_not_the_end(door, open_client):
    """Only a page without a next one ends the listing."""
    with serving(_page(1, 3), _page(2, 3, rows=0), _page(3, 3)) as service:
        pages = list(follow_links(open_client(door, service.url), "/things"))

    assert [len(page.json()) for page in pages] == [2, 0, 2]


def test_a_page_that_fails_raises_with_its_number(door, open_client):
    """Six good pages are no listing when the seventh fails."""
    pages = [_page(number, 20) for number in range(1, 7)]
    with serving(*pages, Answer(404)) as service:
        listing = follow_links(open_client(door, service.url), "/things")
        with pytest.raises(NotFound) as caught:
            list(listing)

    assert caught.value.page == 7
    assert "(page 7)" in str(caught.value)


def test_a_repeated_link_is_a_loop(door, open_client):
    """A next link that was read before stops the listing."""
    round_trip = Answer(headers=(("Link", '</things?after=1>; rel="next"'),))
    with serving(round_trip) as service, pytest.raises(PageLoop) as caught:
        list(follow_links(open_client(door, service.url), "/things"))

    assert len(service.asked) == 2
    assert caught.value.page == 2


@pytest.mark.parametrize("link", ["https://127.0.0.1/x", "http://localhost/x", "//evil.test/x"])
def test_a_link_to_another_host_is_refused_before_any_request(link, door, open_client):
    """The credential never follows a link away; the page that named it is told."""
    away = Answer(headers=(("Link", f'<{link}>; rel="next"'),))
    with serving(away) as service, pytest.raises(ForeignHost) as caught:
        list(follow_links(open_client(door, service.url), "/things"))

    assert len(service.asked) == 1
    assert caught.value.page == 2


def _walk(tokens: list[str | None]):
    """Follow a chain of tokens with a service that needs no network: pure paging."""
    asked: list[str | None] = []
    upcoming = iter(tokens)

    def fetch(token: str | None) -> Reply:
        asked.append(token)
        return Reply(200, {}, b"[]", "http://a.test/")

    return asked, follow_cursor(fetch, lambda _: next(upcoming))


@given(st.lists(st.text(min_size=1), unique=True), st.sampled_from(["", None]))
def test_any_chain_of_new_tokens_is_read_whole(tokens, end):
    """As many pages as tokens, and one more, in their order."""
    asked, pages = _walk([*tokens, end])

    assert len(list(pages)) == len(tokens) + 1
    assert asked == [None, *tokens]


@given(st.lists(st.text(min_size=1), min_size=1, unique=True), st.data())
def test_any_cycle_of_tokens_stops(tokens, data):
    """However long the circle, the first token that comes again is the end."""
    again = data.draw(st.sampled_from(tokens))
    asked, pages = _walk([*tokens, again])
    with pytest.raises(PageLoop):
        list(pages)

    assert asked == [None, *tokens]


def test_a_page_whose_token_cannot_be_read_raises_with_its_number():
    """What the reader of the token raises belongs to the page as well."""
    with pytest.raises(Malformed) as caught:
        list(
            follow_cursor(
                lambda _: Reply(200, {}, b"{", "http://a.test/"), lambda reply: reply.json()["next"]
            )
        )

    assert caught.value.page == 1


def test_reading_ahead_keeps_order_and_errors_in_place(door, open_client):
    """The next page travels early, but its error comes only after the pages before it."""
    pages = [_page(number, 20) for number in range(1, 4)]
    with serving(*pages, Answer(501)) as service:
        coming = prefetch(follow_links(open_client(door, service.url), "/things"))
        assert [next(coming).json()[0] for _ in range(3)] == [1, 2, 3]
        with pytest.raises(BadRequest) as caught:
            next(coming)

    assert caught.value.page == 4


@given(st.lists(st.integers()))
def test_reading_ahead_changes_nothing(items):
    """The same items in the same order."""
    assert list(prefetch(items)) == items


def _reply(body: Any) -> Reply:
    return Reply(200, {}, orjson.dumps(body), "http://a.test/things")


def test_an_odd_page_is_named_by_its_number():
    """A login page in place of the third page of rows is told as page three."""
    bodies = iter([[{"id": 1}], [{"id": 2}], {"title": "Sign in"}])
    tokens = iter(["2", "3", None])
    pages = follow_cursor(lambda _: _reply(next(bodies)), lambda _: next(tokens))
    with pytest.raises(Malformed) as caught:
        list(map(rows_of, pages))

    assert caught.value.page == 3
    assert "a.test/things" in str(caught.value)


def test_offsets_are_followed_to_the_page_that_names_no_next():
    """A page may be empty in between."""
    pages = {0: {"values": [1, 2], "next": 2}, 2: {"values": [], "next": 4}, 4: {"values": [3]}}

    def next_start(reply: Reply) -> int | None:
        body = object_of(reply)
        return number_in(body, "next", reply) if "next" in body else None

    found = [
        reply.json()["values"] for reply in follow_offsets(lambda start: _reply(pages[start]), next_start)
    ]

    assert found == [[1, 2], [], [3]]


@pytest.mark.parametrize("following", [0, 1, 2])
def test_an_offset_that_does_not_grow_is_a_loop(following):
    """A page that points to itself, or to one before it, would never end."""
    starts = iter([2, following])
    with pytest.raises(PageLoop) as caught:
        list(follow_offsets(lambda _: _reply([]), lambda _: next(starts)))

    assert caught.value.page == 2


@given(st.integers(0, 20), st.integers(1, 5))
def test_a_listing_without_an_end_is_over_at_an_empty_page(size, most):
    """A short page is no end, for a service may cap what is asked of it."""
    rows = [{"id": number} for number in range(size)]
    asked: list[int] = []

    def fetch(start: int) -> Reply:
        asked.append(start)
        return _reply(rows[start : start + most])

    assert [row for page in follow_until_empty(fetch, rows_of) for row in page] == rows
    assert asked[-1] == size


@pytest.mark.parametrize("body", [{}, None, "Please sign in", ["a"]])
def test_an_odd_page_is_not_taken_for_the_empty_one(body):
    """What is no list of rows does not end a listing; it is no listing."""
    bodies = iter([[{"id": 1}], body])
    with pytest.raises(Malformed) as caught:
        list(follow_until_empty(lambda _: _reply(next(bodies)), rows_of))

    assert caught.value.page == 2


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
        reply = _reply({"values": [{"id": n} for n in rows[start : start + self.most]], "total": len(rows)})
        return Page(
            rows_of(reply, "values"),
            number_in(object_of(reply), "total", reply),
            start + self.most >= len(rows),
            reply,
        )


@pytest.fixture
def client(door, open_client):
    """Ask nobody, one after the other."""
    return open_client(door, "http://127.0.0.1:9", workers=1)


def _read_all(client, shelf: Shelf) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {name: set() for name in shelf.rows}
    for name, rows in Listings[str](client, shelf.fetch).pages(list(shelf.rows)):
        found[name] |= {row["id"] for row in rows}
    return found


def test_several_listings_are_read_to_their_totals(client):
    """Long, short, of exactly one page, and empty, with pages smaller than anybody asked for."""
    shelf = Shelf({"a": 10, "b": 2, "c": 3, "d": 0})

    assert _read_all(client, shelf) == {name: set(rows) for name, rows in shelf.rows.items()}
    assert shelf.asked == 4 + 1 + 1 + 1


def test_a_listing_that_shrank_is_read_again(client):
    """The row that moved over the edge of a page is found by the second reading; others are read once."""
    shelf = Shelf({"a": 10, "b": 4}, losses=(2,))

    found = _read_all(client, shelf)

    assert found["a"] >= set(shelf.rows["a"])
    assert found["b"] == {0, 1, 2, 3}
    assert shelf.asked == (4 + 2) + 3


def test_a_listing_that_always_shrinks_is_an_error(client):
    """Three times is enough; what is missing would look like leavers."""
    with pytest.raises(Malformed, match="shrank each time") as caught:
        _read_all(client, Shelf({"a": 12}, losses=(1, 5, 9)))

    assert caught.value.remedy


def test_a_page_of_a_listing_that_comes_short_is_an_error(client):
    """A page in the middle with fewer rows than the first leaves a gap."""
    shelf = Shelf({"a": 9})
    whole = shelf.fetch

    def short(name: str, start: int) -> Page:
        page = whole(name, start)
        return page._replace(rows=page.rows[:1]) if start == 3 else page

    shelf.fetch = short

    with pytest.raises(Malformed, match="brought 1 rows of 3") as caught:
        _read_all(client, shelf)
    assert caught.value.page == 2


def test_an_odd_page_of_a_listing_is_named_by_its_number(client):
    """Whoever fetches checks the shape, and the pager says which page it was."""
    shelf = Shelf({"a": 9})
    whole = shelf.fetch

    def odd(name: str, start: int) -> Page:
        return whole(name, start) if start < 6 else Page(rows_of(_reply({}), "values"), 9, True, _reply({}))

    shelf.fetch = odd

    with pytest.raises(Malformed) as caught:
        _read_all(client, shelf)
    assert caught.value.page == 3
