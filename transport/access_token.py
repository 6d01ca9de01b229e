"""An access token that is asked for, kept while it is good, shared among threads and renewed."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from typing import NamedTuple

from requests import PreparedRequest

from transport.auth import Renewable
from transport.redact import conceal

RENEW_EARLY = 300.0
"""Seconds before its end at which a token is no longer used, and of a short one the last fifth."""
LAST_PART = 0.2


class IssuedToken(NamedTuple):
    """A token as its authority issued it.

    Attributes:
        value: the secret.
        seconds: how long it is good for.
        scheme: what stands before it in the Authorization header.
    """

    value: str
    seconds: float
    scheme: str = "Bearer"


class AccessToken(Renewable):
    """Signs requests with an access token; how it is asked for, the service's own class says."""

    def __init__(self) -> None:
        """Ask for nothing yet; the first request does."""
        self.generation = 0
        self._lock = threading.Lock()
        self._issued = IssuedToken("", 0.0)
        self._until = 0.0

    @abstractmethod
    def request_token(self) -> IssuedToken:
        """Ask the authority for a token; one thread at a time does.

        Raises:
            TransportError: it gives none.
        """

    def discard_token(self) -> None:
        """Forget the token that was refused, where the authority's library keeps it too."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token on a request."""
        issued = self.current()
        request.headers["Authorization"] = f"{issued.scheme} {issued.value}"
        return request

    def renew(self, generation: int) -> bool:
        """Drop the token of that generation, unless another thread has done so; the next request gets one."""
        with self._lock:
            if generation == self.generation:
                self.generation += 1
                self._until = 0.0
                self.discard_token()
        return True

    def current(self) -> IssuedToken:
        """Return a token that is good for a while yet."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._issued = self.request_token()
                conceal(self._issued.value)
                seconds = self._issued.seconds
                self._until = time.monotonic() + seconds - min(RENEW_EARLY, LAST_PART * seconds)
            return self._issued
