"""The provisioning directory: users and groups in pages, and a few users by identifier or name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sinks.kit.numbered_pages import Listings, Page, Row
from transport.client import Client
from transport.errors import NotFound

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ATLASSIAN = "urn:scim:schemas:extension:atlassian-external:1.0"
HEADERS = {"Accept": "application/scim+json, application/json"}
PAGE = 100


class ScimDirectory:
    """One directory.

    Args:
        client: requests go through it.
        directory: identifier of the directory.
        page_size: users and groups a page; the service may give fewer.
    """

    def __init__(self, client: Client, directory: str, page_size: int = PAGE) -> None:
        self._client, self._page_size = client, page_size
        self.home = f"scim/directory/{directory}"

    def get(self, path: str, **params: Any) -> Any:
        """The body of one answer."""
        return self._client.get(f"{self.home}/{path}", params or None, HEADERS).json()

    def pages(self, what: str) -> Iterator[list[Row]]:
        """Pages of all `Users` or `Groups`, side by side once the first one told how many there are."""
        for _, rows in Listings[str](self._client, self._page).pages([what]):
            yield rows

    def total(self, what: str) -> int:
        """How many `Users` or `Groups` there are."""
        return int(self.get(what, startIndex="1", count="1")["totalResults"])

    def users(self, scim_ids: Sequence[str]) -> list[Row]:
        """Users by identifier; those that are not there are left out."""
        found = self._client.in_parallel(partial(self._user, key) for key in scim_ids)
        return [row for row in found if row is not None]

    def named(self, user_name: str) -> Row | None:
        """The user of a name; a filter takes no more than one comparison, of the name or the IdP's id."""
        rows = self.get("Users", filter=f'userName eq "{_escaped(user_name)}"')["Resources"]
        return rows[0] if len(rows) == 1 else None

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear."""
        calls = (partial(self.get, "Groups", filter=f'displayName eq "{_escaped(name)}"') for name in names)
        pages = self._client.in_parallel(calls)
        return [row["displayName"] for body in pages for row in body.get("Resources") or ()]

    def group(self, scim_id: str) -> Row:
        """A group with its members."""
        found: Row = self.get(f"Groups/{scim_id}")
        return found

    def _user(self, scim_id: str) -> Row | None:
        try:
            found: Row = self.get(f"Users/{scim_id}")
        except NotFound:
            return None
        return found

    def _page(self, what: str, start: int) -> Page:
        body = self.get(what, startIndex=str(start + 1), count=str(self._page_size))
        rows, total = body.get("Resources") or [], int(body["totalResults"])
        return Page(rows, total, start + len(rows) >= total)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
