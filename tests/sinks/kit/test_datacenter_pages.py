"""Pages by offset, listings without an end, and work that ends later."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sinks.kit.datacenter_pages import by_offset, in_time, until_empty
from transport.errors import PageLoop
from transport.reply import Reply
from transport.retry_policy import RetryPolicy


def _reply(body: Any) -> Reply:
    return Reply(200, {}, orjson.dumps(body), "http://dc.test")


def test_a_short_page_is_not_the_end() -> None:
    """A server may give fewer rows than were asked; only a page without rows ends the listing."""
    rows = list(range(7))

    pages = list(until_empty(lambda start: _reply(rows[start : start + 2]), list))

    assert pages == [[0, 1], [2, 3], [4, 5], [6]]


def test_a_page_that_points_to_itself_is_refused() -> None:
    """It would never end."""
    with pytest.raises(PageLoop):
        list(by_offset(lambda _start: _reply({"next": 5}), lambda body: int(body["next"])))


@pytest.mark.parametrize(("needed", "done"), [(1, True), (3, True), (9, False)])
def test_patience_bounds_the_questions(needed: int, done: bool) -> None:
    """It is asked until it is done, and once more after the last pause."""
    asked = 0

    def ask() -> bool:
        nonlocal asked
        asked += 1
        return asked >= needed

    assert in_time(RetryPolicy(attempts=3), ask) is done
    assert asked == min(needed, 4)
