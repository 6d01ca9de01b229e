"""What changed in a OneLogin account since a moment.

Users tell when they changed and when they last signed in, and the account tells how many there are.
Roles tell neither, so they are listed again, with their members. Of a deleted user the log of events
keeps the identifier; it counts as told only when afterwards as many users are left as the account
says, else everything is read. So nothing is missed: whoever is created is told as changed, and a
deletion makes the numbers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from provisioning.intake import iso_times
from sources.feed import FeedLost
from sources.onelogin_pages import Row
from sources.server_clock import stamp, told_at
from transport.client import Client
from transport.pages import follow_cursor

DELETED_USER = 17
"""The type of the event that a user was deleted."""


class Census(NamedTuple):
    """How many users there are, and when that was said by the account's clock."""

    users: int
    at: datetime


def census(client: Client) -> Census | None:
    """Count the users; None where the account tells no totals or no time."""
    reply = client.get("/api/2/users", {"limit": 1, "page": 1, "fields": "id"})
    total, at = reply.headers.get("total-count"), told_at(reply)
    return None if total is None or at is None else Census(int(total), at)


def gone(client: Client, since: datetime, users: int, known: set[str]) -> set[str]:
    """Tell which of the known users were deleted.

    Args:
        client: the account.
        since: when the users were known.
        users: how many there are now.
        known: their identifiers, those created since among them.

    Raises:
        FeedLost: without those whose deletion is told, the numbers still differ.
    """
    if len(known) == users:
        return set()
    deleted: set[str] = set()
    if len(known) > users:
        deleted = {str(event["user_id"]) for event in _deletions(client, since)} & known
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


def _deletions(client: Client, since: datetime) -> Iterator[dict[str, Any]]:
    """Events of users deleted, in the envelope of the API's first version."""
    asked = {"event_type_id": DELETED_USER, "since": stamp(since)}
    pages = follow_cursor(
        lambda cursor: client.get("/api/1/events", asked | ({"after_cursor": cursor} if cursor else {})),
        lambda reply: reply.json()["pagination"]["after_cursor"],
    )
    for page in pages:
        yield from page.json()["data"]
