"""Rate limits as services keep them, in each service's dialect, on a clock nobody waits for."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate

from tests.transport.service import Answer, Asked, SettableClock

Headers = tuple[tuple[str, str], ...]


@dataclass
class Moment:
    """What a service knows when it answers: its own time, and the window."""

    wall: float
    opens: float
    limit: int
    remaining: int
    refused: bool


def _standing(prefix: str, moment: Moment, reset: str) -> Headers:
    return (
        (f"{prefix}-Limit", str(moment.limit)),
        (f"{prefix}-Remaining", str(moment.remaining)),
        (f"{prefix}-Reset", reset),
    )


def okta(moment: Moment) -> Headers:
    return _standing("X-Rate-Limit", moment, str(math.ceil(moment.opens)))


def okta_rounding_down(moment: Moment) -> Headers:
    return _standing("X-Rate-Limit", moment, str(math.floor(moment.opens)))


def onelogin(moment: Moment) -> Headers:
    return _standing("X-RateLimit", moment, str(math.ceil(moment.opens - moment.wall)))


def onelogin_rounding_down(moment: Moment) -> Headers:
    return _standing("X-RateLimit", moment, str(math.floor(moment.opens - moment.wall)))


def atlassian(moment: Moment) -> Headers:
    reset = datetime.fromtimestamp(math.ceil(moment.opens), UTC)
    return _standing("X-RateLimit", moment, reset.strftime("%Y-%m-%dT%H:%M:%SZ"))


def atlassian_to_the_minute(moment: Moment) -> Headers:
    reset = datetime.fromtimestamp(moment.opens, UTC)
    return _standing("X-RateLimit", moment, reset.strftime("%Y-%m-%dT%H:%MZ"))


def jira(moment: Moment) -> Headers:
    return atlassian_to_the_minute(moment) + graph(moment)


def graph(moment: Moment) -> Headers:
    seconds = str(math.ceil(moment.opens - moment.wall))
    return (("Retry-After", seconds),) if moment.refused else ()


def dated(moment: Moment) -> Headers:
    return (("Retry-After", formatdate(math.ceil(moment.opens), usegmt=True)),) if moment.refused else ()


def silent(_: Moment) -> Headers:
    return ()


@dataclass
class Windows:
    """So many requests in each window of 60 seconds, however they come."""

    clock: SettableClock
    speak: Callable[[Moment], Headers]
    limit: int
    phase: float = 0.0
    skew: float = 0.0
    dates: bool = True
    seconds: float = 60.0
    served: int = 0
    refused: int = 0
    _window: int = -1
    _used: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _: Asked) -> Answer:
        with self._lock:
            wall = self.clock.wall() + self.skew
            window = math.floor((wall - self.phase) / self.seconds)
            if window != self._window:
                self._window, self._used = window, 0
            refused = self._used >= self.limit
            self._used += not refused
            self.refused += refused
            self.served += not refused
            opens = (window + 1) * self.seconds + self.phase
            moment = Moment(wall, opens, self.limit, self.limit - self._used, refused)
        date = math.floor(wall) if self.dates else None
        return Answer(429 if refused else 200, {"ok": not refused}, self.speak(moment), date=date)


@dataclass
class Refilling:
    """A bucket that so many tokens drop into every so many seconds, as Data Center keeps it."""

    clock: SettableClock
    capacity: int
    fill: int
    interval: float
    served: int = 0
    refused: int = 0
    _tokens: int | None = None
    _filled: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _: Asked) -> Answer:
        with self._lock:
            drops = math.floor((self.clock.wall() - self._filled) / self.interval)
            tokens = self.capacity if self._tokens is None else self._tokens
            self._tokens = min(self.capacity, tokens + drops * self.fill)
            self._filled += drops * self.interval
            refused = self._tokens == 0
            self._tokens -= not refused
            self.refused += refused
            self.served += not refused
            headers = (
                ("X-RateLimit-Limit", str(self.capacity)),
                ("X-RateLimit-Remaining", str(self._tokens)),
                ("X-RateLimit-Interval-Seconds", str(int(self.interval))),
                ("X-RateLimit-FillRate", str(self.fill)),
                ("Retry-After", str(int(self.interval)) if refused else "0"),
            )
        return Answer(429 if refused else 200, {}, headers)
