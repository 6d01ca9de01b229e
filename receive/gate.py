"""Who may come in: a valid token of the connection, over https or from this machine, not too often."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import threading
import time
from collections.abc import Callable
from datetime import datetime

from werkzeug import Request

from ledger.pushed import Inbox, TokenRow
from receive.connection import Connection, Way
from receive.refusals import Refusal

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="seatwise"'}


class Gate:
    """Lets requests in, each with the token it came with."""

    def __init__(self, inbox: Inbox, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._inbox, self._clock = inbox, clock
        self._lock = threading.Lock()
        self._left: dict[int, tuple[float, float]] = {}

    def admit(self, request: Request, connection: Connection | None, at: datetime) -> TokenRow:
        """The token of a request.

        Raises:
            Refusal: it has none that is valid here, comes in clear text from elsewhere, or too often.
        """
        if request.scheme != "https" and not is_loopback(request.remote_addr):
            raise Refusal(403, "Use the https address; tokens are not taken in clear text.")
        token = self._recognise(request, connection)
        if connection is None or token is None or token.connection != connection.name:
            # Which connections there are is told to nobody who has no token.
            raise Refusal(
                401, "The token is not valid here; enter the one of this connection.", None, CHALLENGE
            )
        self._count(token, connection.requests_per_minute)
        self._inbox.see_token(token, at, request.remote_addr or "unknown")
        return token

    def _recognise(self, request: Request, connection: Connection | None) -> TokenRow | None:
        ways = connection.authentication if connection else ()
        said = presented(request.headers.get("Authorization", ""), ways)
        return self._inbox.recognise(said) if said else None

    def _count(self, token: TokenRow, per_minute: int) -> None:
        """Take one of the requests a token may make; as many as in a minute may come at once."""
        with self._lock:
            now = self._clock()
            left, then = self._left.get(token.seq, (float(per_minute), now))
            left = min(float(per_minute), left + (now - then) * per_minute / 60)
            self._left[token.seq] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if left < 1:
            wait = max(1, math.ceil((1 - left) * 60 / per_minute))
            raise Refusal(
                429, f"Too many requests; come again in {wait} s.", None, {"Retry-After": str(wait)}
            )


def presented(header: str, ways: tuple[Way, ...]) -> str | None:
    """The token that an Authorization header presents in one of the ways; None where it does not."""
    word, _, rest = header.strip().partition(" ")
    if word.lower() == "bearer":
        return rest.strip() if "bearer" in ways else None
    if word.lower() == "basic":
        return _password(rest.strip()) if "basic" in ways else None
    return word if "raw" in ways and not rest else None


def _password(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def is_loopback(address: str | None) -> bool:
    """Whether a request comes from this machine itself."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
