"""What the organisation's audit log tells: whom and what each event names, and where to go on reading.

The log is polled in the order in which its events were processed, so one that comes late is not passed over.
The last page names a cursor, too: it is where the next poll begins. The reading ends at a page without
events or with one that is younger than the reading itself. Atlassian keeps 180 days and answers an older
cursor as if nothing had happened, so the age is checked. Without a plan that includes the log there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import orjson

from provisioning.model.merge import FeedLost
from sinks.atlassian_org.directory import next_of
from transport.client import Client
from transport.errors import TransportError
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.server_clock import answered_at, stamp
from transport.shape import Row, object_in, object_of, rows_in, rows_of, text_in

PAGE = 500
PAGES = 40
"""Pages of events beyond which reading everything costs less; the log admits 50 a minute."""
KEPT = timedelta(days=180)
REACH = timedelta(hours=1)
"""How far before a whole read the log is followed: what happened so early shows in the read itself."""


class Event(NamedTuple):
    """One event: its kind, the identifiers of what it was performed on, and by whom."""

    action: str
    objects: frozenset[str]
    actor: str


class Told(NamedTuple):
    """What happened since a checkpoint, and where the next reading begins."""

    checkpoint: str
    events: list[Event]


class AuditLog:
    """The audit log of one organisation."""

    def __init__(self, client: Client, org: str) -> None:
        self._client, self._home = client, f"/admin/v1/orgs/{org}"

    def peek(self) -> Reply:
        """Ask for next to nothing, to see whether the log can be read."""
        return self._ask({"limit": 1})

    def position(self) -> str | None:
        """Return where the log stands now; None where there is none, or none that can be polled.

        Whatever keeps it from being read, the rest can be: the next run reads everything once more.
        """
        try:
            at = answered_at(self.peek())
            if at is None:
                return None
            start = {"from": round((at - REACH).timestamp() * 1000), "limit": PAGE}
            cursor, _ = self._poll(start, None, at)
        except (TransportError, FeedLost):
            return None
        return None if cursor is None else _packed(cursor, at)

    def since(self, checkpoint: str) -> Told:
        """Read what happened since a checkpoint.

        Raises:
            FeedLost: the log may not reach back, cannot be read, or holds too much.
        """
        stands = orjson.loads(checkpoint)
        try:
            first = self._ask({"cursor": stands["cursor"]})
            at = answered_at(first)
            then = datetime.fromisoformat(stands["at"])
            if at is None or not timedelta(0) <= at - then <= KEPT:
                raise FeedLost(f"the audit log may not reach back to {stands['at']}")
            cursor, events = self._poll(first, stands["cursor"], at)
        except TransportError as error:
            raise FeedLost(f"the audit log cannot be read ({error.message})") from error
        return Told(_packed(str(cursor), at), events)

    def categories(self) -> dict[str, str]:
        """Return the group that each kind of action is in, as administrators see it.

        Raises:
            FeedLost: they cannot be read.
        """
        try:
            reply = self._client.get(f"{self._home}/event-actions")
            rows = [(row, object_in(row, "attributes", reply)) for row in rows_of(reply, "data")]
            return {text_in(row, "id", reply): text_in(of, "groupDisplayName", reply) for row, of in rows}
        except TransportError as error:
            raise FeedLost(f"the kinds of events cannot be read ({error.message})") from error

    def _ask(self, query: Mapping[str, str | int]) -> Reply:
        return self._client.get(f"{self._home}/events-stream", query)

    def _poll(
        self, first: Reply | Mapping[str, str | int], cursor: str | None, now: datetime
    ) -> tuple[str | None, list[Event]]:
        """Read from a page on; where the next reading begins, and the events."""
        start = first if isinstance(first, Reply) else self._ask(first)
        events: list[Event] = []
        pages = follow_cursor(
            lambda token: self._ask({"cursor": token}) if token else start, partial(_next_page, stamp(now))
        )
        for number, page in enumerate(pages, 1):
            events += [_event(row, page) for row in rows_of(page, "data")]
            # A last page that names no cursor is read once more the next time.
            cursor = _cursor(page) or cursor
            if number == PAGES:
                raise FeedLost(f"the audit log holds more than {len(events):,} events since it was last read")
        return cursor, events


def _packed(cursor: str, at: datetime) -> str:
    return orjson.dumps({"cursor": cursor, "at": stamp(at)}).decode()


def _cursor(page: Reply) -> str | None:
    """Return the cursor of the next page: in the links or, as it is documented too, in `meta`."""
    body = object_of(page)
    meta = object_in(body, "meta", page) if body.get("meta") else {}
    return next_of(page) or (text_in(meta, "next", page) if meta.get("next") else None)


def _next_page(now: str, page: Reply) -> str | None:
    """Return the page to read next; what is younger than the reading is for the next one."""
    rows = rows_of(page, "data")
    processed = [text_in(object_in(row, "attributes", page), "processedAt", page) for row in rows]
    return _cursor(page) if processed and max(processed) <= now else None


def _event(row: Row, page: Reply) -> Event:
    attributes = object_in(row, "attributes", page)
    objects = {bare_object(text_in(one, "id", page)) for one in rows_in(attributes, "context", page)}
    actor = object_in(attributes, "actor", page)
    return Event(text_in(attributes, "action", page), frozenset(objects), text_in(actor, "id", page))


def bare_object(identifier: str) -> str:
    """Return the id of a group or account without its ARI."""
    return identifier.removeprefix("ari:cloud:identity::group/").removeprefix("ari:cloud:identity::user/")
