"""The one company every face shows: people, groups, a virtual clock and a calendar of changes.

    company = Company(people=500, seed=1)
    company.advance(days=3)                     # hires, moves, leaves, rehires, sign-ins
    company.hire({"given_name": "Ada"}); company.leave("ada.smith@acme.test")

`people` counts those present (staged, active, suspended); former staff come on top. The same seed
gives the same company, and `advance(2)` the same as twice `advance(1)`. Change it only by its
methods: they keep indexes, revisions, times and the event log together.
"""

from __future__ import annotations

import bisect
from datetime import UTC, datetime, timedelta

from sandbox.company.books import dice
from sandbox.company.daily import live
from sandbox.company.founding import found
from sandbox.company.workforce import Workforce

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RETENTION = timedelta(days=90)


class Company(Workforce):
    """A company with a virtual clock."""

    def __init__(self, people: int = 500, seed: int = 1, *, now: datetime = START, odd: bool = True) -> None:
        """Found the company.

        Args:
            people: How many are present at the start.
            seed: Decides everything random.
            now: The virtual time to start at.
            odd: Whether a handful of records are malformed the way real directories' are.
        """
        super().__init__(people, seed, now, odd=odd)
        found(self, dice(f"found {seed}"))

    def advance(self, days: int = 1) -> dict[str, int]:
        """Live through some days and return how many of each kind of change they brought."""
        counts: dict[str, int] = {}
        for _ in range(days):
            self.day += 1
            self.now += timedelta(days=1)
            for kind, n in live(self, dice(f"day {self.seed} {self.day}")).items():
                counts[kind] = counts.get(kind, 0) + n
        first = bisect.bisect_left(self.events, self.now - RETENTION, key=lambda e: e.at)
        del self.events[:first]
        return counts
