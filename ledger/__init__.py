"""REMEMBER: runs, plans, intents, outcomes, links and the snapshot catalogue, in SQLite or PostgreSQL.

What the package exports is loaded when it is asked for, so that a glance at the runs waits for no frames.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.backup import BackedUp
    from ledger.book import Ledger
    from ledger.errors import LedgerError
    from ledger.plans import StoredPlan
    from ledger.pruning import Moments, Pruned
    from ledger.pushed import Inbox
    from ledger.runs import RunRow
    from ledger.snapshots import FeedPosition, Snapshot

__all__ = [
    "BackedUp",
    "FeedPosition",
    "Inbox",
    "Ledger",
    "LedgerError",
    "Moments",
    "Pruned",
    "RunRow",
    "Snapshot",
    "StoredPlan",
]
_HOMES = {
    "BackedUp": "backup",
    "FeedPosition": "snapshots",
    "Inbox": "pushed",
    "Ledger": "book",
    "LedgerError": "errors",
    "Moments": "pruning",
    "Pruned": "pruning",
    "RunRow": "runs",
    "Snapshot": "snapshots",
    "StoredPlan": "plans",
}


def __getattr__(name: str) -> Any:
    """Load what is exported from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
