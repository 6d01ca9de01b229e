"""When the next request may leave.

A `Pace` belongs to one host, token and bucket, and is shared by every thread that uses them. It
spends a window's whole allowance at once, keeps count of the requests under way so that the last
one allowed is the last one sent, and sleeps exactly until the next window opens. The first request
of a bucket, and of a window after one that ran dry, goes alone: its answer tells what is left.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple

from transport.clock import SLICE, Clock, stopped
from transport.crowd import Crowd
from transport.dialects import Quota
from transport.errors import Abandoned, RateLimited
from transport.patience import Patience

NOW: Final = None
ANSWER: Final = -1.0
"""Stands for a moment: when one of the requests under way is answered."""
BLUR = 2.0
"""Seconds by which two answers may state the same end of a window in seconds left."""


@dataclass
class Window:
    """What is left until `opens`, as last heard.

    Attributes:
        remaining: requests left when `heard`, those under way not yet taken off.
        opens: the moment the next window opens.
        stamp: that moment as the service wrote it, if it wrote one.
        heard: the moment of the answer that said so.
        firm: whether a refusal said so; then only a later request's answer changes it.
    """

    remaining: int
    opens: float
    stamp: float | None
    heard: float
    firm: bool = False


class Ticket(NamedTuple):
    """One request under way, and the moment it left."""

    sent: float


class Pace:
    """Lets requests of one bucket through as its limit allows; safe among threads."""

    def __init__(self, clock: Clock, crowd: Crowd) -> None:
        """Know nothing of the limit yet."""
        self._clock = clock
        self._crowd = crowd
        self._changed = threading.Condition()
        self._under_way = 0
        self._window: Window | None = None
        self._answered = False
        self._refusals = 0
        self._slack = 0.0

    def enter(self, patience: Patience) -> Ticket:
        """Wait until one more request may leave, and count it as under way.

        Raises:
            RateLimited: the window opens later than `patience.window` allows.
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        while not self._reserve(patience):
            pass
        try:
            self._crowd.enter()
        except BaseException:
            self._give_back()
            raise
        return Ticket(self._clock.monotonic())

    def settle(self, ticket: Ticket, status: int | None, quota: Quota, patience: Patience) -> None:
        """Learn from the answer to a request that was under way.

        Args:
            ticket: what `enter` gave for it.
            status: the answer's; None when none came.
            quota: what the answer said of the limit.
            patience: how long to wait after a refusal that does not say.
        """
        now = self._clock.monotonic()
        refused = status is not None and quota.refuses(status)
        crowded = refused and quota.crowded
        self._crowd.leave(ticket.sent, crowded=crowded)
        with self._changed:
            self._under_way -= 1
            if status is None:
                self._count_as_spent()
            elif refused and not crowded:
                self._obey(quota, ticket.sent, now, patience)
            elif not crowded:
                self._learn(quota, ticket.sent, now)
            self._changed.notify_all()

    def _reserve(self, patience: Patience) -> bool:
        """Count one more as under way if it may leave, else wait a while and return False."""
        if stopped():
            raise Abandoned("not sent, another request of the batch failed")
        with self._changed:
            moment = self._next()
            if moment is NOW or not self._clock.waits:
                self._under_way += 1
                return True
            if moment == ANSWER:
                self._changed.wait(SLICE)
                return False
        left = moment - self._clock.monotonic()
        if left > patience.window:
            raise RateLimited(f"the rate limit opens again only in {left:,.0f} s")
        self._clock.wait_until(moment)
        return False

    def _give_back(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def _next(self) -> float | None:
        """Return when the next request may leave: NOW, at an ANSWER, or at a moment."""
        window = self._window
        if window is None:
            return ANSWER if self._under_way and not self._answered else NOW
        if window.remaining > self._under_way:
            return NOW
        if self._under_way:
            return ANSWER
        return window.opens if window.opens > self._clock.monotonic() else NOW

    def _count_as_spent(self) -> None:
        """Assume that the service counted a request whose answer was lost."""
        if self._window is not None and self._window.remaining:
            self._window.remaining -= 1

    def _learn(self, quota: Quota, sent: float, now: float) -> None:
        """Take over what a successful answer says, unless it is older than what is known."""
        self._answered = True
        known = self._window
        newer = known is None or sent >= known.heard
        if newer:
            self._refusals = 0
        if known is not None and known.firm and not newer:
            return
        if quota.remaining is None:
            self._window = None if newer else known
            return
        opens = now + (quota.opens_in + self._slack if quota.opens_in is not None else 0.0)
        fresh = Window(quota.remaining, opens, quota.stamp, now)
        if known is None or _later(fresh, known):
            self._window = fresh
        elif not _later(known, fresh) and fresh.remaining <= known.remaining:
            # Each answer states the same end a little differently: stamps arrive late by the
            # transit, seconds left are cut off; the tightest reading of each is the true one.
            tighter = max if quota.stamp is None else min
            fresh.opens = tighter(fresh.opens, known.opens)
            self._window = fresh
        elif newer:
            self._window = fresh

    def _obey(self, quota: Quota, sent: float, now: float, patience: Patience) -> None:
        """Stop until the moment a refusal names, or for a growing pause when it names none."""
        known = self._window
        if known is not None and known.firm and sent < known.heard:
            if quota.retry_in is not None:
                known.opens = max(known.opens, now + quota.retry_in)
            return
        self._refusals += 1
        wait = quota.retry_in
        if wait is None and quota.opens_in is not None and quota.opens_in + self._slack > 0:
            wait = quota.opens_in + self._slack
        if wait is None:
            wait = patience.pause(self._refusals)
            if quota.opens_in is not None:
                # The stated end has passed and it still refuses: it rounds down. Remember by how much.
                self._slack = max(self._slack, min(wait - quota.opens_in, quota.grain))
        self._window = Window(0, now + wait, quota.stamp, now, firm=True)


def _later(one: Window, other: Window) -> bool:
    """Return whether `one` is a window after `other`."""
    if one.stamp is not None and other.stamp is not None:
        return one.stamp > other.stamp
    return one.opens > other.opens + BLUR


class Pacing:
    """The paces of all buckets. Doors that use the same tokens share one."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Take a clock other than the machine's for tests."""
        self.clock = clock or Clock()
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, Hashable, str], Pace] = {}
        self._crowds: dict[tuple[str, Hashable], Crowd] = {}

    def pace(self, host: str, token_id: Hashable, bucket: str) -> Pace:
        """Return the one pace of a host, token and bucket."""
        with self._lock:
            key = (host, token_id, bucket)
            if key not in self._paces:
                crowd = self._crowds.setdefault(key[:2], Crowd(self.clock))
                self._paces[key] = Pace(self.clock, crowd)
            return self._paces[key]
