"""When the next request may leave.

A `Pace` belongs to one host, token and bucket, and is shared by every thread that uses them. It
spends a window's whole allowance at once, keeps count of the requests under way so that the last
one allowed is the last one sent, and sleeps exactly until the next window opens. The first request
of a bucket, and of a window after one that ran dry, goes alone: its answer tells what is left.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import NamedTuple

from transport.clock import SLICE, Clock, stopped
from transport.concurrency_limit import Crowd
from transport.errors import Abandoned, RateLimited
from transport.quota import ANSWER, NOW, Allowance
from transport.rate_limit_headers import Quota
from transport.retry_policy import Patience


class Ticket(NamedTuple):
    """One request under way.

    Attributes:
        sent: the moment it left.
        after: how many answers of its bucket had come before. Moments would not do to tell which
            answer is newer: two may be equal.
        crowd: the same among all buckets of its token.
    """

    sent: float
    after: int
    crowd: int


class Pace:
    """Lets requests of one bucket through as its limit allows; safe among threads."""

    def __init__(self, clock: Clock, crowd: Crowd) -> None:
        """Know nothing of the limit yet."""
        self._clock = clock
        self._crowd = crowd
        self._changed = threading.Condition()
        self._under_way = 0
        self._allowance = Allowance()

    def enter(self, patience: Patience) -> Ticket:
        """Wait until one more request may leave, and count it as under way.

        Raises:
            RateLimited: the window opens later than `patience.window` allows.
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        while (after := self._reserve(patience)) is None:
            pass
        try:
            crowd = self._crowd.enter()
        except BaseException:
            self._make_room()
            raise
        return Ticket(self._clock.monotonic(), after, crowd)

    def leave(self, ticket: Ticket) -> None:
        """Take back a request that was never sent."""
        self._crowd.leave(ticket.crowd, crowded=False)
        self._make_room()

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
        self._crowd.leave(ticket.crowd, crowded=crowded)
        with self._changed:
            self._under_way -= 1
            if status is None or crowded:
                self._allowance.lose()
            elif refused:
                self._allowance.obey(quota, ticket.after, now, patience)
            else:
                self._allowance.learn(quota, ticket.after, now)
            self._changed.notify_all()

    def _make_room(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def _reserve(self, patience: Patience) -> int | None:
        """Count one more as under way if it may leave and return the answers so far, else wait a while."""
        if stopped():
            raise Abandoned("not sent, another request of the batch failed")
        with self._changed:
            moment = self._allowance.next(self._under_way, self._clock.monotonic())
            if moment is NOW or not self._clock.waits:
                self._under_way += 1
                return self._allowance.answers
            if moment == ANSWER:
                self._changed.wait(SLICE)
                return None
        left = moment - self._clock.monotonic()
        if left > patience.window:
            raise RateLimited(f"the rate limit opens again only in {left:,.0f} s")
        self._clock.wait_until(moment)
        return None


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
