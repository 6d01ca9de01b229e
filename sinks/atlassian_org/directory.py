"""Listings of an Atlassian organisation: users, groups and what they open, products, managed accounts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from sinks.atlassian_org.data import ADMIN_ROLES, FREE_ROLES, NO_ACCESS_ROLES, PLATFORM, Resource, resource_of
from sinks.atlassian_org.options import PAGE
from sinks.kit.required import require_texts, rows_within, texts_of
from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound
from transport.pages import follow_cursor
from transport.prefetch import prefetch
from transport.reply import Reply
from transport.shape import Row, malformed, number_in, object_in, object_of, rows_of, text_in

log = logging.getLogger(__name__)
IDS_A_REQUEST, EMAILS_A_REQUEST, NAMES_A_REQUEST = 10, 100, 100
AHEAD = 32
"""Pages of users fetched while the groups are still read, without which no user can be understood."""
EXPAND = ["productAccess", "groups", "platformRoles", "counts.resources"]


class OpenedProduct(NamedTuple):
    """One product on one site that a group opens."""

    resource: Resource
    billable: bool
    admin: bool
    default: bool


class Group(NamedTuple):
    """A group of the directory; `admin` when it gives rights over a site or the organisation.

    `unread` says that the organisation did not tell what it opens; `people` is None where nobody asked.
    """

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: tuple[OpenedProduct, ...]
    unread: bool = False
    people: int | None = None


class Workspace(NamedTuple):
    """One product on one site; `identifier` is what roles are assigned on."""

    identifier: str
    resource: Resource
    site: str
    capacity: int | None


class Directory:
    """One directory of an organisation, or all that the key may see (`-`).

    Args:
        client: requests go through it.
        org: identifier of the organisation.
        directory: identifier of the directory, or `-`.
        page_size: users and groups a page, at most 100.
    """

    def __init__(self, client: Client, org: str, directory: str, page_size: int = PAGE) -> None:
        self._client, self._org, self.directory, self._page_size = client, org, directory, page_size

    @property
    def home(self) -> str:
        """Path below which the directory's users and groups are."""
        return f"/admin/v2/orgs/{self._org}/directories/{self.directory}"

    def directories(self) -> list[Row]:
        """Read the directories the key may see."""
        reply = self._client.get(f"/admin/v2/orgs/{self._org}/directories")
        return require_texts(rows_of(reply, "data"), ("directoryId",), reply)

    def users(self) -> Iterator[list[Row]]:
        """Read pages of all users; the next pages travel while the present one is worked on."""
        pages = self._search("users", {"limit": self._page_size, "expand": EXPAND})
        return prefetch((_user_rows(reply) for reply in pages), AHEAD)

    def some_users(self, account_ids: Sequence[str], emails: Sequence[str]) -> Iterator[list[Row]]:
        """Read pages of a few users, named by identifier or by e-mail address, side by side."""
        parts = _parts("accountIds", account_ids, IDS_A_REQUEST)
        parts += _parts("emails", emails, EMAILS_A_REQUEST)
        return chain.from_iterable(self._client.in_parallel(partial(self._found, query) for query in parts))

    def _found(self, query: Row) -> list[list[Row]]:
        pages = self._search("users", {**query, "limit": PAGE, "expand": EXPAND})
        return [_user_rows(reply) for reply in pages]

    def users_in(self, group_ids: Sequence[str]) -> Iterator[list[Row]]:
        """Read pages of the users of a few groups, each user whole; who is in two may come twice."""
        parts = _parts("groupIds", group_ids, IDS_A_REQUEST)
        return chain.from_iterable(self._client.in_parallel(partial(self._found, query) for query in parts))

    def count_users(self, states: Sequence[str]) -> list[int]:
        """Ask how many users of the directory are in each of some states, side by side."""
        return list(self._client.in_parallel(partial(self._count, state) for state in states))

    def _count(self, state: str) -> int:
        query = {"directoryIds": self.directory, "status": state}
        reply = self._client.get(f"{self.home}/users/count", query)
        return number_in(object_of(reply), "count", reply)

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear."""
        parts = _parts("groupNames", names, NAMES_A_REQUEST)
        pages = (reply for query in parts for reply in self._search("groups", {**query, "limit": PAGE}))
        return [name for reply in pages for name in texts_of(rows_of(reply, "data"), "name", reply)]

    def read_one(self, what: str, **query: Any) -> list[Row]:
        """Read one row of `users` or `groups`, to see whether they can be read."""
        reply = self._client.search(f"{self.home}/{what}/search", {"limit": 1, **query})
        rows = rows_of(reply, "data")
        return require_texts(rows, ("accountId",), reply) if what == "users" else rows

    def groups(self, *, counted: bool = False) -> list[Group]:
        """Read all groups with what they open, asked of those alone that open anything.

        Args:
            counted: whether to ask how many people each has, too.
        """
        counts = ["counts.resources", "counts.users"] if counted else ["counts.resources"]
        query = {"limit": self._page_size, "expand": counts}
        rows: dict[str, Row] = {}
        for reply in self._search("groups", query):
            page = require_texts(rows_of(reply, "data"), ("id", "name"), reply)
            rows |= {row["id"]: row for row in page}
        return list(self._client.in_parallel(partial(self._group, row) for row in rows.values()))

    def groups_held(self, account_ids: Sequence[str], groups: Sequence[Group]) -> dict[str, list[Row]]:
        """Read the groups of accounts whose own row does not tell them, asked of the groups.

        Args:
            account_ids: the accounts.
            groups: all groups; where there are fewer of them than accounts, each is asked for its members.
        """
        if len(account_ids) <= len(groups):
            held = self._client.in_parallel(partial(self._groups_of, key) for key in account_ids)
            return dict(zip(account_ids, held, strict=True))
        wanted: dict[str, list[Row]] = {key: [] for key in account_ids}
        members = self._client.in_parallel(partial(self._members, group.group_id) for group in groups)
        for group, keys in zip(groups, members, strict=True):
            for key in wanted.keys() & set(keys):
                wanted[key].append({"id": group.group_id, "name": group.name})
        return wanted

    def _groups_of(self, account_id: str) -> list[Row]:
        pages = self._search("groups", {"accountIds": [account_id], "limit": PAGE})
        return [
            row for reply in pages for row in require_texts(rows_of(reply, "data"), ("id", "name"), reply)
        ]

    def _members(self, group_id: str) -> list[str]:
        pages = self._search("users", {"groupIds": [group_id], "limit": PAGE})
        return [key for reply in pages for key in texts_of(rows_of(reply, "data"), "accountId", reply)]

    def workspaces(self) -> list[Workspace]:
        """Read the products of all sites."""
        path = f"/admin/v2/orgs/{self._org}/workspaces"
        first: Row = {"limit": self._page_size}
        pages = follow_cursor(
            lambda cursor: self._client.search(path, {"cursor": cursor} if cursor else first), next_of
        )
        return [_workspace(row, reply) for reply in pages for row in rows_of(reply, "data")]

    def managed_page(self) -> list[Row]:
        """Read the first managed accounts, to see whether they can be read."""
        return rows_of(self._client.get(f"/admin/v1/orgs/{self._org}/users"), "data")

    def managed(self) -> dict[str, Row]:
        """Read managed accounts by identifier."""
        path = f"/admin/v1/orgs/{self._org}/users"
        pages = follow_cursor(
            lambda cursor: self._client.get(path, {"cursor": cursor} if cursor else None), next_of
        )
        accounts: dict[str, Row] = {}
        for reply in pages:
            page = require_texts(rows_of(reply, "data"), ("account_id",), reply)
            accounts |= {row["account_id"]: row for row in page}
        return accounts

    def _group(self, row: Row) -> Group:
        access, counts = row.get("managementAccess") or {}, row.get("counts") or {}
        people = counts["users"] if isinstance(counts.get("users"), int) else None
        synced = row.get("externalSynced") is True or row.get("managedBy") == "external"
        try:
            roles = [] if counts.get("resources") == 0 else self._roles(row["id"])
        except (BadRequest, Forbidden, NotFound) as error:
            # What it opens is unknown, so nobody is put in or taken out; everything else is read.
            log.warning("group %s: not read, for it was refused (%s)", row["name"], error.message)
            return Group(
                row["id"], row["name"], modifiable=False, admin=True, opens=(), unread=True, people=people
            )
        opens = tuple(opening for role in roles if (opening := _opening(role)))
        admin = any(ADMIN_ROLES & NO_ACCESS_ROLES & set(role.get("roles") or ()) for role in roles)
        modifiable = access.get("modifiable") is not False and not synced
        return Group(row["id"], row["name"], modifiable, admin, opens, people=people)

    def _roles(self, group_id: str) -> list[Row]:
        path = f"{self.home}/groups/{quote(group_id)}/role-assignments"
        query = {"limit": PAGE}
        pages = follow_cursor(
            lambda cursor: self._client.get(path, {**query, "cursor": cursor} if cursor else query),
            next_of,
        )
        replies = ((rows_of(reply, "data"), reply) for reply in pages)
        return [row for rows, reply in replies for row in require_texts(rows, ("resourceId",), reply)]

    def _search(self, what: str, query: Row) -> Iterator[Reply]:
        path = f"{self.home}/{what}/search"
        return follow_cursor(
            lambda cursor: self._client.search(path, {**query, "cursor": cursor} if cursor else query),
            next_of,
        )


def _parts(name: str, values: Sequence[str], size: int) -> list[Row]:
    return [{name: list(values[start : start + size])} for start in range(0, len(values), size)]


def _user_rows(reply: Reply) -> list[Row]:
    """Return the users of a page, whose groups and uses must each have an identifier."""
    rows = require_texts(rows_of(reply, "data"), ("accountId",), reply)
    for key in ("groups", "productAccess"):
        require_texts(rows_within(rows, key, reply), ("id",), reply)
    return rows


def next_of(reply: Reply) -> str | None:
    """Return the cursor of the next page: a bare token, or inside an address."""
    body = object_of(reply)
    links = object_in(body, "links", reply) if body.get("links") is not None else {}
    if not links.get("next"):
        return None
    link = text_in(links, "next", reply)
    if not link.startswith("http"):
        return link
    cursors = parse_qs(urlsplit(link).query).get("cursor")
    if not cursors:
        raise malformed("the address of the next page holds no cursor", reply)
    return cursors[0]


def _opening(role: Mapping[str, Any]) -> OpenedProduct | None:
    """Return what one role assignment of a group opens; None where that is no product."""
    resource = resource_of(role["resourceId"], role.get("resourceOwner"))
    access = set(role.get("roles") or ()) - NO_ACCESS_ROLES
    if resource.product == PLATFORM or not access:
        return None
    billable = bool(access - FREE_ROLES)
    return OpenedProduct(resource, billable, bool(access & ADMIN_ROLES), role.get("defaultRole") is not None)


def _workspace(row: Row, reply: Reply) -> Workspace:
    attributes, identifier = object_in(row, "attributes", reply), text_in(row, "id", reply)
    key = attributes.get("typeKey") or attributes.get("type") or row.get("type")
    host = urlsplit(attributes.get("hostUrl") or "").hostname or ""
    site = host.removesuffix(".atlassian.net") or text_in(attributes, "name", reply)
    capacity = number_in(attributes, "capacity", reply) if attributes.get("capacity") is not None else None
    return Workspace(identifier, resource_of(identifier, key), site, capacity)
