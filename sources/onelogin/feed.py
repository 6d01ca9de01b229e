"""What changed in a OneLogin account since a moment.

Users tell when they changed and when they last signed in, and the account tells how many there are.
Of a deleted user the log of events keeps the identifier; it counts as told only when afterwards as
many users are left as the account says, else everything is read. So nothing is missed: whoever is
created is told as changed, and a deletion makes the numbers differ.

Roles tell of themselves neither. All are listed again when their number changed or the log holds an
event of a type that speaks of roles; which types do is asked of the account. A change of a role that
the account logs nowhere stays hidden until the next such event or the next whole read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

import orjson
import pandas as pd

from provisioning.model.intake import iso_times
from provisioning.model.merge import FeedLost
from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.server_clock import answered_at, since, stamp
from transport.shape import Row, number_in_header, number_in_text, object_in, object_of, rows_of, text_in

DELETED_USER = 17
"""The type of the event that a user was deleted."""
LOG_KEPT = timedelta(days=7)
"""How far back the log is relied on; how long an account keeps it is not documented."""


class Checkpoint(NamedTuple):
    """Where the feed of an account stands.

    Attributes:
        at: the moment, by the account's clock.
        roles: how many there were; None when the account does not say.
        types: the types of events that speak of roles; none when the account does not say.
    """

    at: str
    roles: int | None
    types: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one back from its text."""
        return cls(**orjson.loads(text))

    def __str__(self) -> str:
        """The text a checkpoint is kept as."""
        return orjson.dumps(self._asdict()).decode()


class Census(NamedTuple):
    """How many users there are, and when that was said by the account's clock."""

    users: int
    at: datetime


def count_users(client: Client) -> Census | None:
    """Count the users; None where the account states no totals or no time."""
    total, reply = _count(client, "users")
    at = answered_at(reply)
    return None if total is None or at is None else Census(total, at)


def count_roles(client: Client) -> int | None:
    """Count the roles; None where the account states no totals."""
    return _count(client, "roles")[0]


def _count(client: Client, what: str) -> tuple[int | None, Reply]:
    reply = client.get(f"/api/2/{what}", {"limit": 1, "page": 1, "fields": "id"})
    stated = "total-count" in reply.headers
    return number_in_header(reply, "total-count") if stated else None, reply


def find_role_events(client: Client) -> tuple[int, ...]:
    """Return the types of events that speak of roles and members; none where the log may not be read."""
    try:
        types = list(_rows(client, "/api/1/events/types", {}))
    except (BadRequest, Forbidden, NotFound):
        return ()
    words = {
        number_in_text(row.get("id"), "`id`", reply): text_in(row, "description", reply)
        for row, reply in types
    }
    return tuple(sorted(kind for kind, text in words.items() if "%role%" in text and "%app%" not in text))


def may_roles_have_changed(client: Client, then: Checkpoint, now: Census, roles: int | None) -> bool:
    """Return whether a role may have changed since a checkpoint."""
    age = now.at - datetime.fromisoformat(then.at)
    if roles is None or roles != then.roles or not then.types or age > LOG_KEPT:
        return True
    query = {"event_type_id": list(then.types), "since": stamp(since(then.at))}
    return next(_rows(client, "/api/1/events", query), None) is not None


def find_deleted(client: Client, start: datetime, users: int, known: set[str]) -> set[str]:
    """Return which of the known users were deleted.

    Args:
        client: the account.
        start: when the users were known.
        users: how many there are now.
        known: their identifiers, those created since among them.

    Raises:
        FeedLost: without those whose deletion is told, the numbers still differ.
    """
    if len(known) == users:
        return set()
    deleted: set[str] = set()
    if len(known) > users:
        query = {"event_type_id": DELETED_USER, "since": stamp(start)}
        events = _rows(client, "/api/1/events", query)
        deleted = {str(row.get("user_id")) for row, _ in events} & known
    if len(known) - len(deleted) != users:
        left = len(known) - len(deleted)
        raise FeedLost(f"{left:,} users would be known and the account has {users:,}")
    return deleted


def frame_sign_ins(pages: Iterator[list[Row]]) -> pd.DataFrame:
    """Return the last sign-ins of users listed with their `id` and `last_login`."""
    sign_ins = [(str(row["id"]), row.get("last_login")) for page in pages for row in page]
    frame = pd.DataFrame(sign_ins, columns=["source_id", "last_sign_in"], dtype="str")
    at = iso_times(frame["last_sign_in"]).astype(pd.DatetimeTZDtype("us", "UTC"))
    return frame.assign(last_sign_in=at)


def _rows(client: Client, path: str, query: dict[str, Any]) -> Iterator[tuple[Row, Reply]]:
    """Yield the rows in the envelope of the API's first version, page by page, each with its answer."""
    pages = follow_cursor(
        lambda cursor: client.get(path, query | ({"after_cursor": cursor} if cursor else {})), _next_cursor
    )
    for page in pages:
        for row in rows_of(page, "data"):
            yield row, page


def _next_cursor(reply: Reply) -> str | None:
    body = object_of(reply)
    if not body.get("pagination"):
        return None
    pagination = object_in(body, "pagination", reply)
    return text_in(pagination, "after_cursor", reply) if pagination.get("after_cursor") else None
