"""Time, and waiting that can be stopped or turned off."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar

from transport.watch import UNDER_WAY

SLICE = 0.25
"""Seconds between two checks whether the batch was stopped."""


class Stop:
    """Says to the requests of one batch that it is over; a batch inside a batch is over with it."""

    def __init__(self, outer: Stop | None = None) -> None:
        """Stand within the batch `outer`, if any."""
        self._outer = outer
        self._event = threading.Event()

    def set(self) -> None:
        """Declare the batch over."""
        self._event.set()

    def is_set(self) -> bool:
        """Return whether this batch, or one around it, is over."""
        return self._event.is_set() or (self._outer is not None and self._outer.is_set())

    def wait(self, seconds: float) -> None:
        """Wait, or return early when the batch is declared over."""
        self._event.wait(seconds)


STOP: ContextVar[Stop | None] = ContextVar("STOP", default=None)


def is_stopped() -> bool:
    """Return whether the batch this thread works for is over."""
    stop = STOP.get()
    return stop is not None and stop.is_set()


class Clock:
    """The machine's time. A test hands in another with the same three methods."""

    waits: ClassVar[bool] = True
    """False when waiting is turned off: nobody may then wait for time to pass."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970 in UTC."""
        return time.time()

    def wait_until(self, moment: float) -> None:
        """Return at a moment of `monotonic`, or as soon as the batch is stopped."""
        stop = STOP.get() or Stop()
        if under_way := UNDER_WAY.get():
            under_way.ends = moment
        while self.waits and not stop.is_set() and (left := moment - self.monotonic()) > 0:
            stop.wait(min(left, SLICE))


@contextmanager
def no_waiting() -> Iterator[None]:
    """Turn all waiting of this process off, for tests."""
    before = Clock.waits
    Clock.waits = False
    try:
        yield
    finally:
        Clock.waits = before
