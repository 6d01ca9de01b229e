"""One page ahead: the next page travels while the present one is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

from transport.clock import STOP, Stop

T = TypeVar("T")


def ahead(pages: Iterable[T]) -> Iterator[T]:
    """Yield the same pages in the same order, each fetched while the one before it is in use.

    An error in fetching is raised at the place of the page that failed. Who stops reading early
    stops the fetching as well.
    """
    coming = iter(pages)
    stop = Stop(STOP.get())
    context = copy_context()
    context.run(STOP.set, stop)

    def fetch() -> list[T]:
        return list(islice(coming, 1))

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        try:
            fetched = pool.submit(context.run, fetch)
            while page := fetched.result():
                fetched = pool.submit(context.run, fetch)
                yield page[0]
        finally:
            stop.tell()
