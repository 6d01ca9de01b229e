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
from sources.kit.feed import FeedLost
from sources.kit.server_clock import since, stamp, told_at
from sources.onelogin.pages import Row
from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound
from transport.pages import follow_cursor
from transport.reply import Reply

DELETED_USER = 17
"""The type of the event that a user was deleted."""
LOG_KEPT = timedelta(days=7)
"""How far back the log is relied on; how long an account keeps it is not documented."""


class Mark(NamedTuple):
    """A checkpoint.

    Attributes:
        at: the moment, by the account's clock.
        roles: how many there were; None when that is not told.
        types: the types of events that speak of roles; none when that is not told.
    """

    at: str
    roles: int | None
    types: tuple[int, ...] = ()

    @classmethod
    def of(cls, text: str) -> Self:
        """Read one back."""
        return cls(**orjson.loads(text))

    def __str__(self) -> str:
        """The text a checkpoint is kept as."""
        return orjson.dumps(self._asdict()).decode()


class Census(NamedTuple):
    """How many users there are, and when that was said by the account's clock."""

    users: int
    at: datetime


def census(client: Client) -> Census | None:
    """Count the users; None where the account tells no totals or no time."""
    total, reply = _count(client, "users")
    at = told_at(reply)
    return None if total is None or at is None else Census(total, at)


def roles(client: Client) -> int | None:
    """Count the roles; None where the account tells no totals."""
    return _count(client, "roles")[0]


def _count(client: Client, what: str) -> tuple[int | None, Reply]:
    reply = client.get(f"/api/2/{what}", {"limit": 1, "page": 1, "fields": "id"})
    total = reply.headers.get("total-count")
    return None if total is None else int(total), reply


def role_events(client: Client) -> tuple[int, ...]:
    """The types of events that speak of roles and their members; none where the log may not be read."""
    try:
        types = list(_told(client, "/api/1/events/types", {}))
    except (BadRequest, Forbidden, NotFound):
        return ()
    words = {int(kind["id"]): str(kind["description"]) for kind in types}
    return tuple(sorted(kind for kind, text in words.items() if "%role%" in text and "%app%" not in text))


def roles_changed(client: Client, mark: Mark, now: Census, roles: int | None) -> bool:
    """Tell whether a role may have changed since a checkpoint."""
    age = now.at - datetime.fromisoformat(mark.at)
    if roles is None or roles != mark.roles or not mark.types or age > LOG_KEPT:
        return True
    asked = {"event_type_id": list(mark.types), "since": stamp(since(mark.at))}
    return next(_told(client, "/api/1/events", asked), None) is not None


def gone(client: Client, start: datetime, users: int, known: set[str]) -> set[str]:
    """Tell which of the known users were deleted.

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
        asked = {"event_type_id": DELETED_USER, "since": stamp(start)}
        deleted = {str(event["user_id"]) for event in _told(client, "/api/1/events", asked)} & known
    if len(known) - len(deleted) != users:
        told = f"{len(known) - len(deleted):,} users would be known and the account has {users:,}"
        raise FeedLost(told)
    return deleted


def sign_ins(rows: Iterator[list[Row]]) -> pd.DataFrame:
    """The last sign-ins of users listed with their `id` and `last_login`."""
    told = [(str(row["id"]), row["last_login"]) for page in rows for row in page]
    frame = pd.DataFrame(told, columns=["source_id", "last_sign_in"], dtype="str")
    at = iso_times(frame["last_sign_in"]).astype(pd.DatetimeTZDtype("us", "UTC"))
    return frame.assign(last_sign_in=at)


def _told(client: Client, path: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows in the envelope of the API's first version, page by page."""
    pages = follow_cursor(
        lambda cursor: client.get(path, asked | ({"after_cursor": cursor} if cursor else {})),
        lambda reply: (reply.json().get("pagination") or {}).get("after_cursor"),
    )
    for page in pages:
        yield from page.json()["data"]
