"""What a source promises that can tell what changed since it was last read."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from provisioning.model.merge import Delta
from provisioning.model.snapshots import SourceSnapshot


@runtime_checkable
class Feed(Protocol):
    """A source with a feed of changes.

    A delta laid over the read its checkpoint belongs to (`provisioning.model.merge.merged`) gives the same
    rows as reading everything, as long as nobody vanished in a way the source does not tell of.
    """

    def checkpoint(self) -> str | None:
        """Where the feed stands now; asked before a whole read, so that the next delta overlaps with it.

        Returns:
            A text without secrets that only this source understands; None when this server has no feed.

        Raises:
            TransportError: the server could not be asked.
        """

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """What changed since a checkpoint.

        Args:
            checkpoint: what `checkpoint` or the last delta gave.
            before: the complete read it belongs to.

        Raises:
            FeedLost: the checkpoint is too old, or the feed contradicts the read; read everything.
            TransportError: a page failed; nothing of the delta is kept.
        """
