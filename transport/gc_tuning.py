"""Let Python's garbage collector run less often while pages are read.

A decoded page is a tree of thousands of small objects, none in a cycle and all gone a moment later. By
their number alone they would have the collector run again and again, and walk each time through all that
the process holds. The threshold is the process's own, so it is set while somebody reads and put back after.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""New objects after which the collector runs; usually 700."""


class _Readers:
    """How many read now, and the thresholds for when nobody does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._usual = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            self._number += 1
            if self._number == 1:
                self._usual = gc.get_threshold()
                objects, *older = self._usual
                # A threshold of 0 means that somebody turned the collector off.
                gc.set_threshold(max(objects, OBJECTS) if objects else 0, *older)

    def leave(self) -> None:
        with self._lock:
            self._number -= 1
            if not self._number:
                gc.set_threshold(*self._usual)


_READERS = _Readers()


@contextmanager
def collect_less_often() -> Iterator[None]:
    """Let the collector run less often until the block, and all others like it, have ended."""
    _READERS.enter()
    try:
        yield
    finally:
        _READERS.leave()
