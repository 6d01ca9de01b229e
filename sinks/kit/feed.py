"""What a target promises that can tell what changed since it was last read, and when to doubt it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

import pandas as pd

from provisioning.model.frames import Accounts, Assignments, Capacity, Entitlements, Rejects, Seats, concat
from provisioning.model.intake import gathered
from provisioning.model.merge import FeedLost
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.target_merge import TargetDelta
from sinks.kit.one_pass import Streams

PARTS = {
    "accounts": Accounts,
    "assignments": Assignments,
    "seats": Seats,
    "entitlements": Entitlements,
    "capacity": Capacity,
}
SHARE = 0.2
"""Share of the accounts above which they are not looked at one by one."""
AT_LEAST = 100
"""Accounts that are looked at whatever their share: so many cost next to nothing."""


@runtime_checkable
class TargetFeed(Protocol):
    """A sink with a feed of changes.

    What the feed tells is a pointer and never evidence: whatever it names is looked at again, and only what
    that shows takes the place of what was read before. A delta laid over the read its checkpoint belongs to
    (`provisioning.model.target_merge.merged_target`) gives the rows of reading everything, last use apart.
    """

    def checkpoint(self) -> str | None:
        """Where the feed stands now; asked before a whole read, so that the next delta overlaps with it.

        Returns:
            A text without secrets that only this sink understands; None when this target has no feed.

        Raises:
            TransportError: the server could not be asked.
        """

    def delta(self, checkpoint: str, before: TargetSnapshot, written: Collection[str]) -> TargetDelta:
        """What changed since a checkpoint.

        Args:
            checkpoint: what `checkpoint` or the last delta gave.
            before: the complete read it belongs to.
            written: account_ids that Seatwise itself has written since: a feed that tells of none of them
                is not to be trusted.

        Raises:
            FeedLost: there is any doubt; read everything.
            TransportError: a page failed; nothing of the delta is kept.
        """


def refuse_many(number: int, before: TargetSnapshot) -> None:
    """Refuse to look at so many accounts one by one that reading everything is as cheap, and surer.

    Raises:
        FeedLost: they are too many.
    """
    everyone = len(before.accounts)
    if number > max(AT_LEAST, SHARE * everyone):
        raise FeedLost(f"about {number:,} of {everyone:,} accounts changed, more than {SHARE:.0%}")


def refuse_silence(named: Collection[str], written: Collection[str]) -> None:
    """Refuse a feed that tells nothing of what Seatwise itself has written.

    Raises:
        FeedLost: it names none of the accounts.
    """
    if written and not set(written) & set(named):
        raise FeedLost(f"it does not tell of any of the {len(written):,} accounts that Seatwise wrote")


def holders_of(assignments: pd.DataFrame, entitlement_ids: Collection[str]) -> set[str]:
    """Return the account_ids that hold one of these entitlements."""
    return set(assignments.loc[assignments["entitlement_id"].isin(list(entitlement_ids)), "account_id"])


def build_delta(checkpoint: str, looked: Collection[str], parts: Streams) -> TargetDelta:
    """Build a delta out of the pages of its parts."""
    read = {part: gathered(model, parts[part]) for part, model in PARTS.items()}
    rejects = concat(Rejects, [screened.rejects for screened in read.values()])
    return TargetDelta(
        checkpoint, looked, **{part: screened.frame for part, screened in read.items()}, rejects=rejects
    )
