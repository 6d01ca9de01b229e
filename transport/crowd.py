"""How many requests of one token may be under way at the same time.

Nobody states this limit beforehand. The first refusal halves what was under way; every so many
answers let one more in.
"""

from __future__ import annotations

import threading

from transport.clock import SLICE, Clock, stopped
from transport.errors import Abandoned

PATIENT_ANSWERS = 20
"""Answers without a refusal, for each request allowed at once, that let one more in."""


class Crowd:
    """Lets only so many requests be under way; safe among threads."""

    def __init__(self, clock: Clock) -> None:
        """Allow any number until a refusal."""
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way = 0
        self._most: int | None = None
        self._answers = 0
        self._halved = float("-inf")

    @property
    def most(self) -> int | None:
        """The number allowed at once; None when no refusal ever set one."""
        return self._most

    def enter(self) -> None:
        """Wait for room.

        Raises:
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        with self._changed:
            while self._most is not None and self._under_way >= self._most and self._clock.waits:
                if stopped():
                    raise Abandoned("not sent, another request of the batch failed")
                self._changed.wait(SLICE)
            self._under_way += 1

    def leave(self, sent: float, *, crowded: bool) -> None:
        """Make room; a request refused for crowding halves the number, once for all of its time."""
        with self._changed:
            if crowded and sent >= self._halved:
                self._most = max(1, self._under_way // 2)
                self._halved, self._answers = self._clock.monotonic(), 0
            elif not crowded and self._most is not None:
                self._grow(self._most)
            self._under_way -= 1
            self._changed.notify_all()

    def _grow(self, most: int) -> None:
        self._answers += 1
        if self._answers >= most * PATIENT_ANSWERS:
            self._most, self._answers = most + 1, 0
