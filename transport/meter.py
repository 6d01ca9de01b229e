"""How many requests went to each host."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TypedDict


class Count(TypedDict):
    """Requests sent to one host: reads, writes, and how many of both were sent again."""

    read: int
    write: int
    retried: int


class Meter:
    """Counts requests by host and port; safe among threads."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}
        self._refused: Counter[str] = Counter()

    def count(self, host: str, *, writes: bool, again: bool) -> None:
        """Count one request that is about to be sent."""
        with self._lock:
            count = self._counts.setdefault(host, Count(read=0, write=0, retried=0))
            count["write" if writes else "read"] += 1
            count["retried"] += again

    def refuse(self, host: str) -> None:
        """Count one request that was refused for being one too many."""
        with self._lock:
            self._refused[host] += 1

    def add(self, counts: Mapping[str, Mapping[str, int]], refusals: Mapping[str, int]) -> None:
        """Count in what another meter has counted."""
        with self._lock:
            for host, told in counts.items():
                count = self._counts.setdefault(host, Count(read=0, write=0, retried=0))
                count["read"] += told["read"]
                count["write"] += told["write"]
                count["retried"] += told["retried"]
            self._refused.update(refusals)

    def refusals(self) -> dict[str, int]:
        """Return the requests refused for being too many, by host and port."""
        with self._lock:
            return dict(self._refused)

    def counts(self) -> dict[str, Count]:
        """Return the counts by host and port, for example `{"acme.okta.com": {...}}`."""
        with self._lock:
            return {host: count.copy() for host, count in self._counts.items()}
