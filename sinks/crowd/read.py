"""Listings of a Crowd server: users with attributes, groups, and all memberships at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from xml.parsers import expat

from provisioning.model.intake import Columns as Gathered
from provisioning.model.intake import Fields
from sinks.kit.datacenter_pages import until_empty
from sinks.kit.datacenter_rows import Columns, Group, Row, state_of
from transport.client import Client
from transport.errors import Malformed, NotFound
from transport.reply import Reply

API = "/rest/usermanagement/1"
FIELDS = Fields(
    {
        "user_name": "name",
        "email": "email",
        "display_name": "display-name",
        "given_name": "first-name",
        "family_name": "last-name",
        "active": "active",
        "added_on": "created-date",
        "attributes": "attributes.attributes",
    }
)
"""Which field of a user fills which column."""
USES = frozenset({"lastAuthenticated", "lastActive"})
"""Attributes that tell of a sign-in, in milliseconds."""
NAMED_AT_ONCE, GROUPS_OF_ONE = 20, 1000
Memberships = tuple[list[str], list[str]]


class Crowd:
    """One server, as one of its applications sees it.

    Args:
        client: requests go through it.
        page_size: rows a page.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client, self._page_size = client, page_size

    def users(self) -> Columns:
        """Everybody."""
        people = Gathered(FIELDS.names, key="user_name")
        query = {"entity-type": "user", "expand": "user,attributes", "max-results": self._page_size}
        for page in until_empty(
            lambda start: self._get("/search", {**query, "start-index": start}), lambda body: body["users"]
        ):
            people.add(FIELDS(page))
        return accounts_of(people.take())

    def some_users(self, names: Sequence[str], emails: Sequence[str]) -> Columns:
        """A few users by name or address."""
        terms = [f"name = {_quoted(name)}" for name in names] + [f"email = {_quoted(e)}" for e in emails]
        people = Gathered(FIELDS.names, key="user_name")
        for start in range(0, len(terms), NAMED_AT_ONCE):
            restriction = " or ".join(terms[start : start + NAMED_AT_ONCE])
            query = {"entity-type": "user", "expand": "user,attributes", "max-results": GROUPS_OF_ONE}
            found = self._get("/search", {**query, "restriction": restriction}).json()["users"]
            people.add(FIELDS(found))
        return accounts_of(people.take())

    def groups(self) -> list[Row]:
        """All groups."""
        query = {"entity-type": "group", "expand": "group", "max-results": self._page_size}
        pages = until_empty(
            lambda start: self._get("/search", {**query, "start-index": start}), lambda body: body["groups"]
        )
        return [row for page in pages for row in page]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear."""
        found = self._client.in_parallel(partial(self._group_name, name) for name in names)
        return [name for name in found if name is not None]

    def _group_name(self, name: str) -> str | None:
        try:
            return str(self._get("/group", {"groupname": name}).json()["name"])
        except NotFound:
            return None

    def memberships(self) -> Memberships:
        """Account and group of each direct membership, in one request.

        Raises:
            Malformed: the answer is cut or is no XML.
        """
        reply = self._get("/group/membership", {}, {"Accept": "application/xml"})
        return _parsed(reply)

    def memberships_of(self, names: Sequence[str]) -> Memberships:
        """The same of a few users."""
        calls = (partial(self._groups_of, name) for name in names)
        held = list(self._client.in_parallel(calls))
        pairs = [(name, group) for name, groups in zip(names, held, strict=True) for group in groups]
        return [name for name, _ in pairs], [group for _, group in pairs]

    def _groups_of(self, name: str) -> list[str]:
        query = {"username": name, "max-results": GROUPS_OF_ONE}
        try:
            found = self._get("/user/group/direct", query).json()["groups"]
        except NotFound:
            return []
        return [row["name"] for row in found]

    def glance(self, kind: str) -> None:
        """Read one row, to see whether they can be read."""
        self._get("/search", {"entity-type": kind, "max-results": 1})

    def _get(self, path: str, query: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
        return self._client.get(f"{API}{path}", query, headers)


def accounts_of(people: Columns) -> Columns:
    """Columns of Accounts: the name in lower case stands for the account."""
    active, attributes = people.pop("active"), people.pop("attributes")
    return {
        **people,
        "account_id": [name.lower() for name in people["user_name"]],
        "state": [state_of(is_active) for is_active in active],
        "last_active": [_last_use(held) for held in attributes],
    }


def _last_use(attributes: Sequence[Row] | None) -> str | None:
    told = [str(value) for one in attributes or () if one["name"] in USES for value in one["values"]]
    return max(told, key=int) if told else None


def _parsed(reply: Reply) -> Memberships:
    ids: list[str] = []
    names: list[str] = []
    group = ""

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal group
        if tag == "membership":
            group = attributes["group"]
        elif tag == "user":
            ids.append(attributes["name"].lower())
            names.append(group)

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    try:
        parser.Parse(reply.content, True)
    except expat.ExpatError as wrong:
        raise Malformed(f"the memberships are no XML ({wrong})", method="GET", url=reply.url) from None
    return ids, names


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def groups_of(names: Sequence[str], products: dict[str, list[str]]) -> list[Group]:
    """Groups, and what the connection says they open."""
    return [
        Group(
            name,
            tuple(sorted(product for product, opening in products.items() if name in opening)),
            admin=name == "crowd-administrators",
        )
        for name in names
    ]
