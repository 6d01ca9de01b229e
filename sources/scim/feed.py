"""What changed on a SCIM server since a moment, by `meta.lastModified`.

A server has a feed only when it is seen to answer such a filter truthfully: before a whole read it is
asked for everything changed since 1970, which must be as many as there are, and for what changes
tomorrow, which must be nothing. Servers that refuse the filter or take no notice of it are read whole.

Nothing tells of deletions. A deleted user makes the number of users differ from those known, and a
changed number of groups, or a group that is new and may stand for a deleted one, has all groups read
again. So has any change while groups stand in groups, for it is felt in those around them. What stays
hidden until the next whole read: a server that does not count a change of members as one of the group.

Where a connection says which attribute holds the last sign-in, that is asked for by itself, since
servers differ in whether it counts as a modification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

import orjson

from provisioning.model.merge import FeedLost
from sources.kit.members import Members
from sources.scim.pages import Page
from transport.errors import BadRequest, Forbidden, Malformed, NotFound, Unavailable
from transport.server_clock import answered_at, since, stamp
from transport.shape import Row

MODIFIED = "meta.lastModified"
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
Count = Callable[[str, dict[str, Any]], Page[Any]]
"""Asks for the first row of a list and how many there are."""


class Checkpoint(NamedTuple):
    """Where the feed of a server stands.

    Attributes:
        at: the moment, by the server's clock.
        groups: how many groups there were.
        flat: whether no group stood in another; None when that is not known.
    """

    at: str
    groups: int
    flat: bool | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one back from its text."""
        return cls(**orjson.loads(text))

    @property
    def since(self) -> datetime:
        """Return the moment from which changes are asked for."""
        return since(self.at)

    def __str__(self) -> str:
        """The text a checkpoint is kept as."""
        return orjson.dumps(self._asdict()).decode()


class RefreshedGroups(NamedTuple):
    """Groups that were read again.

    Attributes:
        members: of those that are wanted, all their members.
        ids: identifiers of all that were read.
        total: how many groups there are.
        flat: whether no group stands in another; None when that is not known.
        every: whether all were read, so that others are gone.
    """

    members: list[Members]
    ids: set[str]
    total: int
    flat: bool | None
    every: bool = False


def query_after(path: str, at: datetime, also: str | None = None) -> dict[str, Any]:
    """Return the query for rows whose attribute is later than a moment, of those that satisfy `also`."""
    later = f'{path} gt "{stamp(at)}"'
    return {"filter": f"({also}) and {later}" if also else later}


def pass_changed(pages: Iterable[list[Row]], at: datetime) -> Iterator[list[Row]]:
    """Pass on rows that were modified since a moment.

    Raises:
        FeedLost: one was not; the server takes no notice of the filter.
    """
    for page in pages:
        for row in page:
            modified = _moment(row, "lastModified")
            if modified is None or modified < at:
                raise FeedLost("the server lists what did not change; it takes no notice of the filter")
        yield page


def prove_feed(count: Count, path: str, also: str | None = None) -> tuple[int, datetime] | None:
    """Return how many rows a list has and when, where it is seen to filter truthfully; else None."""
    try:
        now = count(path, {"filter": also} if also else {})
        at = answered_at(now.reply)
        if now.total is None or at is None:
            return None
        totals = [count(path, query_after(MODIFIED, moment, also)).total for moment in (ALWAYS, at + AHEAD)]
    except (BadRequest, Forbidden, NotFound, Malformed, Unavailable):
        return None
    return (now.total, at) if totals == [now.total, 0] else None


def confirm_users(now: Page[Any], known: int) -> str:
    """Return when a list of users stated how many there are, which must be as many as are known.

    Raises:
        FeedLost: it is another number, or the server does not say.
    """
    at = answered_at(now.reply)
    if at is None or now.total != known:
        raise FeedLost(f"{known:,} users would be known and the server says {now.total}")
    return stamp(at)


def may_be_newer(rows: Iterable[Row], at: datetime) -> bool:
    """Return whether one of the rows may be newer than a moment."""
    return any((made := _moment(row, "created")) is None or made >= at for row in rows)


def _moment(row: Row, name: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(row["meta"][name])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
