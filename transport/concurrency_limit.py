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


class ConcurrencyLimit:
    """Lets only so many requests be under way; safe among threads."""

    def __init__(self, clock: Clock) -> None:
        """Allow any number until a refusal."""
        self._clock = clock
        self._changed = threading.Condition()
        self._under_way = 0
        self._most: int | None = None
        self._answers = 0
        self._calm = 0
        self._halved = 0

    @property
    def most(self) -> int | None:
        """The number allowed at once; None when no refusal ever set one."""
        return self._most

    def enter(self) -> int:
        """Wait for room; returns how many answers had come by then.

        Raises:
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        with self._changed:
            while self._most is not None and self._under_way >= self._most and self._clock.waits:
                if stopped():
                    raise Abandoned("not sent, another request of the batch failed")
                self._changed.wait(SLICE)
            self._under_way += 1
            return self._answers

    def leave(self, after: int, *, too_many_at_once: bool) -> None:
        """Make room; a refusal for crowding halves the number, once for all that left before it.

        Args:
            after: what `enter` returned.
            too_many_at_once: whether the request was refused for crowding.
        """
        with self._changed:
            self._answers += 1
            if too_many_at_once and after >= self._halved:
                self._most = max(1, self._under_way // 2)
                self._halved, self._calm = self._answers, 0
            elif not too_many_at_once and self._most is not None:
                self._grow(self._most)
            self._under_way -= 1
            self._changed.notify_all()

    def _grow(self, most: int) -> None:
        self._calm += 1
        if self._calm >= most * PATIENT_ANSWERS:
            self._most, self._calm = most + 1, 0
