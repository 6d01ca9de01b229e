"""What Okta's system log tells of changes that its listings do not: sign-ins and deletions.

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
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.intake import iso_times
from sources.kit.feed import FeedLost
from sources.kit.server_clock import stamp, told_at
from transport.client import Client
from transport.pages import follow_cursor, next_link
from transport.reply import Reply

LOG = "/api/v1/logs"
KEPT = timedelta(days=90)
PAGE = 1000
SIGN_IN, USER_DELETED = "user.session.start", "user.lifecycle.delete.completed"
GROUPS_DELETED = ("group.lifecycle.delete", "system.import.group.delete")
TOLD = " or ".join(f'eventType eq "{kind}"' for kind in (SIGN_IN, USER_DELETED, *GROUPS_DELETED))
FILTER = f'({TOLD}) and outcome.result eq "SUCCESS"'
"""A refused sign-in is an event of the same type, so only what succeeded is asked for."""


class Happened(NamedTuple):
    """What the log told.

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


def instant(at: datetime) -> str:
    """A moment the way Okta's filters and events state it, to the millisecond."""
    return f"{stamp(at).removesuffix('Z')}.000Z"


def asked_at(client: Client) -> str | None:
    """Ask the log for next to nothing, and return the moment by Okta's clock; None where it tells no time.

    Raises:
        Forbidden: the credential may not read the log.
    """
    at = told_at(client.get(LOG, {"limit": 1}))
    return stamp(at) if at else None


def happened(client: Client, start: datetime) -> Happened:
    """Read from the log who signed in, and who and what was deleted.

    Args:
        client: the org.
        start: since when.

    Raises:
        FeedLost: the log does not reach back that far.
    """
    first = client.get(LOG, {"since": instant(start), "filter": FILTER, "limit": PAGE})
    at = told_at(first)
    if at is None or at - start > KEPT:
        raise FeedLost(f"Okta's system log may not reach back to {stamp(start)}: it keeps {KEPT.days} days")
    users, groups, latest = set[str](), set[str](), dict[str, str]()
    for event in _events(client, first, instant(at)):
        kind = event["eventType"]
        if kind == SIGN_IN:
            who = event["actor"]["id"]
            latest[who] = max(latest.get(who, ""), event["published"])
        elif kind == USER_DELETED:
            users |= _targets(event, "User")
        else:
            groups |= _targets(event, "UserGroup")
    return Happened(stamp(at), users, groups, _sign_ins(latest))


def _events(client: Client, first: Reply, now: str) -> Iterator[dict[str, Any]]:
    pages = follow_cursor(lambda link: client.get(link) if link else first, partial(_after, now))
    for page in pages:
        yield from page.json()


def _after(now: str, page: Reply) -> str | None:
    """The page to read next; what is younger than the reading is for the next delta."""
    times = [event["published"] for event in page.json()]
    return next_link(page) if times and max(times) <= now else None


def _targets(event: dict[str, Any], sort: str) -> set[str]:
    return {target["id"] for target in event.get("target") or () if target["type"] == sort}


def _sign_ins(latest: dict[str, str]) -> pd.DataFrame:
    at = iso_times(pd.Series(list(latest.values()), dtype="str"))
    told = {"source_id": pd.Series(list(latest), dtype="str"), "last_sign_in": at}
    return pd.DataFrame(told).astype({"last_sign_in": pd.DatetimeTZDtype("us", "UTC")})
