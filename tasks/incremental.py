"""Whether a source or target may be read by its changes alone, and what then comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import orjson

from ledger import Snapshot
from ledger.errors import SnapshotDamaged
from provisioning.model.attributes import ATTRIBUTES, SIGN_IN
from provisioning.model.merge import FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.target_merge import merged_target
from sinks import Sink
from sinks.kit.feed import TargetFeed
from sources import Source
from sources.kit.feed import Feed
from tasks.memory import restore_source, restore_target
from tasks.progress import current_progress, tell
from tasks.session import Session
from transport.errors import Forbidden

S = TypeVar("S", SourceSnapshot, TargetSnapshot)
"""What is read: a source's snapshot or a target's."""


def read_changes(session: Session, name: str, source: Source) -> SourceSnapshot | None:
    """Read what changed since the last complete read and lay it over that.

    Args:
        session: the open session.
        name: the source's connection.
        source: the open source.

    Returns:
        A complete read; None when the source has to be read whole.

    Raises:
        TransportError: a page failed; nothing of the delta is kept.
    """
    if not isinstance(source, Feed):
        return None

    def follow(kept: Snapshot, checkpoint: str) -> SourceSnapshot:
        before = restore_source(kept)
        advance = current_progress().step(f"{name}: what changed")
        delta = source.delta(checkpoint, before)
        changed = len(delta.identities) + len(delta.gone) + len(delta.groups)
        advance(changed)
        _tell_changes(name, before.taken_at, f"{changed:,} rows")
        return merged(before, delta, session.now)

    return _follow(session, name, follow)


def read_target_changes(session: Session, name: str, sink: Sink) -> TargetSnapshot | None:
    """Read what changed in a target since the last complete read and lay it over that.

    Args:
        session: the open session.
        name: the target's connection.
        sink: the open sink.

    Returns:
        A complete read; None when the target has to be read whole.

    Raises:
        TransportError: a page failed; nothing of the delta is kept.
    """
    if not isinstance(sink, TargetFeed):
        return None

    def follow(kept: Snapshot, checkpoint: str) -> TargetSnapshot:
        before = restore_target(kept)
        advance = current_progress().step(f"{name}: what changed")
        delta = sink.delta(checkpoint, before, _written(session, name, before.taken_at))
        advance(len(delta.looked))
        _tell_changes(name, before.taken_at, f"{len(delta.looked):,} accounts looked at again")
        return merged_target(before, delta, session.now)

    return _follow(session, name, follow)


def take_checkpoint(connection: Source | Sink) -> str | None:
    """Where a connection's feed of changes stands; None without one."""
    return connection.checkpoint() if isinstance(connection, Feed | TargetFeed) else None


def digest_options(session: Session, name: str) -> str:
    """Digest of what a read is made with: the columns of people, and the options, secrets as references.

    A read with others, such as that of an earlier version, is no base for what changed since.
    """
    stated = [session.policy.connections[name].model_dump(mode="json"), [*ATTRIBUTES, *SIGN_IN]]
    return hashlib.sha256(orjson.dumps(stated, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def _follow(session: Session, name: str, follow: Callable[[Snapshot, str], S]) -> S | None:
    """Follow the feed from the last complete read; None where that may not be, or cannot."""
    try:
        kept = _base(session, name)
        return None if kept is None or kept.checkpoint is None else follow(kept, kept.checkpoint)
    # Forbidden: where what tells of changes may no longer be read, the whole still may.
    except (FeedLost, Forbidden, SnapshotDamaged) as lost:
        session.read_whole[name] = str(lost)
        return None


def _base(session: Session, name: str) -> Snapshot | None:
    """The last complete read, if a delta may still rest on it."""
    if session.full:
        return None
    kept = session.ledger.last_complete(name)
    if kept is None or kept.checkpoint is None or kept.options != digest_options(session, name):
        return None
    return kept if timedelta(0) <= session.now - kept.whole_at < _full_every(session, name) else None


def _full_every(session: Session, name: str) -> timedelta:
    """How often the policy has a source or target read whole."""
    policy = session.policy
    every = {rules.to: rules.full_every for rules in policy.targets}
    return (every | {rules.origin: rules.full_every for rules in policy.sources})[name]


def _written(session: Session, target: str, since: datetime) -> set[str]:
    """Accounts that Seatwise itself has changed since a moment."""
    made = session.ledger.made_since(since)
    return set(made.loc[made["target"] == target, "account_id"].dropna())


def _tell_changes(name: str, since: datetime, what: str) -> None:
    tell(f"{name}: read what changed since {since:%Y-%m-%d %H:%M} UTC: {what}")
