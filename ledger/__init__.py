"""REMEMBER: runs, plans, intents, outcomes, links and the snapshot catalogue, in SQLite or PostgreSQL."""

from ledger.backup import BackedUp
from ledger.book import Ledger
from ledger.errors import LedgerError
from ledger.plans import StoredPlan
from ledger.pruning import Moments, Pruned
from ledger.runs import RunRow
from ledger.snapshots import FeedPosition, Snapshot

__all__ = [
    "BackedUp",
    "FeedPosition",
    "Ledger",
    "LedgerError",
    "Moments",
    "Pruned",
    "RunRow",
    "Snapshot",
    "StoredPlan",
]
