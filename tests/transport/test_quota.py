"""The allowance alone, in simulated time: any number of threads, any transit, any limit."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from transport.quota import ANSWER, NOW, Quota
from transport.rate_limit_headers import RateLimit, read_rate_limit
from transport.retry_policy import RetryPolicy

CALM = RetryPolicy(jitter=False)


@dataclass
class Outcome:
    """What a simulated crawl cost."""

    seconds: float
    refused: int


class Crawl:
    """So many threads reading from a windowed limiter, each request with its own transit times."""

    def __init__(self, *, limit, threads, requests, transit, phase, chance, others=0) -> None:
        self.limit, self.threads, self.requests = limit, threads, requests
        self.transit, self.phase, self.chance = transit, phase, chance
        self.others = others
        self.quota = Quota()
        self.now, self.under_way, self.left, self.refused = 0.0, 0, requests, 0
        self.events: list = []
        self.used: dict[int, int] = {}
        self.order = 0

    def run(self) -> Outcome:
        """Send all requests; return the seconds until the last success and the refusals."""
        while self.left or self.under_way:
            moment = self.quota.next(self.under_way, self.now)
            free = self.under_way < min(self.threads, self.left + self.under_way) and self.left > 0
            if free and moment is NOW:
                self._send()
            elif free and moment != ANSWER and (not self.events or moment < self.events[0][0]):
                self.now = moment
            else:
                self._happen()
        return Outcome(self.now, self.refused)

    def _send(self) -> None:
        self.under_way += 1
        self.left -= 1
        arrives = self.now + self.chance.uniform(0, self.transit)
        self._schedule(arrives, "arrive", self.quota.answers, None)

    def _schedule(self, moment, kind, after, rate_limit) -> None:
        self.order += 1
        heapq.heappush(self.events, (moment, self.order, kind, after, rate_limit))

    def _happen(self) -> None:
        self.now, _, kind, after, rate_limit = heapq.heappop(self.events)
        if kind == "arrive":
            answer = self._serve()
            self._schedule(self.now + self.chance.uniform(0, self.transit), "answer", after, answer)
            return
        self.under_way -= 1
        if rate_limit[0]:
            self.refused += 1
            self.left += 1
            self.quota.obey(rate_limit[1], after, self.now, CALM)
        else:
            self.quota.learn(rate_limit[1], after, self.now)

    def _serve(self) -> tuple[bool, RateLimit]:
        # An epoch time as a float is exact to a quarter of a microsecond; no service cuts finer than this.
        window = math.floor((round(self.now, 6) - self.phase) / 60)
        used = self.used.setdefault(window, self.others)
        refused = used >= self.limit
        self.used[window] = used + (not refused)
        opens = (window + 1) * 60 + self.phase
        headers = {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.limit - self.used[window]),
            "X-Rate-Limit-Reset": str(math.ceil(opens + 1_790_000_000)),
        }
        return refused, read_rate_limit(headers, self.now + 1_790_000_000)


@settings(max_examples=200, deadline=None)
@given(
    limit=st.integers(1, 60),
    threads=st.integers(1, 16),
    requests=st.integers(1, 200),
    transit=st.floats(0, 0.5),
    phase=st.integers(0, 599).map(lambda tenths: tenths / 10),
    seed=st.integers(0, 2**32),
)
def test_no_schedule_of_threads_and_transits_overdraws_a_window(
    *, limit, threads, requests, transit, phase, seed
):
    """However answers overtake each other, no request is refused but those that straddle a window's end."""
    crawl = Crawl(
        limit=limit, threads=threads, requests=requests, transit=transit, phase=phase, chance=Random(seed)
    )
    outcome = crawl.run()

    assert outcome.refused == 0


def test_the_whole_of_each_window_is_spent():
    """Eight threads, 300 a minute, a fifth of a second each way: within 3 % of the bound."""
    crawl = Crawl(limit=300, threads=8, requests=3000, transit=0.2, phase=30.0, chance=Random(1))
    outcome = crawl.run()

    bound = 30 + 60 * 8
    assert outcome.refused == 0
    assert bound / outcome.seconds >= 0.9


def test_what_others_use_up_is_seen():
    """Another program that spends 250 of 300 leaves fifty, and no refusal comes of it."""
    crawl = Crawl(limit=300, threads=8, requests=400, transit=0.2, phase=30.0, chance=Random(1), others=250)

    assert crawl.run().refused == 0


def test_an_end_that_is_not_stated_is_not_waited_for() -> None:
    """A bucket that refills says what is left and never when; only a refusal makes it wait."""
    quota = Quota()
    minute = RateLimit(limit=100, remaining=0, opens_in=-41.0, stamp=1_000.0, retry_in=1.0)
    quota.obey(minute, quota.answers, 10.0, CALM)
    assert quota.next(0, 10.0) == 11.0

    quota.learn(RateLimit(limit=100, remaining=1), quota.answers, 11.0)
    assert quota.next(0, 11.0) is NOW
    quota.learn(RateLimit(limit=100, remaining=0), quota.answers, 11.1)

    assert quota.next(1, 11.1) == ANSWER
    assert quota.next(0, 11.1) is NOW
