"""The collector of garbage, which is in no hurry while pages are read.

A page is a tree of thousands of small objects, none in a cycle and all gone a moment later. By their
number they would have the collector come again and again, and walk through all that the process holds.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""New objects at which the collector comes; usually 700."""


class _Readers:
    """Those who read now, and how eager the collector is when nobody does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._usual = gc.get_threshold()

    def come(self) -> None:
        with self._lock:
            self._number += 1
            if self._number == 1:
                self._usual = gc.get_threshold()
                objects, *older = self._usual
                # None at all means that somebody turned it off.
                gc.set_threshold(max(objects, OBJECTS) if objects else 0, *older)

    def go(self) -> None:
        with self._lock:
            self._number -= 1
            if not self._number:
                gc.set_threshold(*self._usual)


_READERS = _Readers()


@contextmanager
def unhurried() -> Iterator[None]:
    """Let the collector come less often until the block, and all others like it, have ended."""
    _READERS.come()
    try:
        yield
    finally:
        _READERS.go()
