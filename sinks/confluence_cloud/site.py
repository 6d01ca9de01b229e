"""Listings of one Confluence Cloud site: who may use it, groups, members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from sinks.kit.numbered_pages import Listings, Page, Row
from transport.client import Client
from transport.errors import NotFound
from transport.pages import follow_cursor
from transport.reply import Reply

API = "wiki/rest/api"
PAGE, IDS_A_LOOK = 200, 100


class Group(NamedTuple):
    """A group of the site; `opens` when its members may use Confluence."""

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: bool


class ConfluenceSite:
    """One site.

    Args:
        client: requests go through it.
        page_size: rows a page, at most 200.
    """

    def __init__(self, client: Client, page_size: int = PAGE) -> None:
        self._client, self._page_size = client, page_size

    def get(self, path: str, **params: Any) -> Any:
        """The body of one answer."""
        return self._client.get(f"{API}/{path}", params or None).json()

    def users(self) -> Iterator[list[Row]]:
        """Pages of everyone who may use Confluence, guests too."""
        query = {"cql": "type=user", "sitePermissionTypeFilter": "all"}
        for rows in self._pages("search/user", query):
            yield [row["user"] for row in rows]

    def groups(self) -> list[Group]:
        """All groups, told apart by what they give."""
        given = {access: self._with_access(access) for access in ("user", "admin", "site-admin")}
        return [
            Group(
                row["id"],
                row["name"],
                row.get("managedBy") != "EXTERNAL",
                row["id"] in given["admin"] | given["site-admin"],
                row["id"] in given["user"] | given["admin"],
            )
            for rows in self._pages("group", {})
            for row in rows
        ]

    def group_names(self) -> list[str]:
        """Names of all groups."""
        return [row["name"] for rows in self._pages("group", {}) for row in rows]

    def members(self, groups: Sequence[Group]) -> Iterator[tuple[Group, list[Row]]]:
        """Pages of the members of each group; Confluence leaves the suspended out without a word."""
        return Listings[Group](self._client, self._members).pages(groups)

    def some_users(self, account_ids: Sequence[str]) -> list[Row]:
        """Users by identifier, each with all its groups under `groups`."""
        parts = [list(account_ids[at : at + IDS_A_LOOK]) for at in range(0, len(account_ids), IDS_A_LOOK)]
        rows = [row for part in parts for row in self.get("user/bulk", accountId=part)["results"]]
        calls = (partial(self._groups_of, row["accountId"]) for row in rows)
        held = self._client.in_parallel(calls)
        return [{**row, "groups": groups} for row, groups in zip(rows, held, strict=True)]

    def _groups_of(self, account_id: str) -> list[Row]:
        try:
            return [row for rows in self._pages("user/memberof", {"accountId": account_id}) for row in rows]
        except NotFound:
            return []

    def _with_access(self, access: str) -> set[str]:
        return {row["id"] for rows in self._pages("group", {"accessType": access}) for row in rows}

    def _members(self, group: Group, start: int) -> Page:
        body = self.get(
            f"group/{group.group_id}/membersByGroupId",
            start=str(start),
            limit=str(self._page_size),
            shouldReturnTotalSize="true",
        )
        return Page(body["results"], body["totalSize"], not _next(body))

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[list[Row]]:
        """Pages that name the next one by a path below the site's own."""

        def fetch(link: str | None) -> Reply:
            if link is not None:
                return self._client.get(f"wiki{link}")
            return self._client.get(f"{API}/{path}", {**query, "limit": str(self._page_size)})

        for reply in follow_cursor(fetch, lambda reply: _next(reply.json())):
            yield reply.json()["results"]


def _next(body: Row) -> str | None:
    link = (body.get("_links") or {}).get("next")
    return str(link).removeprefix("/wiki") if link else None
