"""Work that a server ends later."""

from __future__ import annotations

from collections.abc import Callable

from transport.clock import Clock
from transport.retry_policy import RetryPolicy


def wait_until(done: Callable[[], bool], retry_policy: RetryPolicy) -> bool:
    """Ask whether something is done until it is, or until patience ends; whether it is."""
    clock = Clock()
    for asked in range(1, retry_policy.attempts + 1):
        if done():
            return True
        clock.wait_until(clock.monotonic() + retry_policy.pause(asked))
    return done()
