"""Listings of one Jira Cloud site: users, groups and who manages them, members, application roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from sinks.kit.numbered_pages import Listings, Page, Row
from transport.client import Client
from transport.errors import Conflict, NotFound, TransportError
from transport.pages import follow_cursor
from transport.reply import Reply

API = "rest/api/3"
USERS_A_PAGE, MEMBERS_A_PAGE = 1000, 50
_SLOW = "Set a smaller page_size in the connection: the site needs more than 10 seconds for a page."


class Group(NamedTuple):
    """A group of the site; `opens` are the application roles it gives, `default_of` those for newcomers."""

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: tuple[str, ...]
    default_of: tuple[str, ...]


class Role(NamedTuple):
    """An application role: a product, its seats (None when unlimited) and how many are taken."""

    key: str
    seats: int | None
    used: int
    groups: frozenset[str]
    defaults: frozenset[str]


class JiraSite:
    """One site.

    Args:
        client: requests go through it.
        page_size: users a page; members come at most 50 a page.
    """

    def __init__(self, client: Client, page_size: int = USERS_A_PAGE) -> None:
        self._client = client
        self._page_size = page_size
        self._rows = min(page_size, MEMBERS_A_PAGE)

    def get(self, path: str, **params: Any) -> Any:
        """The body of one answer."""
        return self._client.get(f"{API}/{path}", params or None).json()

    def users(self) -> Iterator[list[Row]]:
        """Pages of all users, the inactive too; only an empty page is the end.

        A page may be short because the site leaves some out, so the next one starts where this one's rows
        end: a user may come twice, and none is passed over.
        """
        start = 0

        def fetch(token: str | None) -> Reply:
            params = {"startAt": token or "0", "maxResults": str(self._page_size)}
            return self._client.get(f"{API}/users/search", params)

        def next_of(reply: Reply) -> str | None:
            nonlocal start
            start += len(reply.json())
            return str(start) if reply.json() else None

        try:
            for reply in follow_cursor(fetch, next_of):
                yield reply.json()
        except Conflict as error:
            error.remedy = _SLOW
            raise

    def groups(self, roles: Sequence[Role]) -> list[Group]:
        """All groups."""
        admins = {row["groupId"] for access in ("admin", "site-admin") for row in self._groups(access)}
        kept_elsewhere = self._kept_elsewhere()
        return [
            Group(
                row["groupId"],
                row["name"],
                row["groupId"] not in kept_elsewhere,
                row["groupId"] in admins,
                tuple(role.key for role in roles if row["groupId"] in role.groups),
                tuple(role.key for role in roles if row["groupId"] in role.defaults),
            )
            for row in self._groups(None)
        ]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear."""
        calls = (partial(self.get, "group/bulk", groupName=name) for name in names)
        return [row["name"] for body in self._client.in_parallel(calls) for row in body["values"]]

    def members(self, groups: Sequence[Group]) -> dict[str, list[str]]:
        """Account ids of the members of each group, the inactive too, by group id."""
        found: dict[str, list[str]] = {group.group_id: [] for group in groups}
        listings = Listings[Group](self._client, self._members)
        for group, rows in listings.pages(groups):
            found[group.group_id] += [row["accountId"] for row in rows]
        return found

    def roles(self) -> list[Role]:
        """The application roles of the site."""
        return [_role(row) for row in self.get("applicationrole")]

    def some_users(self, account_ids: Sequence[str]) -> list[Row]:
        """Users by identifier, each with all its groups; those the site does not know are left out."""
        found = self._client.in_parallel(partial(self._user, key) for key in account_ids)
        return [row for row in found if row is not None]

    def opened_to(self, account_ids: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
        """The products of some users, by groups or without, each with the user; one request a user."""
        return self._client.in_parallel(partial(self._opened_to, key) for key in account_ids)

    def _opened_to(self, account_id: str) -> tuple[str, set[str]]:
        try:
            row: Row = self.get("user", accountId=account_id, expand="applicationRoles")
        except NotFound:
            return account_id, set()
        return account_id, {role["key"] for role in row["applicationRoles"]["items"]}

    def find(self, email: str) -> str | None:
        """The account with an address, as the search for active users knows it.

        An address that the site hides is found nevertheless, where it is the only answer.
        """
        rows = self.get("user/search", query=email, maxResults="50")
        same = [row for row in rows if (row.get("emailAddress") or "").casefold() == email.casefold()]
        hidden = [row for row in rows if not row.get("emailAddress")]
        fitting = same or (hidden if len(rows) == 1 else [])
        return str(fitting[0]["accountId"]) if len(fitting) == 1 else None

    def _user(self, account_id: str) -> Row | None:
        try:
            row: Row = self.get("user", accountId=account_id, expand="groups")
        except NotFound:
            return None
        held = row["groups"]
        row["groups"] = held["items"]
        if held["size"] > len(held["items"]):
            row["groups"] = self.get("user/groups", accountId=account_id)
        return row

    def _groups(self, access: str | None) -> list[Row]:
        listings = Listings[str | None](self._client, self._group_page)
        return list({row["groupId"]: row for _, rows in listings.pages([access]) for row in rows}.values())

    def _group_page(self, access: str | None, start: int) -> Page:
        more = {"accessType": access} if access else {}
        return self._page("group/bulk", start, **more)

    def _members(self, group: Group, start: int) -> Page:
        return self._page("group/member", start, groupId=group.group_id, includeInactiveUsers="true")

    def _page(self, path: str, start: int, **params: str) -> Page:
        body = self.get(path, startAt=str(start), maxResults=str(self._rows), **params)
        return Page(body["values"], body["total"], body["isLast"])

    def _kept_elsewhere(self) -> set[str]:
        """Groups that a synced identity provider fills, as far as the picker tells; it is only a hint."""
        try:
            picked = self.get("groups/picker", query="", maxResults="1000")["groups"]
        except TransportError as error:
            if error.worth_retrying or error.status == 401:
                raise
            return set()
        return {row["groupId"] for row in picked if row.get("managedBy") == "EXTERNAL"}


def _role(row: Row) -> Role:
    seats = row.get("numberOfSeats")
    unlimited = row.get("hasUnlimitedSeats") or seats is None or seats < 0
    return Role(
        row["key"],
        None if unlimited else seats,
        row.get("userCount") or 0,
        frozenset(group["groupId"] for group in row.get("groupDetails") or ()),
        frozenset(group["groupId"] for group in row.get("defaultGroupsDetails") or ()),
    )
