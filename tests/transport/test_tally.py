"""A listing that states its total comes whole or raises."""

from __future__ import annotations

import pytest

from transport.errors import Malformed, PageLoop
from transport.reply import Reply
from transport.tally import Tally

PAGE = Reply(200, {}, b"[]", "http://a.test/users").numbered(2)


def test_as_many_rows_as_promised_are_whole():
    """A row that comes twice counts once, one without an identifier for itself."""
    tally = Tally(4, PAGE)
    tally.add([1, 2], 4, PAGE)
    tally.add([2, None, None], None, PAGE)

    tally.settle(4)
    with pytest.raises(Malformed, match="5 rows were promised and 4 came"):
        tally.settle(5)


def test_a_total_that_shrinks_raises_with_its_page():
    """Rows behind the removed one moved up, and one may be on no page."""
    with pytest.raises(Malformed, match="of 4 rows 3 are left") as caught:
        Tally(4, PAGE).add([1], 3, PAGE)

    assert (caught.value.page, caught.value.url) == (2, "http://a.test/users")


def test_where_rows_do_not_shift_a_smaller_total_is_the_new_promise():
    """A cursor goes on where it stood."""
    tally = Tally(4, PAGE, shifts=False)
    tally.add([1, 2, 3], 3, PAGE)

    assert (tally.promised, tally.least) == (4, 3)
    tally.settle(tally.least)


def test_a_page_of_known_rows_alone_is_a_loop():
    """An empty page is none, and one new row is enough."""
    tally = Tally(9, PAGE)
    tally.add([1, 2], 9, PAGE)

    tally.refuse_repeat([], PAGE)
    tally.refuse_repeat([2, 3], PAGE)
    with pytest.raises(PageLoop) as caught:
        tally.refuse_repeat([2, 1], PAGE)
    assert caught.value.page == 2
