"""When a failed request is sent again, and when it is given up."""

from __future__ import annotations

from requests.auth import AuthBase

from transport.auth import Renewable
from transport.clock import Clock, is_stopped
from transport.errors import (
    ConnectionLost,
    CredentialRefused,
    Malformed,
    Moved,
    TooLarge,
    TransportError,
    Unavailable,
    UnknownOutcome,
)
from transport.pace import Ticket
from transport.rate_limit_headers import read_rate_limit
from transport.retry_policy import RetryPolicy


class Attempt:
    """The attempts at one request."""

    def __init__(self, retry_policy: RetryPolicy, clock: Clock, auth: AuthBase) -> None:
        """Start with nothing sent and no second spent."""
        self.sent = 0
        self._refused = 0
        self._spent = 0.0
        self._retry_policy = retry_policy
        self._clock = clock
        self._auth = auth
        self._generation = auth.generation if isinstance(auth, Renewable) else None

    def wait_after(self, failure: TransportError, ticket: Ticket, *, writes: bool) -> None:
        """Return when the next attempt may be made.

        Raises:
            TransportError: the failure, or UnknownOutcome in its place, when there is to be none.
        """
        self.sent += 1
        self._spent += self._clock.monotonic() - ticket.sent
        if isinstance(failure, CredentialRefused) and self._renew():
            return
        if writes and not surely_not_done(failure):
            raise unknown_outcome(failure)
        if not failure.worth_retrying:
            raise failure
        rate_limit = read_rate_limit(failure.headers, self._clock.wall())
        refused = failure.status is not None and rate_limit.refuses(failure.status)
        self._refused += refused
        if (
            self.sent - self._refused >= self._retry_policy.attempts
            or self._refused >= self._retry_policy.refusals
        ):
            raise failure
        if not refused or rate_limit.too_many_at_once:
            self._pause(failure)  # After any other refusal the pace makes the next attempt wait.

    def _renew(self) -> bool:
        """Renew the credential, once a request, and return whether it is fresh now."""
        generation, self._generation = self._generation, None
        return generation is not None and isinstance(self._auth, Renewable) and self._auth.renew(generation)

    def _pause(self, failure: TransportError) -> None:
        pause = self._retry_policy.pause(self.sent)
        self._spent += pause
        if self._spent > self._retry_policy.seconds:
            raise failure
        self._clock.wait_until(self._clock.monotonic() + pause)
        if is_stopped():
            raise failure


def surely_not_done(failure: TransportError) -> bool:
    """Return whether a write that failed so cannot have happened."""
    if isinstance(failure, ConnectionLost):
        return not failure.opened
    return not isinstance(failure, (Unavailable, Malformed, Moved, TooLarge))


def unknown_outcome(failure: TransportError) -> UnknownOutcome:
    """Return the failure of a write as what it is: not known to have happened or not."""
    return UnknownOutcome(
        f"the answer to the write was lost: {failure.args[0] or type(failure).__name__}",
        method=failure.method,
        url=failure.url,
        status=failure.status,
        body=failure.body,
        headers=failure.headers,
    )
