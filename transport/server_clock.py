"""The server's own clock: a checkpoint is a moment of it, so that ours may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from transport.reply import Reply

OVERLAP = timedelta(minutes=5)
"""How much of the past a delta asks for again: a change may become visible later than it is dated."""


def answered_at(reply: Reply) -> datetime | None:
    """Return when a server answered by its own clock, to the second; None where it does not say."""
    try:
        at = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """Return a moment in ISO 8601 to the second, in UTC: 2026-11-23T08:00:00Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def since(text: str) -> datetime:
    """Return the moment a delta asks from, `OVERLAP` before the one a checkpoint states."""
    return datetime.fromisoformat(text) - OVERLAP
