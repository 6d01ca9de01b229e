"""Rate limits: windows that open with the first request, counted on the real clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

# How many times the documented number a mode allows; None does not limit.
MODES: dict[str, float | None] = {"off": None, "relaxed": 50.0, "documented": 1.0}


class Window(NamedTuple):
    """The state of one bucket after a request: `reset` is in epoch seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset: float


@dataclass
class Limits:
    """The buckets of all faces.

    Attributes:
        mode: off, relaxed (documented numbers times 50) or documented.
        seconds: Length of a window where the caller does not say otherwise.
        latency: Seconds every answer is held back, to make concurrency real.
        clock: Epoch seconds.
    """

    mode: str = "off"
    seconds: float = 60.0
    latency: float = 0.0
    clock: Callable[[], float] = time.time
    in_flight: dict[str, int] = field(default_factory=dict)
    _windows: dict[Hashable, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an unknown mode."""
        if self.mode not in MODES:
            raise ValueError(f"limits={self.mode!r}: expected one of {', '.join(MODES)}")

    @property
    def on(self) -> bool:
        """Whether anything is limited."""
        return MODES[self.mode] is not None

    def allowance(self, documented: float) -> int:
        """Return how many requests a documented number means in this mode."""
        return max(1, round(documented * (MODES[self.mode] or 1.0)))

    def look(self, key: Hashable, documented: float, seconds: float | None = None) -> Window:
        """Return the state of a bucket without using it up; the window is not opened."""
        limit = self.allowance(documented)
        opened, used = self._current(key, seconds)
        return Window(used < limit, limit, max(0, limit - used), self._reset(opened, seconds))

    def take(self, key: Hashable, documented: float, seconds: float | None = None, cost: int = 1) -> Window:
        """Use a bucket up by `cost`, or be refused; a refusal costs nothing."""
        limit = self.allowance(documented)
        opened, used = self._current(key, seconds)
        allowed = used + cost <= limit
        used += cost if allowed else 0
        self._windows[key] = opened, used
        return Window(allowed, limit, limit - used, self._reset(opened, seconds))

    def clear(self) -> None:
        """Forget every window."""
        self._windows.clear()

    def _current(self, key: Hashable, seconds: float | None) -> tuple[float, int]:
        now = self.clock()
        opened, used = self._windows.get(key, (now, 0))
        return (now, 0) if now >= opened + (seconds or self.seconds) else (opened, used)

    def _reset(self, opened: float, seconds: float | None) -> float:
        return opened + (seconds or self.seconds)
