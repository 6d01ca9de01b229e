"""One page ahead: the next page travels while the present one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(pages: Iterator[T]) -> Iterator[T]:
    """Yield the same pages in the same order, each fetched while the one before it is in use.

    An error in fetching is raised at the place of the page that failed.
    """

    def fetch() -> list[T]:
        return list(islice(pages, 1))

    context = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(context.run, fetch)
        while page := coming.result():
            coming = pool.submit(context.run, fetch)
            yield page[0]
