"""A page or two ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from transport.prefetch import prefetch


def test_pages_keep_their_order() -> None:
    """All pages come, in order, falsy ones included; nothing comes of nothing."""
    assert list(prefetch(iter([3, 0, None, 2]))) == [3, 0, None, 2]
    assert list(prefetch(iter([]))) == []


def test_two_more_pages_are_fetched_meanwhile() -> None:
    """While a page is in use the next two are fetched, but never more."""
    fetched = threading.Semaphore(0)
    started: list[int] = []

    def pages() -> Iterator[int]:
        for page in range(5):
            started.append(page)
            fetched.release()
            yield page

    coming = prefetch(pages())
    assert next(coming) == 0
    for _ in range(3):
        assert fetched.acquire(timeout=10)
    assert not fetched.acquire(timeout=0.05)
    assert started == [0, 1, 2]
    coming.close()  # type: ignore[attr-defined]


def test_an_error_comes_at_its_page() -> None:
    """Pages before the failed one are delivered; then its error is raised."""

    def pages() -> Iterator[int]:
        yield 1
        raise ValueError("page 2")

    coming = prefetch(pages())

    assert next(coming) == 1
    with pytest.raises(ValueError, match="page 2"):
        next(coming)


def test_who_stops_early_stops_the_fetching() -> None:
    """No page is begun once nobody wants one."""
    begun: list[int] = []

    def pages() -> Iterator[int]:
        for page in range(100):
            begun.append(page)
            yield page

    coming = prefetch(pages())
    next(coming)
    coming.close()  # type: ignore[attr-defined]

    assert len(begun) <= 3
