"""What time it is: the clock all runs on one ledger share, or a simulated one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from errors import SeatwiseError
from ledger import Ledger

SIMULATED = "SEATWISE_SIMULATED_CLOCK"
"""Where tests and demonstrations set the time, as an ISO date and time. No option of a command reaches it."""


class ClockUnreadable(SeatwiseError):
    """The simulated clock shows no time."""

    remedy = f"Write {SIMULATED} as 2027-01-31T08:00:00+00:00, or leave it out to go by the real clock."


def clock_offset(ledger: Ledger) -> timedelta:
    """How far the clock of the ledger, or the simulated one, is ahead of this machine's."""
    stated = os.environ.get(SIMULATED)
    return (_simulated(stated) if stated else ledger.clock()) - datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """A moment in UTC; one without a zone is UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _simulated(stated: str) -> datetime:
    try:
        return as_utc(datetime.fromisoformat(stated))
    except ValueError:
        raise ClockUnreadable(f"{stated!r} is no date and time") from None
