"""(d) Incremental: the requests of a run in which nothing changed beside those of a whole one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from benchmarks.company import PARTS, SOURCES, connect, served
from provisioning.model import frames
from provisioning.model.merge import merged
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.target_merge import merged_target
from sandbox import vendors
from sinks import connector
from sinks.kit.feed import PARTS as TARGET_PARTS
from sinks.kit.feed import TargetFeed
from sources.kit.feed import Feed
from transport.door import Door

TARGETS = ("acme-cloud",)
"""Connections of the sandbox to targets that tell what changed."""

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
        for name in TARGETS:
            found[f"{name}: target delta over whole"] = _target_share(name, base)
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


def _target_share(name: str, base: str) -> float:
    """The same of a target; of it some listings are read to their end each time."""
    reading, following = Door(), Door()
    before = _whole_target(_sink(name, base, reading))
    sink: Any = _sink(name, base, following)
    after = merged_target(before, sink.delta(before.checkpoint, before, []), before.taken_at)
    if any(len(getattr(after, part)) != len(getattr(before, part)) for part in TARGET_PARTS):
        raise RuntimeError(f"{name}: a delta without changes changed the read")
    whole, delta = _sent(reading), _sent(following)
    print(
        f"    {name}: {len(after.accounts):,} accounts: {delta} requests beside {whole:,}, "
        f"{delta / whole:.2%} (under 5 %)"
    )
    return delta / whole


def _sink(name: str, base: str, door: Door) -> TargetFeed:
    stated = vendors.connections()[name]
    made = connector(stated.kind)
    sink = made(name, made.Options(**stated.resolved(base)), door)
    if not isinstance(sink, TargetFeed):
        raise TypeError(f"{name} tells no changes; take it off the list of this benchmark")
    return sink


def _whole_target(sink: Any) -> TargetSnapshot:
    mark = sink.checkpoint()
    parts: dict[str, Any] = {
        part: frames.concat(model, [page.frame for page in getattr(sink, part)()])
        for part, model in TARGET_PARTS.items()
    }
    return TargetSnapshot(sink.name, datetime.now(UTC), complete=True, checkpoint=mark, **parts)


def _whole(source: Any) -> SourceSnapshot:
    mark = source.checkpoint()

    def read(part: str) -> pd.DataFrame:
        return frames.concat(MODELS[part], [page.frame for page in getattr(source, part)()])

    with ThreadPoolExecutor(len(PARTS)) as pool:
        parts = dict(zip(PARTS, pool.map(read, PARTS), strict=True))
    return SourceSnapshot(source.kind, datetime.now(UTC), True, checkpoint=mark, **parts)


def _sent(door: Door) -> int:
    return sum(count["read"] for count in door.meter.counts().values())
