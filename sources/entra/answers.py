"""What Graph's answers hold, whether they come alone or in a batch."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from transport.errors import Malformed
from transport.reply import Reply

Row = dict[str, Any]


def rows_of(body: Any, reply: Reply) -> list[Row]:
    """Return the rows of a page."""
    return list_of(body, "value", reply)


def list_of(body: Any, name: str, reply: Reply) -> list[Row]:
    """Return a list an answer must hold."""
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise malformed(f"the answer holds no list `{name}`", reply)
    return rows


def malformed(words: str, reply: Reply) -> Malformed:
    """Return the error of an answer that is none."""
    return Malformed(words, method=reply.method, url=reply.url, status=reply.status, headers=reply.headers)


def date_of(reply: Reply) -> str:
    """Return when an answer was given by the service's clock, ISO 8601 to the second."""
    try:
        at = parsedate_to_datetime(reply.headers.get("Date") or "")
    except ValueError:
        raise malformed("the answer bears no readable Date", reply) from None
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def next_link(body: Any) -> str | None:
    """Return where a listing goes on; None on its last page."""
    return body.get("@odata.nextLink") if isinstance(body, dict) else None


def code_of(body: Any) -> str | None:
    """Return the word of an error."""
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
