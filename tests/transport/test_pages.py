"""Listings are read to their stated end, or they raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.service import Answer, serving
from transport.errors import ForeignHost, Malformed, NotFound, PageLoop, Unavailable
from transport.pages import follow_cursor, follow_links
from transport.prefetch import prefetch
from transport.reply import Reply


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
        with pytest.raises(Unavailable) as caught:
            next(coming)

    assert caught.value.page == 4


@given(st.lists(st.integers()))
def test_reading_ahead_changes_nothing(items):
    """The same items in the same order."""
    assert list(prefetch(items)) == items
