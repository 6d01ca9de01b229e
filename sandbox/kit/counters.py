"""What was asked of the sandbox, counted by path, method and status."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

# The status that stands for a connection cut without an answer.
CUT = 0


class Written(NamedTuple):
    """One write that was carried out, whether or not its answer arrived."""

    method: str
    path: str
    query: str
    body: str


class Counters:
    """Counts of requests to the faces; requests to the sandbox's own doors are not counted.

    `written` holds each write that succeeded, in the order they were made.
    """

    def __init__(self) -> None:
        """Start at nothing."""
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.writes = 0
        self.served = 0
        self.written: list[Written] = []

    def add(self, path: str, method: str, status: int, *, write: bool = False) -> None:
        """Count one request; status 0 is a connection cut without an answer."""
        self.counts[path, method, status] += 1
        self.writes += write
        self.served += 1

    def note(self, method: str, path: str, query: str, body: bytes, status: int) -> None:
        """Keep a write that succeeded, so that one made twice can be told."""
        if status < 300:
            self.written.append(Written(method, path, query, body.decode("utf-8", "replace")))

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
        self.written.clear()

    def as_rows(self) -> list[dict[str, Any]]:
        """Return one row per path, method and status, sorted."""
        keys = ("path", "method", "status", "count")
        return [dict(zip(keys, (*key, n), strict=True)) for key, n in sorted(self.counts.items())]
