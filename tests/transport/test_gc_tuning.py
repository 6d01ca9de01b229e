"""The garbage collector runs less often while somebody reads, and as before once nobody does."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from transport.gc_tuning import OBJECTS, collect_less_often
from transport.parallel import in_parallel
from transport.prefetch import prefetch


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """A known eagerness, whatever other tests left."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def reading(way: str) -> Iterator[int]:
    """Eagerness of the collector at each page."""
    if way == "ahead":
        return (gc.get_threshold()[0] for _ in prefetch(range(5)))
    return (gc.get_threshold()[0] for _ in in_parallel([lambda: 1] * 5, workers=2))


@pytest.mark.parametrize("way", ["ahead", "side by side"])
def test_pages_are_read_without_hurry(way):
    assert list(reading(way)) == [OBJECTS] * 5
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("way", ["ahead", "side by side"])
def test_a_reading_that_is_left_early_is_over(way):
    pages = reading(way)
    next(pages)
    pages.close()
    del pages

    assert gc.get_threshold() == (700, 10, 10)


def test_the_last_reader_to_leave_ends_it():
    one, other = reading("ahead"), reading("side by side")
    next(one)
    next(other)

    assert list(one) == [OBJECTS] * 4
    assert gc.get_threshold() == (OBJECTS, 10, 10)
    assert list(other) == [OBJECTS] * 4
    assert gc.get_threshold() == (700, 10, 10)


def test_a_failure_ends_it():
    with pytest.raises(ZeroDivisionError):
        list(in_parallel([lambda: 1 // 0], workers=1))

    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("usual", [0, 90_000])
def test_a_collector_that_is_off_or_calmer_stays_so(usual):
    gc.set_threshold(usual, 10, 10)

    with collect_less_often():
        assert gc.get_threshold() == (usual, 10, 10)
    assert gc.get_threshold() == (usual, 10, 10)
