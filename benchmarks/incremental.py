"""(d) Incremental: the requests of a run in which nothing changed beside those of a whole one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from benchmarks.company import PARTS, SOURCES, connect, served
from provisioning.model import frames
from provisioning.model.merge import merged
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.feed import Feed
from transport.door import Door

MODELS: dict[str, type[frames.Frame]] = {
    "identities": frames.Identities,
    "memberships": frames.Memberships,
}


def main(people: int = 100_000) -> dict[str, float]:
    """Print and return the shares."""
    print(f"(d) incremental, {people:,} people and no change")
    found = {}
    with served(people, "--limits", "off") as base:
        for kind in SOURCES:
            if isinstance(connect(kind, base), Feed):
                found[f"{kind}: delta over whole"] = _share(kind, base)
    return found


def _share(kind: str, base: str) -> float:
    """Requests of a delta over those of the whole read before it; both by a fresh process's means."""
    reading, following = Door(), Door()
    before = _whole(connect(kind, base, reading))
    if before.checkpoint is None:
        raise RuntimeError(f"{kind} gave no checkpoint; see whether its sandbox tells what changed")
    source: Any = connect(kind, base, following)
    after = merged(before, source.delta(before.checkpoint, before), before.taken_at)
    if len(after.identities) != len(before.identities) or len(after.memberships) != len(before.memberships):
        raise RuntimeError(f"{kind}: a delta without changes changed the read")
    whole, delta = _sent(reading), _sent(following)
    print(
        f"    {kind}: {len(after.identities):,} identities, {len(after.memberships):,} memberships: "
        f"{delta} requests beside {whole:,}, {delta / whole:.2%} (under 1 %)"
    )
    return delta / whole


def _whole(source: Any) -> SourceSnapshot:
    mark = source.checkpoint()

    def read(part: str) -> pd.DataFrame:
        return frames.concat(MODELS[part], [page.frame for page in getattr(source, part)()])

    with ThreadPoolExecutor(len(PARTS)) as pool:
        parts = dict(zip(PARTS, pool.map(read, PARTS), strict=True))
    return SourceSnapshot(source.kind, datetime.now(UTC), True, checkpoint=mark, **parts)


def _sent(door: Door) -> int:
    return sum(count["read"] for count in door.meter.counts().values())
