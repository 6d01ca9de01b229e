"""What Graph's answers hold beside their rows, whether they come alone or in a batch."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_in, text_in, values_of


def date_of(reply: Reply) -> str:
    """Return when an answer was given by the service's clock, ISO 8601 to the second."""
    try:
        at = parsedate_to_datetime(reply.headers.get("Date") or "")
    except ValueError:
        raise malformed("the answer bears no readable Date", reply) from None
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def objects_of(body: Row, reply: Reply) -> list[Row]:
    """Return the objects of a listing, each of which bears an identifier.

    Raises:
        Malformed: it is no listing, or one bears none.
    """
    rows = rows_in(body, "value", reply)
    values_of(rows, "id", reply)
    return rows


def next_link(body: Row, reply: Reply) -> str | None:
    """Return where a listing goes on; None on its last page."""
    return text_in(body, "@odata.nextLink", reply) if body.get("@odata.nextLink") else None


def next_page(reply: Reply) -> str | None:
    """Return where the listing of an answer goes on; None on its last page."""
    return next_link(object_of(reply), reply)


def code_of(body: Any) -> str | None:
    """Return the word of an error."""
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None
