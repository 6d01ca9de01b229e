"""A budget of units in any span of time, for limits that no header announces.

Graph counts resource units: a request costs several, and what is left is not told. So what was spent
is kept here. It counts from the answer on, when the service has surely counted it too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from transport.clock import SLICE, Clock, is_stopped
from transport.errors import Abandoned


class Budget:
    """Lets requests through while they cost no more than the units of a span; safe among threads."""

    def __init__(self, units: int, seconds: float, clock: Clock) -> None:
        """Allow so many units in any span of so many seconds."""
        self._units, self._seconds, self._clock = units, seconds, clock
        self._changed = threading.Condition()
        self._answered: deque[tuple[float, int]] = deque()
        self._spent = 0
        self._opens = 0.0

    @contextmanager
    def spend(self, cost: int) -> Iterator[None]:
        """Wait until the cost fits; the request is made inside.

        Raises:
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        while (moment := self._enter(cost)) is not None:
            self._clock.wait_until(moment)
        try:
            yield
        finally:
            with self._changed:
                self._answered.append((self._clock.monotonic(), cost))
                self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long; the service asked for it."""
        with self._changed:
            self._opens = max(self._opens, self._clock.monotonic() + seconds)

    def _enter(self, cost: int) -> float | None:
        """Count the cost and return None if it fits, else return when to look again."""
        if is_stopped():
            raise Abandoned("not sent, another request of the batch failed")
        with self._changed:
            now = self._clock.monotonic()
            while self._answered and self._answered[0][0] + self._seconds <= now:
                self._spent -= self._answered.popleft()[1]
            fits = self._spent + cost <= self._units or not self._spent
            if (fits and self._opens <= now) or not self._clock.waits:
                self._spent += cost
                return None
            if fits:
                return self._opens
            if not self._answered:
                self._changed.wait(SLICE)
                return now
            return max(self._opens, self._answered[0][0] + self._seconds)
