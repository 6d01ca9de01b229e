"""Listings of one Jira Cloud site: users, groups and who manages them, members, application roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from provisioning.model.text import fold
from sinks.jira_cloud.options import USERS_A_PAGE
from sinks.kit.group_listings import GroupListings
from sinks.kit.required import require_texts, texts_of
from transport.client import Client
from transport.errors import Conflict, NotFound, TransportError
from transport.pages import Listings, Page, follow_until_empty
from transport.parallel import beside
from transport.reply import Reply
from transport.shape import Row, malformed, number_in, object_in, object_of, rows_in, rows_of, text_in

API = "rest/api/3"
MEMBERS_A_PAGE = 50
_SLOW = "Set a smaller page_size in the connection: the site needs more than 10 seconds for a page."


class Group(NamedTuple):
    """A group of the site; `opens` are its application roles, `default_of` those it brings newcomers."""

    group_id: str
    name: str
    modifiable: bool
    admin: bool
    opens: tuple[str, ...]
    default_of: tuple[str, ...]
    unread: bool = False


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

    def get(self, path: str, **params: Any) -> Reply:
        """Read one answer."""
        return self._client.get(f"{API}/{path}", params or None)

    def users(self) -> Iterator[list[Row]]:
        """Read pages of all users, the inactive too; only an empty page is the end.

        A page may be short because the site leaves some out, so the next one starts where this one's rows
        end: a user may come twice, and none is passed over.
        """
        size = str(self._page_size)
        try:
            yield from follow_until_empty(
                lambda start: self.get("users/search", startAt=str(start), maxResults=size), _user_rows
            )
        except Conflict as error:
            error.remedy = _SLOW
            raise

    def groups(self, roles: Sequence[Role]) -> list[Group]:
        """Read all groups."""
        listings: tuple[str | None, ...] = (None, "admin", "site-admin")
        with beside() as begin:
            picked = begin(self._synced_groups)
            listed, *managing = self._client.in_parallel(partial(self._groups, one) for one in listings)
            synced = picked.result()
        admins = {row["groupId"] for rows in managing for row in rows}
        return [
            Group(
                row["groupId"],
                row["name"],
                row["groupId"] not in synced,
                row["groupId"] in admins,
                tuple(role.key for role in roles if row["groupId"] in role.groups),
                tuple(role.key for role in roles if row["groupId"] in role.defaults),
            )
            for row in listed
        ]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear."""
        calls = (partial(self.get, "group/bulk", groupName=name) for name in names)
        replies = self._client.in_parallel(calls)
        return [name for reply in replies for name in texts_of(rows_of(reply, "values"), "name", reply)]

    def members(self, groups: Sequence[Group]) -> GroupListings[Group]:
        """Read pages of the members of each group, the inactive too."""
        return GroupListings(self._client, self._members, groups)

    def roles(self) -> list[Role]:
        """Read the application roles of the site."""
        reply = self.get("applicationrole")
        return [_role(row, reply) for row in rows_of(reply)]

    def some_users(self, account_ids: Sequence[str]) -> list[Row]:
        """Read users by identifier, each with all its groups; those the site does not know are left out."""
        users = self._client.in_parallel(partial(self._user, key) for key in account_ids)
        return [row for row in users if row is not None]

    def opened_to(self, account_ids: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
        """Read the products of some users, by groups or without, each with the user; one request a user."""
        return self._client.in_parallel(partial(self._opened_to, key) for key in account_ids)

    def _opened_to(self, account_id: str) -> tuple[str, set[str]]:
        try:
            reply = self.get("user", accountId=account_id, expand="applicationRoles")
        except NotFound:
            return account_id, set()
        roles = rows_in(object_in(object_of(reply), "applicationRoles", reply), "items", reply)
        return account_id, set(texts_of(roles, "key", reply))

    def find_all(self, emails: Iterable[str]) -> Iterator[str | None]:
        """Find the account of each of some addresses."""
        return self._client.in_parallel(partial(self.find, email) for email in emails)

    def find(self, email: str) -> str | None:
        """Find the account with an address, as the search for active users knows it.

        An address that the site hides is found nevertheless, where it is the only answer.
        """
        reply = self.get("user/search", query=email, maxResults="50")
        rows = rows_of(reply)
        same = [row for row in rows if fold(row.get("emailAddress") or "") == fold(email)]
        hidden = [row for row in rows if not row.get("emailAddress")]
        fitting = same or (hidden if len(rows) == 1 else [])
        return text_in(fitting[0], "accountId", reply) if len(fitting) == 1 else None

    def missing_permissions(self, *keys: str) -> list[str]:
        """Return the names of those permissions that the token lacks."""
        reply = self.get("mypermissions", permissions=",".join(keys))
        permissions = object_in(object_of(reply), "permissions", reply)
        rows = [object_in(permissions, key, reply) for key in keys]
        return [text_in(row, "name", reply) for row in rows if row.get("havePermission") is not True]

    def caller(self) -> str:
        """Return the account whose token it is."""
        reply = self.get("myself")
        return text_in(object_of(reply), "accountId", reply)

    def _user(self, account_id: str) -> Row | None:
        try:
            reply = self.get("user", accountId=account_id, expand="groups")
        except NotFound:
            return None
        user = object_of(reply)
        listed = object_in(user, "groups", reply)
        groups = rows_in(listed, "items", reply)
        if number_in(listed, "size", reply) > len(groups):
            reply = self.get("user/groups", accountId=account_id)
            groups = rows_of(reply)
        require_texts(groups, ("groupId", "name"), reply)
        return user | {"accountId": text_in(user, "accountId", reply), "groups": groups}

    def _groups(self, access: str | None) -> list[Row]:
        listings = Listings[str | None](self._client, self._group_page)
        return list({row["groupId"]: row for _, rows in listings.pages([access]) for row in rows}.values())

    def _group_page(self, access: str | None, start: int) -> Page:
        more = {"accessType": access} if access else {}
        page = self._page("group/bulk", start, **more)
        require_texts(page.rows, ("groupId", "name"), page.reply)
        return page

    def _members(self, group: Group, start: int) -> Page:
        page = self._page("group/member", start, groupId=group.group_id, includeInactiveUsers="true")
        require_texts(page.rows, ("accountId",), page.reply)
        return page

    def _page(self, path: str, start: int, **params: str) -> Page:
        reply = self.get(path, startAt=str(start), maxResults=str(self._rows), **params)
        body = object_of(reply)
        rows, last = rows_in(body, "values", reply), body.get("isLast")
        if not isinstance(last, bool):
            raise malformed("the page does not say whether it is the last", reply)
        return Page(rows, number_in(body, "total", reply), last, reply)

    def _synced_groups(self) -> set[str]:
        """Groups that an identity provider keeps in sync, as far as the picker tells; it is only a hint."""
        try:
            reply = self.get("groups/picker", query="", maxResults="1000")
        except TransportError as error:
            if error.worth_retrying or error.status == 401:
                raise
            return set()
        rows = rows_of(reply, "groups")
        return {text_in(row, "groupId", reply) for row in rows if row.get("managedBy") == "EXTERNAL"}


def _user_rows(reply: Reply) -> list[Row]:
    return require_texts(rows_of(reply), ("accountId",), reply)


def _role(row: Row, reply: Reply) -> Role:
    seats = row.get("numberOfSeats")
    unlimited = row.get("hasUnlimitedSeats") or seats is None or (isinstance(seats, int) and seats < 0)
    return Role(
        text_in(row, "key", reply),
        None if unlimited else number_in(row, "numberOfSeats", reply),
        number_in(row, "userCount", reply) if row.get("userCount") is not None else 0,
        _group_ids(row, "groupDetails", reply),
        _group_ids(row, "defaultGroupsDetails", reply),
    )


def _group_ids(row: Row, key: str, reply: Reply) -> frozenset[str]:
    groups = rows_in(row, key, reply) if row.get(key) is not None else []
    return frozenset(texts_of(groups, "groupId", reply))
