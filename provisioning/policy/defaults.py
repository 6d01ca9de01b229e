"""What is so where a policy says nothing, for those who read no more than one key of it."""

from __future__ import annotations

LEDGER = "sqlite:///seatwise.db"
EXPECTED = "keys such as version, connections and targets are expected"
"""What a policy file holds."""
