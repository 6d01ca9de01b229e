"""Several calls at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from itertools import islice
from typing import Generic, Protocol, TypeVar

from transport.clock import STOP, Stop
from transport.gc_tuning import collect_less_often

T = TypeVar("T")
MOST_BESIDE = 8
"""Calls that go on beside a block; its requests share the connections of their client all the same."""


class Begin(Protocol):
    """Begins a call and returns at once."""

    def __call__(self, call: Callable[[], T], /) -> Future[T]:
        """Begin it; `result()` waits for what it returns, or raises what it raised."""


@contextmanager
def beside() -> Iterator[Begin]:
    """Let different calls go on beside a block, such as the listings of one service.

    When the block ends, well or by an error, calls under way are told to stop and are waited for: ask for
    their results inside it.
    """
    stop = Stop(STOP.get())
    with ThreadPoolExecutor(MOST_BESIDE, thread_name_prefix="beside") as pool:

        def begin(call: Callable[[], T], /) -> Future[T]:
            context = copy_context()
            context.run(STOP.set, stop)
            return pool.submit(context.run, call)

        try:
            yield begin
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def in_parallel(calls: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """Run calls in threads and yield their results in the order of the calls.

    At most `workers` run at a time, and at most twice as many are started and not yet yielded, so
    neither endless calls nor a slow reader fill the memory. The first error, whichever call it is
    from, stops those that wait, lets those under way end, and is raised.
    """
    batch = _Batch[T](workers)
    upcoming = iter(calls)
    with collect_less_often():
        try:
            for call in islice(upcoming, 2 * workers):
                batch.start(call)
            while batch.started:
                yield batch.first()
                for call in islice(upcoming, 1):
                    batch.start(call)
        finally:
            batch.end()


class _Batch(Generic[T]):
    """The calls started and not yet yielded."""

    def __init__(self, workers: int) -> None:
        self.started: deque[Future[T]] = deque()
        self._stop = Stop(STOP.get())
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="side-by-side")
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._head: Future[T] | None = None

    def start(self, call: Callable[[], T]) -> None:
        context = copy_context()
        context.run(STOP.set, self._stop)
        future = self._pool.submit(context.run, call)
        self.started.append(future)
        future.add_done_callback(self._note)

    def first(self) -> T:
        """Return the result of the earliest call, or raise the first error of any."""
        head = self.started[0]
        with self._changed:
            self._head = head
            self._changed.wait_for(lambda: head.done() or self._failure is not None)
        if self._failure is not None:
            raise self._failure
        return self.started.popleft().result()

    def end(self) -> None:
        self._stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _note(self, future: Future[T]) -> None:
        failure = None if future.cancelled() else future.exception()
        with self._changed:
            if self._failure is None:
                self._failure = failure
            if future is self._head or failure is not None:
                self._changed.notify()
