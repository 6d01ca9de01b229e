"""How often a failed request is sent again, for how long, and after what pauses."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_chance = Random()  # noqa: S311 - no secret hangs on a pause


@dataclass(frozen=True)
class RetryPolicy:
    """Capped twice, in attempts and in seconds.

    Attributes:
        attempts: how often one request is sent at most, the first time included.
        refusals: how often one request may be sent away for coming too soon.
        seconds: how long one request's failed exchanges and pauses may take together; waiting for
            a rate limit's window does not count.
        first, longest: the pause after the first failure, doubled each time, up to `longest`.
        window: the longest a service may make one request wait for its window to open.
        jitter: whether a pause is drawn between half and all of its length.
    """

    attempts: int = 6
    refusals: int = 12
    seconds: float = 300.0
    first: float = 0.5
    longest: float = 30.0
    window: float = 3900.0
    jitter: bool = True

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row, counted from 1."""
        whole = float(min(self.longest, self.first * 2.0 ** (min(failures, 60) - 1)))
        return whole * _chance.uniform(0.5, 1.0) if self.jitter else whole
