"""What Okta's system log says of changes that its listings do not show: sign-ins and deletions.

A sign-in does not count as a change of the user, and the deleted are in no listing. The log is asked by
a polling query, ascending and without an end, because that goes by when an event was stored: one with
both ends goes by when it happened and may lack what was stored late. A polling query always names a
next page. The reading ends at a page without events or with one that is younger than the reading
itself, so an org where people sign in all the time does not hold it up.
The log reaches back 90 days; beyond that it answers as if nothing had happened, so the age is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import pandas as pd

from provisioning.model.intake import iso_times
from provisioning.model.merge import FeedLost
from transport.client import Client
from transport.pages import follow_cursor, next_link
from transport.reply import Reply
from transport.server_clock import answered_at, stamp
from transport.shape import Row, object_in, rows_in, rows_of, text_in

LOG = "/api/v1/logs"
KEPT = timedelta(days=90)
PAGE = 1000
SIGN_IN, USER_DELETED = "user.session.start", "user.lifecycle.delete.completed"
GROUPS_DELETED = ("group.lifecycle.delete", "system.import.group.delete")
READ = " or ".join(f'eventType eq "{kind}"' for kind in (SIGN_IN, USER_DELETED, *GROUPS_DELETED))
FILTER = f'({READ}) and outcome.result eq "SUCCESS"'
"""A refused sign-in is an event of the same type, so only what succeeded is asked for."""


class LogChanges(NamedTuple):
    """What the log says happened.

    Attributes:
        checkpoint: when it was asked, by Okta's clock.
        users: identifiers of users who were deleted.
        groups: identifiers of groups that were deleted.
        sign_ins: source_id and last_sign_in of those who signed in.
    """

    checkpoint: str
    users: set[str]
    groups: set[str]
    sign_ins: pd.DataFrame


def iso(at: datetime) -> str:
    """Return a moment the way Okta's filters and events state it, to the millisecond."""
    return f"{stamp(at).removesuffix('Z')}.000Z"


def read_log_time(client: Client) -> str | None:
    """Ask the log for next to nothing, and return the moment by Okta's clock; None where it states none.

    Raises:
        Forbidden: the credential may not read the log.
    """
    at = answered_at(client.get(LOG, {"limit": 1}))
    return stamp(at) if at else None


def read_log(client: Client, start: datetime) -> LogChanges:
    """Read from the log who signed in, and who and what was deleted.

    Args:
        client: the org.
        start: since when.

    Raises:
        FeedLost: the log does not reach back that far.
    """
    first = client.get(LOG, {"since": iso(start), "filter": FILTER, "limit": PAGE})
    at = answered_at(first)
    if at is None or at - start > KEPT:
        raise FeedLost(f"Okta's system log may not reach back to {stamp(start)}: it keeps {KEPT.days} days")
    users, groups, latest = set[str](), set[str](), dict[str, str]()
    for event, reply in _events(client, first, iso(at)):
        kind = text_in(event, "eventType", reply)
        if kind == SIGN_IN:
            user = text_in(object_in(event, "actor", reply), "id", reply)
            latest[user] = max(latest.get(user, ""), text_in(event, "published", reply))
        elif kind == USER_DELETED:
            users |= _targets(event, "User", reply)
        else:
            groups |= _targets(event, "UserGroup", reply)
    return LogChanges(stamp(at), users, groups, _sign_ins(latest))


def _events(client: Client, first: Reply, now: str) -> Iterator[tuple[Row, Reply]]:
    pages = follow_cursor(lambda link: client.get(link) if link else first, partial(_next_page, now))
    for page in pages:
        for event in rows_of(page):
            yield event, page


def _next_page(now: str, page: Reply) -> str | None:
    """Return the page to read next; what is younger than the reading is for the next delta."""
    times = [text_in(event, "published", page) for event in rows_of(page)]
    return next_link(page) if times and max(times) <= now else None


def _targets(event: Row, kind: str, reply: Reply) -> set[str]:
    targets = rows_in(event, "target", reply) if event.get("target") else []
    return {text_in(target, "id", reply) for target in targets if target.get("type") == kind}


def _sign_ins(latest: dict[str, str]) -> pd.DataFrame:
    at = iso_times(pd.Series(list(latest.values()), dtype="str"))
    sign_ins = {"source_id": pd.Series(list(latest), dtype="str"), "last_sign_in": at}
    return pd.DataFrame(sign_ins).astype({"last_sign_in": pd.DatetimeTZDtype("us", "UTC")})
