"""Whether a source may be read by its changes alone, and what then comes of it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import orjson

from ledger.errors import SnapshotDamaged
from provisioning.model.merge import FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sources import Source
from sources.kit.feed import Feed
from tasks.memory import restore_source
from tasks.progress import current_progress, tell
from tasks.session import Session
from transport.errors import Forbidden


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
    try:
        before = _base(session, name)
        if before is None or before.checkpoint is None:
            return None
        advance = current_progress().step(f"{name}: what changed")
        delta = source.delta(before.checkpoint, before)
        changed = len(delta.identities) + len(delta.gone) + len(delta.groups)
        advance(changed)
        tell(f"{name}: read what changed since {before.taken_at:%Y-%m-%d %H:%M} UTC: {changed:,} rows")
        return merged(before, delta, session.now)
    # Forbidden: where what tells of changes may no longer be read, the whole still may.
    except (FeedLost, Forbidden, SnapshotDamaged) as lost:
        session.read_whole[name] = str(lost)
        return None


def take_checkpoint(source: Source) -> str | None:
    """Where a source's feed of changes stands; None without one."""
    return source.checkpoint() if isinstance(source, Feed) else None


def digest_options(session: Session, name: str) -> str:
    """Digest of a connection's options, secrets as references: read with others, a read is no base."""
    stated = session.policy.connections[name].model_dump(mode="json")
    return hashlib.sha256(orjson.dumps(stated, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def _base(session: Session, name: str) -> SourceSnapshot | None:
    """The last complete read, if a delta may still rest on it.

    Raises:
        SnapshotDamaged: its files are lost.
    """
    if session.full:
        return None
    kept = session.ledger.last_complete(name)
    rules = next(rules for rules in session.policy.sources if rules.origin == name)
    if kept is None or kept.checkpoint is None or kept.options != digest_options(session, name):
        return None
    if not timedelta(0) <= session.now - kept.whole_at < rules.full_every:
        return None
    return restore_source(kept)
