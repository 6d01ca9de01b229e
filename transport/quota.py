"""What is left of a limit, as the answers tell it. No threads and no clock: moments are handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from transport.rate_limit_headers import RateLimit
from transport.retry_policy import RetryPolicy

NOW: Final = None
ANSWER: Final = -1.0
"""Stands for a moment: when one of the requests under way is answered."""
BLUR = 2.0
"""Seconds by which two answers may differ that state one end of a window in seconds left."""
POLLS = 10
"""Into how many pauses the time is cut that a roughly stated end leaves open."""


@dataclass(frozen=True)
class Window:
    """What is left, as last heard.

    Attributes:
        remaining: requests left, those under way not yet taken off.
        opens: the moment to send again when nothing is left.
        stated: the end of the window as the service stated it.
        stamp: that end as the service wrote it, if it wrote a moment.
        heard: how many answers had come when it was heard.
        firm: whether a refusal said so; then only a later request's answer changes it.
    """

    remaining: int
    opens: float
    stated: float
    stamp: float | None
    heard: int
    firm: bool = False


class Quota:
    """Learns a limit from answers, and says when one more request may leave."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._window: Window | None = None
        self._answers = 0
        self._known = False
        self._refusals = 0
        self._slack = 0.0

    @property
    def answers(self) -> int:
        """How many answers have come; of a request that leaves now, the answer is newer than they are."""
        return self._answers

    def next(self, under_way: int, now: float, sharers: int = 1) -> float | None:
        """Return when one more request may leave: NOW, at an ANSWER, or at a moment.

        What the last answer left is shared among the requests under way, and evenly among the processes
        that use the token: the others may be spending theirs by now, and only their answers tell. Nothing
        answered yet, or a window that ran dry and is over: one goes alone, and its answer tells.
        """
        window = self._window
        if window is None:
            return ANSWER if under_way and not self._known else NOW
        if window.remaining // sharers > under_way:
            return NOW
        if under_way:
            return ANSWER
        return window.opens if window.opens > now else NOW

    def lose(self) -> None:
        """Note a request without an answer; the service may well have counted it."""
        self._answers += 1
        if self._window is not None and self._window.remaining:
            self._window = replace(self._window, remaining=self._window.remaining - 1)

    def learn(self, rate_limit: RateLimit, after: int, now: float) -> None:
        """Take over what an answer says, unless it is older than what is known.

        Args:
            rate_limit: what it says.
            after: `answers` when its request left.
            now: the moment it came.
        """
        self._answers += 1
        self._known = True
        known = self._window
        newer = known is None or after >= known.heard
        if newer:
            self._refusals = 0
        if known is not None and known.firm and not newer:
            return
        if rate_limit.remaining is None:
            self._window = None if newer else known
            return
        if rate_limit.opens_in is None:
            # No end is stated, so there is none to wait for: a refusal will say when.
            fresh = Window(rate_limit.remaining, now, now, None, self._answers)
            kept = None if newer else known
            self._window = kept if kept is not None and kept.remaining <= fresh.remaining else fresh
            return
        stated = now + rate_limit.opens_in
        fresh = Window(rate_limit.remaining, stated + self._slack, stated, rate_limit.stamp, self._answers)
        self._window = fresh if known is None else self._newest(known, fresh, newer=newer)

    def _newest(self, known: Window, fresh: Window, *, newer: bool) -> Window:
        """Return what to believe of two answers that may have overtaken each other."""
        if _later(fresh, known):
            return fresh
        if not _later(known, fresh) and fresh.remaining <= known.remaining:
            # Each answer states the same end a little differently: stamps arrive late by the
            # transit, seconds left are cut off. The tightest reading of each is the true one.
            tighter = max if fresh.stamp is None else min
            stated = tighter(fresh.stated, known.stated)
            return replace(fresh, stated=stated, opens=stated + self._slack)
        return fresh if newer else known

    def obey(self, rate_limit: RateLimit, after: int, now: float, retry_policy: RetryPolicy) -> None:
        """Stop until the moment a refusal names, or for a growing pause when it names none."""
        self._answers += 1
        known = self._window
        if known is not None and known.firm and after < known.heard:
            opens = max(known.opens, now + (rate_limit.retry_in or 0.0))
            self._window = replace(known, opens=opens)  # One of a storm that is known already.
            return
        self._refusals += 1
        stated = now + (rate_limit.opens_in or 0.0)
        opens = now + self._wait(rate_limit, retry_policy)
        if stated <= now and rate_limit.opens_in is not None:
            # The end has passed and it still refuses, so it was rounded down: remember by how much.
            stated = stated if known is None else min(stated, known.stated)
            self._slack = max(self._slack, min(opens - stated, rate_limit.grain))
        self._window = Window(0, opens, stated, rate_limit.stamp, self._answers, firm=True)

    def _wait(self, rate_limit: RateLimit, retry_policy: RetryPolicy) -> float:
        """Return the seconds to wait after a refusal."""
        if rate_limit.retry_in is not None:
            return rate_limit.retry_in
        if rate_limit.opens_in is not None and rate_limit.opens_in > 0:
            return rate_limit.opens_in + self._slack
        return max(retry_policy.pause(self._refusals), rate_limit.grain / POLLS)


def _later(one: Window, other: Window) -> bool:
    """Return whether `one` is a window after `other`."""
    if one.stamp is not None and other.stamp is not None:
        return one.stamp > other.stamp
    return one.stated > other.stated + BLUR
