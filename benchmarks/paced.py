"""Pacing: under the documented limits, the least time these allow over the time a whole read takes.

The windows of the sandbox are shorter than the documented ones, so that the measure ends within minutes;
what they allow is as documented. A window opens with its first request, so n requests of a bucket that
allows k take at least the (n - 1) // k windows that have to end before the last one is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from benchmarks.company import connect, served, streamed
from benchmarks.figure import Figure
from transport.clock import SLICE, STOP, Clock, Stop
from transport.door import Door
from transport.pace import Pacing

LARGE = 10_000


@dataclass(frozen=True)
class Bucket:
    """The tightest documented limit of a source.

    Attributes:
        path: where its requests begin.
        allows: requests a window.
        minute: seconds that stand for a minute.
        options: of the source; small companies are read in small pages, to fill a window at all.
        windows: minutes a window lasts.
        hurried: whether the client's own minute is as short, for limits that no header announces.
        without: options of a read that leaves the bucket alone, where others use its path as well.
    """

    path: str
    allows: int
    minute: float
    options: Callable[[int], dict[str, Any]]
    windows: int = 1
    hurried: bool = False
    without: dict[str, Any] = field(default_factory=dict)


BUCKETS = {
    # Half of the 500 of the groups is one token's.
    "okta": Bucket(
        "/okta/api/v1/groups", 250, 20, lambda people: {"member_page_size": 1000 if people >= LARGE else 5}
    ),
    "entra": Bucket(
        "/entra/v1.0/users",
        10,
        16,
        lambda people: {
            "sign_in_page_size": 500 if people >= LARGE else 50,
            "sign_ins_per_minute": 10,
            "resource_units": 8_000,
        },
        hurried=True,
        without={"sign_ins": False},
    ),
    "onelogin": Bucket(
        "/onelogin/api", 5_000, 0.6, lambda people: {"page_size": max(1, people // 5_000)}, windows=60
    ),
    "google_workspace": Bucket(
        "/google/admin",
        2_400,
        20,
        lambda people: {"page_size": max(1, people // 500), "queries_per_minute": 2_400},
        hurried=True,
    ),
    "pingone": Bucket("/pingone/v1", 600, 50, lambda people: {"page_size": max(1, people // 600)}),
    "scim": Bucket("/scim/v2", 600, 50, lambda people: {"page_size": max(1, people // 800)}),
}


class Hurried(Clock):
    """A clock that runs so many times as fast as the machine's."""

    def __init__(self, times: float) -> None:
        """Begin now."""
        self._times = times

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic() * self._times

    def wait_until(self, moment: float) -> None:
        """Return at a moment of `monotonic`, or as soon as the batch is stopped."""
        stop = STOP.get() or Stop()
        while not stop.is_set() and (left := moment - self.monotonic()) > 0:
            stop.wait(min(left / self._times, SLICE))


def paced(people: int) -> dict[str, float]:
    """Print and return how well each source keeps to its limit, and the share of requests refused."""
    found: dict[str, float] = {}
    for kind, bucket in BUCKETS.items():
        with served(people, "--limits", "off") as base:
            found |= _measured(kind, bucket, base, people)
    return found


def _measured(kind: str, bucket: Bucket, base: str, people: int) -> dict[str, float]:
    options = bucket.options(people)
    others = _sent(base, bucket.path, kind, options | bucket.without) if bucket.without else 0
    requests.post(
        f"{base}/_sandbox/limits", json={"mode": "documented", "seconds": bucket.minute}, timeout=10
    )
    door = Door(pacing=Pacing(Hurried(60 / bucket.minute)) if bucket.hurried else None)
    start = time.perf_counter()
    sent = _sent(base, bucket.path, kind, options, door) - others
    spent = time.perf_counter() - start
    refused = _counted(base, bucket.path, 429) + _counted(base, bucket.path, 403)
    window = bucket.windows * bucket.minute
    bound = (sent - 1) // bucket.allows * window
    share = refused / (_counted(base, bucket.path) or 1)
    told = f"    {kind}: {sent:,} requests where {bucket.allows:,} are allowed in {window:g} s: "
    if not bound:
        print(told + "they fit one window")
        return {}
    print(
        f"{told}bound {bound:.0f} s, ours {spent:.1f} s, efficiency {bound / spent:.2f} (at least 0.95), "
        f"refused {share:.1%} (under 2 %)"
    )
    kept = Figure.of(bound / spent, f"{spent:.1f} s", f"{bound:.0f} s by the limit")
    return {f"{kind}: pacing efficiency": kept, f"{kind}: refused share": share}


def _sent(base: str, path: str, kind: str, options: dict[str, Any], door: Door | None = None) -> int:
    """Read everything, and return how many requests below a path were let through."""
    requests.delete(f"{base}/_sandbox/requests", timeout=10)
    streamed(connect(kind, base, door, **options))
    return _counted(base, path) - _counted(base, path, 429)


def _counted(base: str, path: str, status: int | None = None) -> int:
    rows = requests.get(f"{base}/_sandbox/requests", timeout=10).json()["requests"]
    return sum(
        row["count"] for row in rows if row["path"].startswith(path) and status in (None, row["status"])
    )
