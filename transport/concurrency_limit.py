"""How many requests of one token may be under way at the same time.

No service states this limit beforehand. A refusal for too many at once halves the number that was under
way; after so many answers without one, one more request is allowed.
"""

from __future__ import annotations

import threading

from transport.clock import SLICE, Clock, is_stopped
from transport.errors import Abandoned

ANSWERS_TO_GROW = 20
"""Answers without a refusal, for each request allowed at once, after which one more is allowed."""


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
                if is_stopped():
                    raise Abandoned("not sent, another request of the batch failed")
                self._changed.wait(SLICE)
            self._under_way += 1
            return self._answers

    def leave(self, after: int, *, too_many_at_once: bool) -> None:
        """Count a request as answered, and learn from a refusal for too many at once.

        Such a refusal halves the number. Others of requests that left before the number was halved are the
        same news and do not halve it again.

        Args:
            after: what `enter` returned.
            too_many_at_once: whether the request was refused for that reason.
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
        if self._calm >= most * ANSWERS_TO_GROW:
            self._most, self._calm = most + 1, 0
