"""Listings of one Confluence Cloud site: who may use it, groups, members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from sinks.confluence_cloud.options import PAGE
from sinks.kit.group_listings import GroupListings
from sinks.kit.required import require_texts
from transport.client import Client
from transport.errors import NotFound
from transport.pages import Page, follow_cursor
from transport.reply import Reply
from transport.shape import Row, number_in, object_in, object_of, rows_in, rows_of, text_in

API = "wiki/rest/api"
IDS_A_REQUEST = 100


class Group(NamedTuple):
    """A group of the site; `opens` when its members may use Confluence."""

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: bool
    unread: bool = False


class ConfluenceSite:
    """One site.

    Args:
        client: requests go through it.
        page_size: rows a page, at most 200.
    """

    def __init__(self, client: Client, page_size: int = PAGE) -> None:
        self._client, self._page_size = client, page_size

    def get(self, path: str, **params: Any) -> Reply:
        """Read one answer."""
        return self._client.get(f"{API}/{path}", params or None)

    def caller(self) -> str:
        """Return the account whose token it is."""
        reply = self.get("user/current")
        return text_in(object_of(reply), "accountId", reply)

    def users(self) -> Iterator[list[Row]]:
        """Read pages of everyone who may use Confluence, guests too."""
        query = {"cql": "type=user", "sitePermissionTypeFilter": "all"}
        for reply in self._pages("search/user", query):
            users = [object_in(row, "user", reply) for row in rows_of(reply, "results")]
            yield require_texts(users, ("accountId",), reply)

    def groups(self) -> list[Group]:
        """Read all groups, told apart by what they give."""
        queries = [{}, *({"accessType": access} for access in ("user", "admin", "site-admin"))]
        calls = (partial(self._read_groups, query) for query in queries)
        listed, *by_access = self._client.in_parallel(calls)
        users, admins, site_admins = ({row["id"] for row in rows} for rows in by_access)
        return [
            Group(
                row["id"],
                row["name"],
                row.get("managedBy") != "EXTERNAL",
                row["id"] in admins | site_admins,
                row["id"] in users | admins,
            )
            for row in listed
        ]

    def group_names(self) -> list[str]:
        """Read the names of all groups."""
        return [row["name"] for row in self._group_rows("group", {})]

    def members(self, groups: Sequence[Group]) -> GroupListings[Group]:
        """Read pages of the members of each group; Confluence leaves the suspended out without a word."""
        return GroupListings(self._client, self._members, groups)

    def some_users(self, account_ids: Sequence[str]) -> list[Row]:
        """Read users by identifier, each with all its groups under `groups`."""
        starts = range(0, len(account_ids), IDS_A_REQUEST)
        parts = [list(account_ids[start : start + IDS_A_REQUEST]) for start in starts]
        found = self._client.in_parallel(partial(self._users, part) for part in parts)
        users = [row for rows in found for row in rows]
        calls = (partial(self._groups_of, row["accountId"]) for row in users)
        groups = self._client.in_parallel(calls)
        return [{**row, "groups": some} for row, some in zip(users, groups, strict=True)]

    def _users(self, account_ids: list[str]) -> list[Row]:
        reply = self.get("user/bulk", accountId=account_ids)
        return require_texts(rows_of(reply, "results"), ("accountId",), reply)

    def _groups_of(self, account_id: str) -> list[Row]:
        try:
            return list(self._group_rows("user/memberof", {"accountId": account_id}))
        except NotFound:
            return []

    def _read_groups(self, query: dict[str, str]) -> list[Row]:
        return list(self._group_rows("group", query))

    def _group_rows(self, path: str, query: dict[str, str]) -> Iterator[Row]:
        for reply in self._pages(path, query):
            yield from require_texts(rows_of(reply, "results"), ("id", "name"), reply)

    def _members(self, group: Group, start: int) -> Page:
        reply = self.get(
            f"group/{group.group_id}/membersByGroupId",
            start=str(start),
            limit=str(self._page_size),
            shouldReturnTotalSize="true",
        )
        body = object_of(reply)
        rows = require_texts(rows_in(body, "results", reply), ("accountId",), reply)
        return Page(rows, number_in(body, "totalSize", reply), not _next(reply), reply)

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[Reply]:
        """Read pages that name the next one by a path below the site's own."""

        def fetch(link: str | None) -> Reply:
            if link is not None:
                return self._client.get(f"wiki{link}")
            return self._client.get(f"{API}/{path}", {**query, "limit": str(self._page_size)})

        return follow_cursor(fetch, _next)


def _next(reply: Reply) -> str | None:
    body = object_of(reply)
    links = object_in(body, "_links", reply) if body.get("_links") is not None else {}
    if not links.get("next"):
        return None
    return text_in(links, "next", reply).removeprefix("/wiki")
