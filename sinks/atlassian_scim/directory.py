"""The provisioning directory: users and groups in pages, and a few users by identifier or name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sinks.atlassian_scim.options import PAGE
from sinks.kit.required import require_texts, rows_within, texts_of
from transport.client import Client
from transport.errors import NotFound
from transport.pages import Listings, Page
from transport.reply import Reply
from transport.shape import Row, number_in, object_of, rows_in, text_in

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ATLASSIAN = "urn:scim:schemas:extension:atlassian-external:1.0"
HEADERS = {"Accept": "application/scim+json, application/json"}


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

    def get(self, path: str, **params: Any) -> Reply:
        """Read one answer."""
        return self._client.get(f"{self.home}/{path}", params or None, HEADERS)

    def users(self) -> Iterator[list[Row]]:
        """Read pages of all users, side by side once the first one told how many there are."""
        return self._pages("Users")

    def groups(self) -> Iterator[list[Row]]:
        """Read pages of all groups with their members."""
        return self._pages("Groups")

    def total(self, what: str) -> int:
        """Return how many `Users` or `Groups` there are."""
        reply = self.get(what, startIndex="1", count="1")
        return number_in(object_of(reply), "totalResults", reply)

    def some_users(self, scim_ids: Sequence[str]) -> list[Row]:
        """Read users by identifier; those that are not there are left out."""
        users = self._client.in_parallel(partial(self._user, key) for key in scim_ids)
        return [row for row in users if row is not None]

    def find(self, user_name: str) -> Row | None:
        """Find the user of a name; a filter takes one comparison alone, of the name or the IdP's id."""
        reply = self.get("Users", filter=f'userName eq "{_escaped(user_name)}"')
        rows = _resources(reply)
        return _checked_user(rows[0], reply) if len(rows) == 1 else None

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear."""
        calls = (partial(self.get, "Groups", filter=f'displayName eq "{_escaped(name)}"') for name in names)
        replies = self._client.in_parallel(calls)
        return [name for reply in replies for name in texts_of(_resources(reply), "displayName", reply)]

    def members(self, scim_id: str) -> list[str]:
        """Read the members of a group; where the attribute is not shown even here, there are none."""
        reply = self.get(f"Groups/{scim_id}")
        return texts_of(rows_within([object_of(reply)], "members", reply), "value", reply)

    def _user(self, scim_id: str) -> Row | None:
        try:
            reply = self.get(f"Users/{scim_id}")
        except NotFound:
            return None
        return _checked_user(object_of(reply), reply)

    def _pages(self, what: str) -> Iterator[list[Row]]:
        for _, rows in Listings[str](self._client, self._page).pages([what]):
            yield rows

    def _page(self, what: str, start: int) -> Page:
        reply = self.get(what, startIndex=str(start + 1), count=str(self._page_size))
        rows, total = _resources(reply), number_in(object_of(reply), "totalResults", reply)
        require_texts(rows, ("id",), reply)
        if what == "Groups":
            require_texts(rows, ("displayName",), reply)
            require_texts(rows_within(rows, "members", reply), ("value",), reply)
        return Page(rows, total, start + len(rows) >= total, reply)


def record_of(reply: Reply) -> Row:
    """Return the record that the answer to a write shows; it need not show any."""
    return object_of(reply) if reply.content else {}


def _resources(reply: Reply) -> list[Row]:
    """Return the rows of an answer; one without rows may leave the list out."""
    body = object_of(reply)
    return [] if body.get("Resources") is None else rows_in(body, "Resources", reply)


def _checked_user(user: Row, reply: Reply) -> Row:
    text_in(user, "id", reply)
    require_texts(rows_within([user], "groups", reply), ("value",), reply)
    return user


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
