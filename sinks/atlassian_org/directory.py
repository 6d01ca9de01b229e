"""Listings of an Atlassian organisation: users, groups and what they open, products, managed accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from sinks.atlassian_org.data import ADMIN_ROLES, FREE_ROLES, NO_ACCESS_ROLES, PLATFORM, Resource, resource_of
from transport.client import Client
from transport.errors import NotFound
from transport.pages import follow_cursor
from transport.prefetch import prefetch
from transport.reply import Reply

Row = dict[str, Any]
PAGE = 100
IDS_A_LOOK, EMAILS_A_LOOK, NAMES_A_LOOK = 10, 100, 100
EXPAND = ["productAccess", "groups", "platformRoles", "counts.resources"]


class Opening(NamedTuple):
    """One product on one site that a group opens."""

    resource: Resource
    billable: bool
    admin: bool
    default: bool


class Group(NamedTuple):
    """A group of the directory; `admin` when it gives rights over a site or the organisation."""

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: tuple[Opening, ...]


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
        """The directories the key may see."""
        found: list[Row] = self._client.get(f"/admin/v2/orgs/{self._org}/directories").json()["data"]
        return found

    def users(self) -> Iterator[list[Row]]:
        """Pages of all users; the next page travels while the present one is worked on."""
        return prefetch(self._pages("users/search", {"limit": self._page_size, "expand": EXPAND}))

    def some_users(self, account_ids: Sequence[str], emails: Sequence[str]) -> Iterator[list[Row]]:
        """Pages of a few users, named by identifier or by e-mail address."""
        wanted = _parts("accountIds", account_ids, IDS_A_LOOK) + _parts("emails", emails, EMAILS_A_LOOK)
        for query in wanted:
            yield from self._pages("users/search", {**query, "limit": PAGE, "expand": EXPAND})

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear."""
        wanted = _parts("groupNames", names, NAMES_A_LOOK)
        pages = (page for query in wanted for page in self._pages("groups/search", {**query, "limit": PAGE}))
        return [row["name"] for page in pages for row in page]

    def glance(self, what: str, **query: Any) -> list[Row]:
        """One row of `users` or `groups`, to see whether they can be read."""
        found: list[Row] = self._client.search(f"{self.home}/{what}/search", {"limit": 1, **query}).json()[
            "data"
        ]
        return found

    def groups(self) -> list[Group]:
        """All groups with what they open, asked of those alone that open anything."""
        query = {"limit": self._page_size, "expand": ["counts.resources"]}
        rows = {row["id"]: row for page in self._pages("groups/search", query) for row in page}
        return list(self._client.in_parallel(partial(self._group, row) for row in rows.values()))

    def workspaces(self) -> list[Workspace]:
        """The products of all sites."""
        path = f"/admin/v2/orgs/{self._org}/workspaces"
        first: Row = {"limit": self._page_size}
        pages = self._follow(
            lambda cursor: self._client.search(path, {"cursor": cursor} if cursor else first)
        )
        return [_workspace(row) for page in pages for row in page]

    def managed(self) -> dict[str, Row] | None:
        """Managed accounts by identifier; None where the organisation has no such listing any more."""
        path = f"/admin/v1/orgs/{self._org}/users"
        pages = self._follow(lambda cursor: self._client.get(path, {"cursor": cursor} if cursor else None))
        try:
            return {row["account_id"]: row for page in pages for row in page}
        except NotFound:
            return None

    def _group(self, row: Row) -> Group:
        access = row.get("managementAccess") or {}
        kept_elsewhere = row.get("externalSynced") is True or row.get("managedBy") == "external"
        roles = [] if (row.get("counts") or {}).get("resources") == 0 else self._roles(row["id"])
        opens = tuple(opening for role in roles if (opening := _opening(role)))
        admin = any(ADMIN_ROLES & NO_ACCESS_ROLES & set(role.get("roles") or ()) for role in roles)
        modifiable = access.get("modifiable") is not False and not kept_elsewhere
        return Group(row["id"], row["name"], modifiable, admin, opens)

    def _roles(self, group_id: str) -> list[Row]:
        path = f"{self.home}/groups/{quote(group_id)}/role-assignments"
        query = {"limit": PAGE}
        pages = self._follow(
            lambda cursor: self._client.get(path, {**query, "cursor": cursor} if cursor else query)
        )
        return [row for page in pages for row in page]

    def _pages(self, path: str, query: Row) -> Iterator[list[Row]]:
        return self._follow(
            lambda cursor: self._client.search(
                f"{self.home}/{path}", {**query, "cursor": cursor} if cursor else query
            )
        )

    def _follow(self, fetch: Callable[[str | None], Reply]) -> Iterator[list[Row]]:
        for reply in follow_cursor(fetch, _next):
            yield reply.json()["data"]


def _parts(name: str, values: Sequence[str], size: int) -> list[Row]:
    return [{name: list(values[start : start + size])} for start in range(0, len(values), size)]


def _next(reply: Reply) -> str | None:
    """The cursor of the next page: a bare token, or inside an address."""
    link: str | None = (reply.json().get("links") or {}).get("next")
    if link and link.startswith("http"):
        return parse_qs(urlsplit(link).query)["cursor"][0]
    return link or None


def _opening(role: Mapping[str, Any]) -> Opening | None:
    """What one role assignment of a group opens; None where that is no product."""
    resource = resource_of(role["resourceId"], role.get("resourceOwner"))
    access = set(role.get("roles") or ()) - NO_ACCESS_ROLES
    if resource.product == PLATFORM or not access:
        return None
    billable = bool(access - FREE_ROLES)
    return Opening(resource, billable, bool(access & ADMIN_ROLES), role.get("defaultRole") is not None)


def _workspace(row: Row) -> Workspace:
    attributes = row["attributes"]
    key = attributes.get("typeKey") or attributes.get("type") or row.get("type")
    host = urlsplit(attributes.get("hostUrl") or "").hostname or ""
    site = host.removesuffix(".atlassian.net") or attributes["name"]
    return Workspace(row["id"], resource_of(row["id"], key), site, attributes.get("capacity"))
