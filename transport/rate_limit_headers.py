"""What each service's headers say about its rate limit, in one shape.

    Retry-After: 30 | Wed, 21 Oct 2026 07:28:00 GMT     everybody, on 429 and 503
    X-Rate-Limit-Reset: 1609959960                       Okta: epoch seconds
    X-RateLimit-Reset: 832                               OneLogin: seconds left
    X-RateLimit-Reset: 2026-02-03T12:05Z | …T12:05:10Z   Atlassian Cloud: ISO time
    X-RateLimit-Interval-Seconds, X-RateLimit-FillRate   Atlassian Data Center: a bucket that refills
    RateLimit-Remaining, RateLimit-Reset                 the IETF draft: seconds left

Moments are taken against the answer's own Date header, so a wrong clock on either side does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

MINUTE = 60.0
_PREFIXES = ("X-Rate-Limit-", "X-RateLimit-", "RateLimit-")
_EPOCH = 1_000_000_000
"""Larger numbers are moments, smaller ones seconds left."""
_EPOCH_MS = 100_000_000_000
_ISO_TO_THE_MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?!:)")


class RateLimit(NamedTuple):
    """What one answer said of the limit; None is what it did not say.

    Attributes:
        limit, remaining: requests of a window, and those still left in it.
        opens_in: seconds from the answer until the next window opens.
        stamp: the moment of the next window as the service wrote it; one window, one stamp.
        grain: seconds by which the next window may open later than stated; a minute when nothing is.
        retry_in: seconds the service asks to wait before the next request.
    """

    limit: int | None = None
    remaining: int | None = None
    opens_in: float | None = None
    stamp: float | None = None
    grain: float = MINUTE
    retry_in: float | None = None

    @property
    def too_many_at_once(self) -> bool:
        """Whether a refusal was about requests at the same time (Okta: limit and remaining 0)."""
        return self.limit == 0 and self.remaining == 0 and self.retry_in is None

    def refuses(self, status: int) -> bool:
        """Return whether an answer with that status says: too soon, come back later."""
        return status == 429 or (status == 503 and self.retry_in is not None)


def read_rate_limit(headers: Mapping[str, str], wall: float) -> RateLimit:
    """Read the limit from an answer's headers; `wall` is our own time in epoch seconds.

    A `Retry-After` is read whatever the status; who reads it decides whether the status makes it
    count. One of 0 says nothing.
    """
    now = _moment(headers.get("Date")) or wall
    opens_in, stamp, grain = _reset(_named(headers, "Reset"), now)
    if opens_in is None and _named(headers, "FillRate") is not None:
        opens_in = _seconds(_named(headers, "Interval-Seconds"))
    return RateLimit(
        limit=_whole(_named(headers, "Limit")),
        remaining=_whole(_named(headers, "Remaining")),
        opens_in=opens_in,
        stamp=stamp,
        grain=grain,
        retry_in=_retry_after(headers.get("Retry-After"), now),
    )


def _named(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for prefix in _PREFIXES if (value := headers.get(prefix + name)) is not None), None)


def _reset(text: str | None, now: float) -> tuple[float | None, float | None, float]:
    """Return seconds left, the stamp and its grain."""
    if text is None:
        return None, None, MINUTE
    number = _seconds(text)
    if number is None:
        stamp = _iso(text)
        grain = MINUTE if _ISO_TO_THE_MINUTE.match(text.strip()) else 1.0
        return (None, None, MINUTE) if stamp is None else (stamp - now, stamp, grain)
    if number < _EPOCH:
        return number, None, 1.0
    stamp = number / 1000 if number > _EPOCH_MS else number
    return stamp - now, stamp, 1.0


def _retry_after(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    seconds = _seconds(text)
    if seconds is None:
        moment = _moment(text)
        seconds = None if moment is None else moment - now
    return seconds if seconds is not None and seconds > 0 else None


def _seconds(text: str | None) -> float | None:
    digits = re.match(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:$|[,;])", text) if text is not None else None
    return float(digits.group(1)) if digits else None


def _whole(text: str | None) -> int | None:
    digits = re.match(r"\s*(-?\d{1,15})", text) if text is not None else None
    return max(0, int(digits.group(1))) if digits else None


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
