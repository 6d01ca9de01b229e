"""(b) Extract: rows per second beside a bare loop over the same pages, memory, pacing beside the bound.

The bare loop fetches the same pages with the same concurrency by requests, decodes them by orjson and
throws the rows away (`benchmarks.bare`); ours gives validated frames. The okta SDK's listing stands beside.
"""

from __future__ import annotations

import asyncio
import os
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.bare import LOOPS
from benchmarks.company import SOURCES, connect, served, streamed
from benchmarks.figure import Figure
from benchmarks.paced import paced
from provisioning.model import by_column

ROUNDS = 9
BATCHES = 1_000
"""Rows a batch while memory is measured, so that even a small company fills several of them."""


def main(people: int = 20_000) -> dict[str, float]:
    """Print and return the ratios."""
    print(f"(b) extract, {people:,} people")
    with served(people, "--limits", "off") as base:
        found = {f"{kind}: bare over ours": _beside(kind, base) for kind in SOURCES}
        found["okta: sdk over ours (users alone)"] = _beside_sdk(base)
    found |= _memory(max(people // 10, 500))
    return found | paced(people)


def _beside(kind: str, base: str) -> float:
    """The bare loop's time over ours: how many times as many rows a second we read."""
    rows = sum(streamed(connect(kind, base)).values())
    LOOPS[kind](base)
    ours, bare = [], []
    for _ in range(ROUNDS):  # In turns and compared turn by turn, so that a busy machine slows both.
        ours.append(timed(lambda: streamed(connect(kind, base))))
        bare.append(timed(lambda: LOOPS[kind](base)))
    ratio = median(theirs / own for theirs, own in zip(bare, ours, strict=True))
    print(
        f"    {kind}: {rows:,} rows, ours {rows / median(ours):,.0f} a second, bare loop "
        f"{rows / median(bare):,.0f}: rate beside it {ratio:.2f} (at least 1.0)"
    )
    own, theirs = f"{rows / median(ours):,.0f} rows/s", f"{rows / median(bare):,.0f} rows/s bare"
    return Figure.of(ratio, own, theirs)


def _beside_sdk(base: str) -> float:
    users = timed(lambda: sum(len(page.frame) for page in connect("okta", base).identities()))
    sdk = timed(lambda: asyncio.run(_sdk(base)))
    print(f"    okta, users alone: {users:.2f} s, its SDK {sdk:.2f} s: {sdk / users:.1f} times")
    return sdk / users


async def _sdk(base: str) -> None:
    os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"
    from okta.client import Client
    from okta.pagination import paginate_all

    async with Client({"orgUrl": f"{base}/okta", "token": "sandbox-okta-token"}) as client:
        async for _ in paginate_all(client.list_users, limit=200):
            pass


def _memory(people: int) -> dict[str, float]:
    """Peak while pages of people are streamed and none is kept, of four times the people over that of them.

    What grows is known and small: the identifiers already seen, and the last sign-ins of Entra ID, which
    come in a listing of their own. Members of groups need as much as the largest group.
    """
    peaks: dict[str, list[float]] = {kind: [] for kind in SOURCES}
    by_column.BATCH, usual = BATCHES, by_column.BATCH
    for size in (people, 4 * people):
        with served(size, "--limits", "off") as base:
            for kind in SOURCES:
                peaks[kind].append(_peak(lambda kind=kind: _drain(connect(kind, base))))
    by_column.BATCH = usual
    for kind, (small, large) in peaks.items():
        print(
            f"    {kind}: memory of pages streamed {small / 1e6:.1f} MB with {people:,} people, "
            f"{large / 1e6:.1f} MB with {4 * people:,}: {large / small:.2f} times (about 1)"
        )
    return {f"{kind}: memory at four times the people": peak[1] / peak[0] for kind, peak in peaks.items()}


def _drain(source: Any) -> None:
    for page in source.identities():
        del page


def _peak(work: Callable[[], object]) -> float:
    work()  # What is made once is not of the pages.
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
