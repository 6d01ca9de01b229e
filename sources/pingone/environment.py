"""PingOne's listings: rows in an envelope, the next page by its address, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict

import msgspec
import orjson

from transport.client import Client
from transport.pages import follow_cursor
from transport.reply import Decode, Reply
from transport.shape import Row, malformed, number_in, object_in, object_of, rows_in, values_of
from transport.tally import Tally


class _Member(TypedDict):
    id: Any
    memberOfGroupIDs: NotRequired[Any]


class _Members(TypedDict):
    users: list[_Member]


class _Page(TypedDict):
    _embedded: _Members
    _links: NotRequired[Any]
    count: NotRequired[Any]


decode_members: Decode = msgspec.json.Decoder(_Page).decode
"""Decodes of a page of users the groups each is in, for they come as whole users."""


class Environment:
    """One environment.

    Args:
        client: its API.
        page_size: rows a page to ask for; a page may hold fewer.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self.client, self._size = client, page_size

    def listed(
        self, what: str, params: Mapping[str, Any], decode: Decode = orjson.loads
    ) -> Iterator[list[Row]]:
        """Yield the pages of a listing, `users` or `groups`, each row with an identifier.

        Args:
            what: the listing.
            params: what is asked for besides.
            decode: makes values of a page; all of them unless it is told otherwise.

        Raises:
            Malformed: fewer rows came than there are, or a page is not of the listing.
            PageLoop: a page names one that was read before.
            ForeignHost: a page names one on another host.
            TransportError: a page failed; its number is in `page`.
        """
        query = {**params, "limit": self._size}

        def fetch(link: str | None) -> Reply:
            path, asked = (f"/{what}", query) if link is None else (link, None)
            return self.client.get(path, asked, decode=decode)

        tally: Tally | None = None
        for reply in follow_cursor(fetch, _next_link):
            body = object_of(reply)
            rows = rows_in(object_in(body, "_embedded", reply), what, reply)
            total = number_in(body, "count", reply) if "count" in body else None
            tally = tally or Tally(total or 0, reply.without_body(), shifts=False)
            tally.add(values_of(rows, "id", reply), total, reply)
            yield rows
        if tally:
            tally.settle(tally.least)

    def first(self, what: str) -> list[Row]:
        """Return the first row of a listing, or none."""
        reply = self.client.get(f"/{what}", {"limit": 1})
        return rows_in(object_in(object_of(reply), "_embedded", reply), what, reply)


def _next_link(reply: Reply) -> str | None:
    links = object_of(reply).get("_links")
    following = links.get("next") if isinstance(links, dict) else None
    if following is None:
        return None
    href = following.get("href") if isinstance(following, dict) else None
    if not isinstance(href, str):
        raise malformed("the link to the next page has no `href`", reply)
    return href
