"""What was asked of the sandbox, counted by path, method and status."""

from __future__ import annotations

from collections import Counter
from typing import Any

# The status that stands for a connection cut without an answer.
CUT = 0


class Counters:
    """Counts of requests to the faces; requests to the sandbox's own doors are not counted."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.writes = 0
        self.served = 0

    def add(self, path: str, method: str, status: int, *, write: bool = False) -> None:
        """Count one request; status 0 is a connection cut without an answer."""
        self.counts[path, method, status] += 1
        self.writes += write
        self.served += 1

    def total(self, prefix: str = "/", method: str | None = None, status: int | None = None) -> int:
        """Return how many requests fit."""
        return sum(
            n
            for (path, verb, code), n in self.counts.items()
            if path.startswith(prefix) and method in (None, verb) and status in (None, code)
        )

    def clear(self) -> None:
        """Start again at nothing."""
        self.counts.clear()
        self.writes = 0

    def as_rows(self) -> list[dict[str, Any]]:
        """Return one row per path, method and status, sorted."""
        keys = ("path", "method", "status", "count")
        return [dict(zip(keys, (*key, n), strict=True)) for key, n in sorted(self.counts.items())]
