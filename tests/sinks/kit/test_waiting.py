"""Work that a server ends later."""

from __future__ import annotations

import pytest

from sinks.kit.waiting import wait_until
from transport.retry_policy import RetryPolicy


@pytest.mark.parametrize(("needed", "done"), [(1, True), (3, True), (9, False)])
def test_patience_bounds_the_questions(needed: int, done: bool) -> None:
    """It is asked until it is done, and once more after the last pause."""
    asked = 0

    def ask() -> bool:
        nonlocal asked
        asked += 1
        return asked >= needed

    assert wait_until(ask, RetryPolicy(attempts=3)) is done
    assert asked == min(needed, 4)
