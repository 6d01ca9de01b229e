"""Listings of Data Center: pages by offset, and work that ends later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from transport.clock import Clock
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.retry_policy import RetryPolicy


def by_offset(fetch: Callable[[int], Reply], next_start: Callable[[Any], int | None]) -> Iterator[Any]:
    """Yield the bodies of the pages of a listing.

    Args:
        fetch: reads the page that starts at a row.
        next_start: from a body, the row where the next page starts; None after the last.

    Raises:
        PageLoop: a page points to itself or to one before it.
        TransportError: a page failed; its number is in `page`.
    """

    def token_of(reply: Reply) -> str | None:
        start = next_start(reply.json())
        return None if start is None else str(start)

    for reply in follow_cursor(lambda token: fetch(int(token or 0)), token_of):
        yield reply.json()


def until_empty(fetch: Callable[[int], Reply], rows_of: Callable[[Any], list[Any]]) -> Iterator[list[Any]]:
    """Yield the rows of a listing that tells neither a total nor an end: it is over at a page without rows.

    A page that is merely short is no end, for a server may cap what is asked of it.
    """
    read = 0

    def next_start(body: Any) -> int | None:
        nonlocal read
        read += len(rows_of(body))
        return read if rows_of(body) else None

    for body in by_offset(fetch, next_start):
        if found := rows_of(body):
            yield found


def in_time(retry_policy: RetryPolicy, done: Callable[[], bool]) -> bool:
    """Ask whether something is done until it is, or until patience ends; whether it is."""
    clock = Clock()
    for asked in range(1, retry_policy.attempts + 1):
        if done():
            return True
        clock.wait_until(clock.monotonic() + retry_policy.pause(asked))
    return done()
