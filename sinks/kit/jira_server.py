"""Listings of a Jira Data Center server: what each version can list whole, and what it cuts short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

from provisioning.model.by_column import Columns, Fields
from provisioning.model.text import fold
from sinks.kit.datacenter_rows import Group, Installation, Licence, Memberships, state_of
from sinks.kit.jira_server_shape import check_role, next_cursor, next_member
from sinks.kit.members import read_members
from sinks.kit.required import require_texts, texts_of
from transport.client import Client
from transport.errors import BadRequest, Malformed, NotFound
from transport.pages import follow_cursor, follow_offsets, follow_until_empty
from transport.parallel import beside
from transport.reply import Reply
from transport.shape import Row, malformed, number_in, object_in, object_of, rows_in, rows_of, text_in

API = "/rest/api/2"
FIELDS = Fields(
    {
        "account_id": "key",
        "user_name": "name",
        "email": "emailAddress",
        "display_name": "displayName",
        "active": "active",
        "last_active": "lastLoginTime",
    }
)
"""Which field of a user fills which column."""
LISTS_FROM, SEARCH_CUT_FROM = (10, 3), (10, 0)
SEARCHED, LISTED, MEMBERS, MOST_GROUPS = 1000, 2000, 50, 10_000
FIRST_RESULTS = 100
"""Results beyond which a search of Jira 10 and later shows nothing, whatever is asked."""


class Jira:
    """One server.

    Args:
        client: requests go through it.
        page_size: rows a page at most.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client, self._page_size = client, page_size

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The version's numbers."""
        reply = self._get("/serverInfo")
        numbers = object_of(reply).get("versionNumbers")
        if not isinstance(numbers, list) or not set(map(type, numbers)) <= {int}:
            raise malformed(f"`versionNumbers` is {numbers!r} where a list of numbers is expected", reply)
        return tuple(numbers)

    @property
    def lists_users(self) -> bool:
        """Whether there is a list of all users."""
        return self.version[:2] >= LISTS_FROM

    @property
    def searches_whole(self) -> bool:
        """Whether a search can be read to its end."""
        return self.version[:2] < SEARCH_CUT_FROM

    def read_all(self) -> Installation:
        """Read everybody, from the listing the version has and from the members of all groups.

        Raises:
            Malformed: a listing was cut short, so that nobody can tell who is missing.
        """
        with beside() as begin:
            everybody, asked = begin(self.read_users), begin(self.caller)
            roles = self.roles()
            groups, members = read_members(self._client, self.groups(roles), self.members)
            people, caller = everybody.result(), asked.result()
        listed = people.gathered
        memberships = _add_members(people, groups, members)
        columns = people.take()
        if listed and self.searches_whole and not self.lists_users:
            refuse_cut(columns, listed)
        return Installation(
            accounts_of(columns, caller),
            memberships,
            groups,
            [_licence(role) for role in roles],
            tells_use=any(columns["last_active"]),
        )

    def read_users(self) -> Columns:
        """Read everybody the version can list, as columns of users; nobody where it lists none."""
        people = Columns(FIELDS.names, key="account_id")
        for page in self.list_users():
            people.add(FIELDS(page))
        return people

    def list_users(self) -> Iterator[list[Row]]:
        """Read pages of all users; none where the version can list nobody."""
        if self.lists_users:
            size = min(self._page_size, LISTED)
            pages = follow_cursor(partial(self._list_page, size), next_cursor)
            return (require_texts(rows_of(reply, "values"), ("key",), reply) for reply in pages)
        return self.search_all() if self.searches_whole else iter(())

    def _list_page(self, size: int, cursor: str | None) -> Reply:
        more = {"cursor": cursor} if cursor else {}
        return self._get("/user/list", {"maxResults": size, **more})

    def search_all(self) -> Iterator[list[Row]]:
        """Read pages of the search for a dot, which stands in every address.

        Raises:
            Malformed: this version shows the first hundred alone, so it must not be taken for everybody.
        """
        if not self.searches_whole:
            version = ".".join(map(str, self.version))
            raise Malformed(
                f"the search of Jira {version} shows the first {FIRST_RESULTS} users alone",
                remedy="Upgrade to Jira 10.3 or later, which can list all users.",
            )
        size = min(self._page_size, SEARCHED)
        query = {"username": ".", "includeInactive": "true", "maxResults": size}
        return follow_until_empty(
            lambda start: self._get("/user/search", {**query, "startAt": start}),
            lambda reply: require_texts(rows_of(reply), ("key",), reply),
        )

    def members(self, group: str) -> list[Row]:
        """Read the members of a group, inactive ones too.

        Raises:
            Malformed: there are fewer than the server says.
        """
        size = min(self._page_size, MEMBERS)
        query = {"groupname": group, "includeInactiveUsers": "true", "maxResults": size}
        members: dict[str, Row] = {}
        for reply in follow_offsets(
            lambda start: self._get("/group/member", {**query, "startAt": start}), next_member
        ):
            page = require_texts(rows_of(reply, "values"), ("key",), reply)
            members |= {row["key"]: row for row in page}
        total = number_in(object_of(reply), "total", reply)
        if len(members) < total:
            words = f"group {group} has {total} members and {len(members)} were shown: it changed meanwhile"
            raise malformed(words, reply, "Run again.")
        return list(members.values())

    def groups(self, roles: Sequence[Row]) -> list[Group]:
        """Read all groups.

        Raises:
            Malformed: the picker shows fewer than there are.
        """
        reply = self._get("/groups/picker", {"query": "", "maxResults": MOST_GROUPS})
        rows = require_texts(rows_of(reply, "groups"), ("name",), reply)
        total = number_in(object_of(reply), "total", reply)
        if len(rows) < total:
            remedy = "Raise jira.ajax.autocomplete.limit in Jira's advanced settings, then run again."
            raise malformed(f"Jira shows {len(rows)} of its {total} groups", reply, remedy)
        return [_group(row, roles) for row in rows]

    def roles(self) -> list[Row]:
        """Read the application roles of what is installed."""
        reply = self._get("/applicationrole")
        roles = require_texts(rows_of(reply), ("key",), reply)
        for role in roles:
            check_role(role, reply)
        return [role for role in roles if role.get("defined") is not False]

    def caller(self) -> str:
        """Return the key of the user the credential belongs to."""
        reply = self._get("/myself")
        return text_in(object_of(reply), "key", reply)

    def user(self, **named: str) -> Row | None:
        """Read one user with its groups under `groups`; None where there is none.

        Raises:
            Malformed: not all of the groups were shown.
        """
        try:
            reply = self._get("/user", {**named, "expand": "groups"})
        except NotFound:
            return None
        user = object_of(reply)
        require_texts([user], ("key", "name"), reply)
        listed = object_in(user, "groups", reply)
        groups = require_texts(rows_in(listed, "items", reply), ("name",), reply)
        size = number_in(listed, "size", reply)
        if len(groups) < size:
            words = f"{user['name']} is in {size} groups, and only {len(groups)} were shown"
            raise malformed(words, reply, "Run again; if it stays, report it as a fault of this connector.")
        return user | {"groups": groups}

    def find(self, email: str) -> list[Row]:
        """Find users with exactly this address, with their groups.

        Raises:
            Malformed: so many users resemble it that not all were shown.
        """
        query = {"username": email, "includeInactive": "true", "maxResults": FIRST_RESULTS}
        reply = self._get("/user/search", query)
        hits = require_texts(rows_of(reply), ("key",), reply)
        if len(hits) >= FIRST_RESULTS:
            words = f"{FIRST_RESULTS} users or more resemble {email}, and the search shows no more"
            raise malformed(words, reply, "Give the person an address that no other contains.")
        same = [row for row in hits if fold(row.get("emailAddress") or "") == fold(email)]
        users = (self.user(key=row["key"]) for row in same)
        return [row for row in users if row is not None]

    def duplicated(self) -> dict[str, list[str]]:
        """Read user names that exist in several directories, with these directories by priority."""
        reply = self._get("/user/duplicated/list")
        body = object_of(reply)
        return {name.lower(): texts_of(rows_in(body, name, reply), "directoryName", reply) for name in body}

    def is_anonymized(self, progress: str) -> bool:
        """Whether an anonymisation has ended; `progress` is the address that tells it.

        Raises:
            BadRequest: it failed.
        """
        reply = self._client.get(progress)
        body = object_of(reply)
        status = text_in(body, "status", reply)
        if status not in ("IN_PROGRESS", "COMPLETED"):
            words = f"the anonymisation ended with {status}: {body.get('errors')}"
            raise BadRequest(words, remedy="Look at it in Jira under User management, then run again.")
        return status == "COMPLETED"

    def _get(self, path: str, params: dict[str, Any] | None = None) -> Reply:
        return self._client.get(f"{API}{path}", params)


def accounts_of(columns: dict[str, list[Any]], caller: str | None = None) -> dict[str, list[Any]]:
    """Return columns of Accounts from the fields of users; who was anonymised counts as deleted."""
    active = columns.pop("active")
    gone = [
        not is_active and str(email).endswith("@jira.invalid")
        for is_active, email in zip(active, columns["email"], strict=True)
    ]
    states = [
        "deleted" if left else state_of(is_active) for left, is_active in zip(gone, active, strict=True)
    ]
    return {
        **columns,
        "state": states,
        "caller": [key == caller for key in columns["account_id"]],
    }


def _add_members(people: Columns, groups: Sequence[Group], members_of: Sequence[list[Row]]) -> Memberships:
    """Return account and group of each membership; people the listing lacks are added to it."""
    ids: list[str] = []
    names: list[str] = []
    for group, members in zip(groups, members_of, strict=True):
        people.add(FIELDS(members))
        ids += [member["key"] for member in members]
        names += [group.name] * len(members)
    return ids, names


def refuse_cut(columns: dict[str, list[Any]], listed: int) -> None:
    """Raise where the search left out someone it should have found: then it was cut short.

    Args:
        columns: the users found, and after them those that are known otherwise.
        listed: how many were found.

    Raises:
        Malformed: it was.
    """
    texts = zip(*(columns[name][listed:] for name in ("user_name", "email", "display_name")), strict=True)
    missed = [name for name, *more in texts if any("." in (text or "") for text in (name, *more))]
    if missed:
        raise Malformed(
            f"the search for users ended after {listed} and left out {missed[0]}, a member of a group",
            remedy="Upgrade Jira, whose search is cut short; nothing of this read is used.",
        )


def _group(row: Row, roles: Sequence[Row]) -> Group:
    name = row["name"]
    opens = tuple(role["key"] for role in roles if name in role["groups"])
    admin = any(label.get("type") == "ADMIN" for label in row.get("labels") or ())
    default = any(name in role["defaultGroups"] for role in roles if role.get("selectedByDefault"))
    return Group(name, opens, admin, default)


def _licence(role: Row) -> Licence:
    unlimited = role.get("hasUnlimitedSeats") or (role.get("numberOfSeats") or -1) < 0
    return Licence(role["key"], None if unlimited else role["numberOfSeats"], role.get("userCount"))
