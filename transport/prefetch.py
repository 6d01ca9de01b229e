"""Pages that are fetched while those before them are worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from transport.clock import STOP, Stop
from transport.gc_tuning import collect_less_often

T = TypeVar("T")
DISTANCE = 2
"""Pages ahead. With one alone, fetching would rest until its reader has woken and asked for the next."""


def prefetch(pages: Iterable[T], distance: int = DISTANCE) -> Iterator[T]:
    """Yield the same pages in the same order, fetched by a thread that is a few pages ahead.

    An error in fetching is raised at the place of the page that failed. Who stops reading early
    stops the fetching as well.
    """
    coming = iter(pages)
    stop = Stop(STOP.get())
    context = copy_context()
    context.run(STOP.set, stop)

    def fetch() -> list[T]:
        return [] if stop.is_set() else list(islice(coming, 1))

    with collect_less_often(), ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        fetched = deque(pool.submit(context.run, fetch) for _ in range(distance))
        try:
            while page := fetched.popleft().result():
                fetched.append(pool.submit(context.run, fetch))
                yield page[0]
        finally:
            stop.set()
