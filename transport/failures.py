"""One table: which of our errors stands for what `requests` and `urllib3` raise."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import urllib3
from requests import exceptions as raised
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from transport.errors import BadRequest, ConnectionLost, Malformed, Moved, TransportError, Untrusted

Translate = Callable[[Exception], TransportError]


def _lost(words: str) -> Translate:
    def translate(failure: Exception) -> TransportError:
        error = ConnectionLost(f"{words} ({_short(failure)})")
        error.opened = not never_opened(failure)
        return error

    return translate


def _refused_tls(failure: Exception) -> TransportError:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(failure)):
        return Untrusted(f"the certificate cannot be verified ({_short(failure)})")
    return _lost("the encrypted connection failed")(failure)


def _malformed(words: str) -> Translate:
    return lambda failure: Malformed(f"{words} ({_short(failure)})")


def _endless(_: Exception) -> TransportError:
    return Moved("it redirects without end")


def _unusable(failure: Exception) -> TransportError:
    return BadRequest(f"the request cannot be sent ({_short(failure)})")


FAILURES: tuple[tuple[type[Exception], Translate], ...] = (
    (raised.ConnectTimeout, _lost("no connection in time")),
    (raised.Timeout, _lost("no answer in time")),
    (raised.SSLError, _refused_tls),
    (raised.ProxyError, _lost("the proxy did not connect")),
    (raised.ConnectionError, _lost("the connection failed")),
    (raised.ChunkedEncodingError, _malformed("the answer was cut short")),
    (raised.ContentDecodingError, _malformed("the answer cannot be decompressed")),
    (raised.StreamConsumedError, _malformed("the answer cannot be read twice")),
    (raised.RetryError, _lost("the connection failed")),
    (raised.HTTPError, _malformed("the answer is not understood")),
    (raised.TooManyRedirects, _endless),
    (raised.InvalidJSONError, _malformed("the answer is not JSON")),
    (raised.URLRequired, _unusable),
    (raised.MissingSchema, _unusable),
    (raised.InvalidSchema, _unusable),
    (raised.InvalidURL, _unusable),
    (raised.InvalidHeader, _unusable),
    (raised.UnrewindableBodyError, _unusable),
    (urllib3.exceptions.LocationParseError, _unusable),
    (urllib3.exceptions.HTTPError, _lost("the connection failed")),
    (OSError, _lost("the connection failed")),
)
"""The first class a failure belongs to says what it becomes."""


def translate_failure(failure: Exception) -> TransportError:
    """Return the typed error for what the layer below raised."""
    return next(translate(failure) for kind, translate in FAILURES if isinstance(failure, kind))


def never_opened(failure: BaseException) -> bool:
    """Return whether the request surely never left, because no connection was made."""
    if isinstance(failure, (raised.ConnectTimeout, raised.ProxyError)):
        return True
    return any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in _causes(failure))


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield a failure and everything it wraps, however the layers below wrapped it."""
    waiting: list[object] = [failure]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _short(failure: Exception) -> str:
    """Name the innermost cause without the address, which may hold a secret."""
    words = str(list(_causes(failure))[-1])
    return words if words and len(words) <= 120 and "url" not in words else type(failure).__name__
