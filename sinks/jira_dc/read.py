"""Listings of a Jira Data Center server: what each version can list whole, and what it cuts short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

from provisioning.model.intake import Columns, Fields
from sinks.kit.datacenter_pages import by_offset, until_empty
from sinks.kit.datacenter_rows import Group, Licence, Row, Whole, state_of
from transport.client import Client
from transport.errors import Malformed, NotFound
from transport.pages import follow_cursor
from transport.reply import Reply

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
        return tuple(self._get("/serverInfo").json()["versionNumbers"])

    @property
    def lists_users(self) -> bool:
        """Whether there is a list of all users."""
        return self.version[:2] >= LISTS_FROM

    @property
    def searches_whole(self) -> bool:
        """Whether a search can be read to its end."""
        return self.version[:2] < SEARCH_CUT_FROM

    def whole(self) -> Whole:
        """Everybody, from the listing the version has and from the members of all groups.

        Raises:
            Malformed: a listing was cut short, so that nobody can tell who is missing.
        """
        roles, caller = self.roles(), self.myself()["key"]
        groups = self.groups(roles)
        people = Columns(FIELDS.names, key="account_id")
        for page in self._listing():
            people.add(FIELDS(page))
        listed = people.gathered
        ids, names = self._memberships(groups, people)
        columns = people.take()
        if listed and self.searches_whole and not self.lists_users:
            _refuse_cut(columns, listed)
        return Whole(
            accounts_of(columns, str(caller)),
            (ids, names),
            groups,
            [_licence(role) for role in roles],
            tells_use=any(columns["last_active"]),
        )

    def _listing(self) -> Iterator[list[Row]]:
        """Pages of all users; none where the version can list nobody."""
        if self.lists_users:
            size = min(self._page_size, LISTED)
            pages = follow_cursor(partial(self._list_page, size), _next_cursor)
            return (reply.json()["values"] for reply in pages)
        return self.search_all() if self.searches_whole else iter(())

    def _list_page(self, size: int, cursor: str | None) -> Reply:
        more = {"cursor": cursor} if cursor else {}
        return self._get("/user/list", {"maxResults": size, **more})

    def search_all(self) -> Iterator[list[Row]]:
        """Pages of the search for a dot, which stands in every address.

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
        return until_empty(lambda start: self._get("/user/search", {**query, "startAt": start}), list)

    def _memberships(self, groups: Sequence[Group], people: Columns) -> tuple[list[str], list[str]]:
        """Account and group of each membership; people the listing lacks are added to it."""
        ids: list[str] = []
        names: list[str] = []
        calls = (partial(self.members, group.name) for group in groups)
        for group, members in zip(groups, self._client.in_parallel(calls), strict=True):
            people.add(FIELDS(members))
            ids += [member["key"] for member in members]
            names += [group.name] * len(members)
        return ids, names

    def members(self, group: str) -> list[Row]:
        """Members of a group, inactive ones too.

        Raises:
            Malformed: there are fewer than the server says.
        """
        size = min(self._page_size, MEMBERS)
        query = {"groupname": group, "includeInactiveUsers": "true", "maxResults": size}
        found: dict[str, Row] = {}
        total = 0
        for body in by_offset(
            lambda start: self._get("/group/member", {**query, "startAt": start}), _next_member
        ):
            found |= {row["key"]: row for row in body["values"]}
            total = body["total"]
        if len(found) < total:
            words = (
                f"group {group} has {total} members, and {len(found)} were shown: it moved while it was read"
            )
            raise Malformed(words, remedy="Run again.")
        return list(found.values())

    def groups(self, roles: Sequence[Row]) -> list[Group]:
        """All groups.

        Raises:
            Malformed: the picker shows fewer than there are.
        """
        body = self._get("/groups/picker", {"query": "", "maxResults": MOST_GROUPS}).json()
        if len(body["groups"]) < body["total"]:
            raise Malformed(
                f"Jira shows {len(body['groups'])} of its {body['total']} groups",
                remedy="Raise jira.ajax.autocomplete.limit in Jira's advanced settings, then run again.",
            )
        return [_group(row, roles) for row in body["groups"]]

    def roles(self) -> list[Row]:
        """The application roles of what is installed."""
        found: list[Row] = self._get("/applicationrole").json()
        return [role for role in found if role.get("defined") is not False]

    def myself(self) -> Row:
        """The user the credential belongs to."""
        found: Row = self._get("/myself").json()
        return found

    def user(self, **named: str) -> Row | None:
        """One user with its groups; None where there is none.

        Raises:
            Malformed: not all of the groups were shown.
        """
        try:
            row: Row = self._get("/user", {**named, "expand": "groups"}).json()
        except NotFound:
            return None
        if len(row["groups"]["items"]) < row["groups"]["size"]:
            words = f"{row['name']} is in {row['groups']['size']} groups, and not all were shown"
            raise Malformed(words, remedy="Run again; if it stays, report it as a fault of this connector.")
        return row

    def find(self, email: str) -> list[Row]:
        """Users with exactly this address, with their groups.

        Raises:
            Malformed: so many users resemble it that not all were shown.
        """
        query = {"username": email, "includeInactive": "true", "maxResults": FIRST_RESULTS}
        hits: list[Row] = self._get("/user/search", query).json()
        if len(hits) >= FIRST_RESULTS:
            words = f"{FIRST_RESULTS} users or more resemble {email}, and the search shows no more"
            raise Malformed(words, remedy="Give the person an address that no other contains.")
        same = [row for row in hits if (row.get("emailAddress") or "").casefold() == email.casefold()]
        found = (self.user(key=row["key"]) for row in same)
        return [row for row in found if row is not None]

    def duplicated(self) -> dict[str, list[str]]:
        """User names that stand in several directories, with these directories by priority."""
        body = self._get("/user/duplicated/list").json()
        return {name.lower(): [place["directoryName"] for place in places] for name, places in body.items()}

    def _get(self, path: str, params: dict[str, Any] | None = None) -> Reply:
        return self._client.get(f"{API}{path}", params)


def accounts_of(columns: dict[str, list[Any]], caller: str | None = None) -> dict[str, list[Any]]:
    """Columns of Accounts from the fields of users; one that was anonymised counts as deleted."""
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


def _next_cursor(reply: Reply) -> str | None:
    body = reply.json()
    if body["isLast"]:
        return None
    cursor: str | None = body.get("nextCursor")
    if not cursor:
        raise Malformed("the list of users names no next page although it is not the last", url=reply.url)
    return cursor


def _next_member(body: Row) -> int | None:
    return None if body["isLast"] else body["startAt"] + len(body["values"])


def _refuse_cut(columns: dict[str, list[Any]], listed: int) -> None:
    """Raise if the search left out someone it should have found: then it was cut short.

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
