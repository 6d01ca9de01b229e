"""Every way a request can fail, named by what to do next.

TransportError
├── Transient            nothing is wrong with the request: come back later
│   ├── RateLimited      429 after the last attempt
│   ├── Unavailable      408, 425, other 5xx
│   ├── ConnectionLost   refused, cut, timed out, name not found
│   └── Abandoned        never sent: another request of the same batch failed first
├── CredentialRefused    401: give a new credential
├── PaymentRequired      402: the subscription does not cover it
├── Forbidden            403: give the credential more rights
├── NotFound             404, 410: it is not there
├── Conflict             409, 412, 423: look again, it moved
├── BadRequest           400, 422, every other 4xx, and 501: the request itself is wrong
├── Moved                3xx: use the new address
├── Malformed            a truncated or unreadable answer
├── TooLarge             an answer that is larger than anything the service should send
├── Untrusted            the server's certificate cannot be verified
├── ClearText            the credential would travel unencrypted
├── PageLoop             a page token came twice, or pages without rows do not end
├── ForeignHost          a link leads to another host
├── ReadOnly             a write through a door that only reads
└── UnknownOutcome       a write whose answer was lost: settle it by reading
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import orjson

from errors import SeatwiseError
from transport.redact import redact, redact_headers

ACCEPTED = "I accept that credentials travel in clear text"
"""What a connection says to be opened without encryption."""
BODY_CAP = 65_536
"""Bytes of an answer an error looks at."""
TEXT_CAP = 2_000
"""Characters of an answer that is no JSON an error keeps."""


class TransportError(SeatwiseError):
    """A request that did not bring what was asked for.

    Attributes:
        method, url: what was sent, without secrets.
        status: the HTTP status, None when no answer came.
        body: the answer as JSON or text, capped and without secrets.
        headers: the answer's headers, without secrets.
        page: the number of the page, counted from 1, when it was one of a listing.
        remedy: the next step, in one plain sentence.
    """

    remedy: str = "Read the message and try again."
    worth_retrying: ClassVar[bool] = False
    """Whether the same read may succeed a moment later."""

    def __init__(
        self,
        message: str = "",
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        remedy: str | None = None,
    ) -> None:
        """Keep what happened; secrets are taken out here."""
        super().__init__(redact(message), remedy)
        self.method = method
        self.url = redact(url) if url else None
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = redact_headers(headers or {})
        self.page: int | None = None

    def about(self, method: str, url: str | None) -> Self:
        """Note which request failed; returns itself."""
        self.method, self.url = method, redact(url) if url else None
        return self

    @property
    def message(self) -> str:
        """What was asked, what came, and on which page."""
        asked = " ".join(part for part in (self.method, self.url) if part)
        came = f"answered {self.status}" if self.status is not None else ""
        page = f"(page {self.page})" if self.page is not None else ""
        head = " ".join(part for part in (asked, came, page) if part)
        return ": ".join(part for part in (head, self.args[0]) if part) or type(self).__name__


class Transient(TransportError):
    """Nothing is wrong with the request; the same one may succeed later."""

    remedy = "Run again later; nothing was changed by this request."
    worth_retrying = True


class RateLimited(Transient):
    """The service allows no more requests for now."""

    remedy = "Run again later, or ask the service's administrator for a larger rate limit for this token."


class Unavailable(Transient):
    """The service is up but cannot answer."""

    remedy = "Check the service's status page and run again later."


class ConnectionLost(Transient):
    """No answer came: refused, cut, timed out, or the name is unknown."""

    remedy = "Check the address, the network and the proxy settings, then run again."
    opened: bool = True
    """False when the request surely never left, because no connection was made."""


class Abandoned(Transient):
    """Never sent, because another request of the same batch failed first."""

    remedy = "See to the error that stopped the batch, then run again."
    worth_retrying = False


class CredentialRefused(TransportError):
    """The service does not accept the credential (401)."""

    remedy = "Renew the token of this connection: it is wrong, expired or revoked."


class PaymentRequired(TransportError):
    """The subscription does not cover the request (402)."""

    remedy = "Check the plan and the seats of the subscription, then run again."


class Forbidden(TransportError):
    """The credential is known but lacks the right (403)."""

    remedy = "Give the credential of this connection the missing right or scope."


class NotFound(TransportError):
    """The thing asked for is not there (404, 410)."""

    remedy = "Check the address and the identifiers in the connection; it may also have been deleted."


class Conflict(TransportError):
    """The thing is not in the state the request assumed (409, 412, 423)."""

    remedy = "Look at its present state and plan again."


class BadRequest(TransportError):
    """The service does not understand or accept the request itself (400, 422, other 4xx, 501)."""

    remedy = "Check the values named in the message; the same request will fail again."


class Moved(TransportError):
    """The service points to another address (3xx) that a client does not follow."""

    remedy = "Put the address it points to into the connection."


class Malformed(TransportError):
    """The answer is truncated or is not what it says it is."""

    remedy = "Run again; if it stays, check that the address is the API's and no proxy answers instead."
    worth_retrying = True


class TooLarge(TransportError):
    """The answer is larger than what is read of one, packed or unpacked."""

    remedy = (
        "Set a smaller `page_size` in the connection; if it stays, check that the address is the API's and "
        "no other server answers."
    )


class ClearText(TransportError):
    """The credential would travel unencrypted to another machine; nothing was sent."""

    remedy = (
        f"Write an https address. Where you have to accept it, add to the connection: `insecure: {ACCEPTED}`."
    )


class Untrusted(TransportError):
    """The server's certificate cannot be verified."""

    remedy = "Add the authority that signed the certificate to the file REQUESTS_CA_BUNDLE names."


class PageLoop(TransportError):
    """The listing would never end: a page token came twice, or pages without rows do not end."""

    remedy = "Run again; if it stays, report it to the service: its paging has no end."


class ForeignHost(TransportError):
    """A link leads to another host, where the credential must not go."""

    remedy = "Check the connection's address; if the other host is right, use it there."


class ReadOnly(TransportError):
    """A write was tried through a door that only reads."""

    remedy = "Nothing was sent. Writes are made by applying a plan."


class UnknownOutcome(TransportError):
    """A write was sent and its answer was lost; it may or may not have happened."""

    remedy = "Read the account back before anything else; do not send it again blindly."


BY_STATUS: Mapping[int, type[TransportError]] = {
    401: CredentialRefused,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    423: Conflict,
    425: Unavailable,
    429: RateLimited,
    501: BadRequest,
}
BY_FAMILY: Mapping[int, type[TransportError]] = {3: Moved, 4: BadRequest, 5: Unavailable}


def error_class(status: int) -> type[TransportError]:
    """Return the error an HTTP status stands for; a status nobody knows is Malformed."""
    return BY_STATUS.get(status) or BY_FAMILY.get(status // 100, Malformed)


def read_body(content: bytes) -> Any:
    """Return an error's body as JSON, or as text when it is none; without secrets."""
    text = redact(content[:BODY_CAP].decode("utf-8", "replace"))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text[:TEXT_CAP]


def words_of(body: Any) -> str:
    """Return the sentence an error's body says, wherever its service puts it; "" when none."""
    if isinstance(body, str):
        return body[:300].strip() if not body.lstrip().startswith("<") else ""
    if isinstance(body, list):
        return next((words for item in body if (words := words_of(item))), "")
    if not isinstance(body, dict):
        return ""
    parts = [body[key] for key in _CODES if isinstance(body.get(key), str)][:1]
    parts += [words for key in _SENTENCES if (words := words_of(body.get(key)))][:1]
    return " ".join(parts)


_CODES = ("errorCode", "code", "scimType")
_SENTENCES = (
    "errorSummary",
    "errorMessage",
    "error_description",
    "errorMessages",
    "message",
    "detail",
    "title",
    "description",
    "error",
    "errors",
)
