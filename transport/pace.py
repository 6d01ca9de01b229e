"""When the next request may leave.

A `Pace` belongs to one host, token and bucket, and is shared by every thread that uses them. It
spends a window's whole allowance at once, keeps count of the requests under way so that the last
one allowed is the last one sent, and sleeps exactly until the next window opens. The first request
of a bucket, and of a window after one that ran dry, goes alone: its answer tells what is left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

from transport.clock import SLICE, Clock, is_stopped
from transport.concurrency_limit import ConcurrencyLimit
from transport.errors import Abandoned, RateLimited
from transport.quota import ANSWER, NOW, Quota
from transport.rate_limit_headers import RateLimit
from transport.retry_policy import RetryPolicy

Token = tuple[str, Hashable]
"""A host and the label of a credential for it."""


class Ticket(NamedTuple):
    """One request under way.

    Attributes:
        sent: the moment it left.
        after: how many answers of its bucket had come before. Moments would not do to tell which
            answer is newer: two may be equal.
        concurrency: the same among all buckets of its token.
    """

    sent: float
    after: int
    concurrency: int


@dataclass
class Share:
    """How many processes use one token, this one among them; whoever knows keeps it right."""

    count: int = 1


class Pace:
    """Lets requests of one bucket through as its limit allows; safe among threads."""

    def __init__(self, clock: Clock, concurrency: ConcurrencyLimit, share: Share) -> None:
        """Know nothing of the limit yet."""
        self._clock = clock
        self._concurrency = concurrency
        self._share = share
        self._changed = threading.Condition()
        self._under_way = 0
        self._quota = Quota()

    def enter(self, retry_policy: RetryPolicy) -> Ticket:
        """Wait until one more request may leave, and count it as under way.

        Raises:
            RateLimited: the window opens later than `retry_policy.window` allows.
            Abandoned: the batch this thread works for was stopped meanwhile.
        """
        while (after := self._reserve(retry_policy)) is None:
            pass
        try:
            concurrency = self._concurrency.enter()
        except BaseException:
            self._make_room()
            raise
        return Ticket(self._clock.monotonic(), after, concurrency)

    def leave(self, ticket: Ticket) -> None:
        """Take back a request that was never sent."""
        self._concurrency.leave(ticket.concurrency, too_many_at_once=False)
        self._make_room()

    def settle(
        self, ticket: Ticket, status: int | None, rate_limit: RateLimit, retry_policy: RetryPolicy
    ) -> None:
        """Learn from the answer to a request that was under way.

        Args:
            ticket: what `enter` gave for it.
            status: the answer's; None when none came.
            rate_limit: what the answer said of the limit.
            retry_policy: how long to wait after a refusal that does not say.
        """
        now = self._clock.monotonic()
        refused = status is not None and rate_limit.refuses(status)
        too_many_at_once = refused and rate_limit.too_many_at_once
        self._concurrency.leave(ticket.concurrency, too_many_at_once=too_many_at_once)
        with self._changed:
            self._under_way -= 1
            if status is None or too_many_at_once:
                self._quota.lose()
            elif refused:
                self._quota.obey(rate_limit, ticket.after, now, retry_policy)
            else:
                self._quota.learn(rate_limit, ticket.after, now)
            self._changed.notify_all()

    def _make_room(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def _reserve(self, retry_policy: RetryPolicy) -> int | None:
        """Count one more as under way if it may leave and return the answers so far, else wait a while."""
        if is_stopped():
            raise Abandoned("not sent, another request of the batch failed")
        with self._changed:
            moment = self._quota.next(self._under_way, self._clock.monotonic(), self._share.count)
            if moment is NOW or not self._clock.waits:
                self._under_way += 1
                return self._quota.answers
            if moment == ANSWER:
                self._changed.wait(SLICE)
                return None
        left = moment - self._clock.monotonic()
        if left > retry_policy.window:
            raise RateLimited(f"the rate limit opens again only in {left:,.0f} s")
        self._clock.wait_until(moment)
        return None


class Pacing:
    """The paces of all buckets. Doors that use the same tokens share one.

    Attributes:
        clock: of all of them.
        shares: how many processes use each token, by host and token.
        met: called with host and token when a token is first used, before its first request leaves.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Take a clock other than the machine's for tests."""
        self.clock = clock or Clock()
        self.shares: dict[Token, Share] = {}
        self.met: Callable[[Token], None] | None = None
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, Hashable, str], Pace] = {}
        self._limits: dict[Token, ConcurrencyLimit] = {}

    def pace(self, host: str, token_id: Hashable, bucket: str) -> Pace:
        """Return the one pace of a host, token and bucket."""
        token = (host, token_id)
        with self._lock:
            fresh = token not in self.shares
            share = self.shares.setdefault(token, Share())
            if (*token, bucket) not in self._paces:
                concurrency = self._limits.setdefault(token, ConcurrencyLimit(self.clock))
                self._paces[*token, bucket] = Pace(self.clock, concurrency, share)
        if fresh and self.met is not None:
            self.met(token)
        return self._paces[*token, bucket]
