"""Listings of a Crowd server: users with attributes, groups, and all memberships at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from provisioning.model.by_column import Columns as Gathered
from provisioning.model.by_column import Fields
from sinks.crowd.memberships import Tree, parse, within
from sinks.kit.datacenter_rows import Columns, Group, Memberships, split_pairs, state_of
from sinks.kit.required import require_texts, rows_within, texts_of
from transport.client import Client
from transport.errors import NotFound
from transport.pages import follow_until_empty
from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_of, text_in

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
NAMES_A_REQUEST, GROUPS_OF_ONE = 20, 1000
ADMINISTRATORS = "crowd-administrators"


class CrowdServer:
    """One server, as one of its applications sees it.

    Args:
        client: requests go through it.
        page_size: rows a page.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client, self._page_size = client, page_size

    def users(self) -> Columns:
        """Read everybody."""
        people = Gathered(FIELDS.names, key="user_name")
        query = {"entity-type": "user", "expand": "user,attributes", "max-results": self._page_size}
        for page in follow_until_empty(
            lambda start: self._get("/search", {**query, "start-index": start}), _user_rows
        ):
            people.add(FIELDS(page))
        return accounts_of(people.take())

    def some_users(self, names: Sequence[str], emails: Sequence[str]) -> Columns:
        """Read a few users by name or address."""
        terms = [f"name = {_quoted(name)}" for name in names] + [f"email = {_quoted(e)}" for e in emails]
        starts = range(0, len(terms), NAMES_A_REQUEST)
        parts = [" or ".join(terms[start : start + NAMES_A_REQUEST]) for start in starts]
        people = Gathered(FIELDS.names, key="user_name")
        for page in self._client.in_parallel(partial(self._find, restriction) for restriction in parts):
            people.add(FIELDS(page))
        return accounts_of(people.take())

    def _find(self, restriction: str) -> list[Row]:
        query = {"entity-type": "user", "expand": "user,attributes", "max-results": GROUPS_OF_ONE}
        return _user_rows(self._get("/search", {**query, "restriction": restriction}))

    def groups(self) -> list[str]:
        """Read the names of all groups."""
        query = {"entity-type": "group", "expand": "group", "max-results": self._page_size}
        pages = follow_until_empty(
            lambda start: self._get("/search", {**query, "start-index": start}), _group_names
        )
        return [name for page in pages for name in page]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear."""
        known = self._client.in_parallel(partial(self._group_name, name) for name in names)
        return [name for name in known if name is not None]

    def _group_name(self, name: str) -> str | None:
        try:
            reply = self._get("/group", {"groupname": name})
        except NotFound:
            return None
        return text_in(object_of(reply), "name", reply)

    def memberships(self) -> Tree:
        """Read all memberships, of accounts and of groups in groups, in one request.

        Raises:
            Malformed: the answer is cut or is no XML.
        """
        return parse(self._get("/group/membership", {}, {"Accept": "application/xml"}))

    def memberships_of(self, names: Sequence[str]) -> Memberships:
        """Read the memberships of a few users, those through groups in groups among them."""
        calls = (partial(self._groups_of, name) for name in names)
        groups = self._client.in_parallel(calls)
        return split_pairs((name, group) for name, some in zip(names, groups, strict=True) for group in some)

    def _groups_of(self, name: str) -> list[str]:
        query = {"username": name, "max-results": GROUPS_OF_ONE}
        try:
            return _group_names(self._get("/user/group/nested", query))
        except NotFound:
            return []

    def read_one(self, kind: str) -> None:
        """Read one row, to see whether they can be read."""
        self._get("/search", {"entity-type": kind, "max-results": 1})

    def _get(self, path: str, query: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
        return self._client.get(f"{API}{path}", query, headers)


def accounts_of(people: Columns) -> Columns:
    """Return columns of Accounts: the name in lower case stands for the account."""
    active, attributes = people.pop("active"), people.pop("attributes")
    return {
        **people,
        "account_id": [name.lower() for name in people["user_name"]],
        "state": [state_of(is_active) for is_active in active],
        "last_active": [_last_use(some) for some in attributes],
    }


def _last_use(attributes: Sequence[Row] | None) -> str | None:
    uses = [str(value) for one in attributes or () if one["name"] in USES for value in one["values"]]
    moments = [use for use in uses if use.isdecimal()]
    return max(moments, key=int) if moments else next(iter(uses), None)


def _user_rows(reply: Reply) -> list[Row]:
    """Return the users of a page, whose attributes must each have a name and values."""
    users = require_texts(rows_of(reply, "users"), ("name",), reply)
    listed = [row["attributes"] for row in users if isinstance(row.get("attributes"), dict)]
    attributes = require_texts(rows_within(listed, "attributes", reply), ("name",), reply)
    for one in attributes:
        if one["name"] in USES and not isinstance(one.get("values"), list):
            raise malformed(f"`values` of {one['name']} is no list", reply)
    return users


def _group_names(reply: Reply) -> list[str]:
    return texts_of(rows_of(reply, "groups"), "name", reply)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def groups_of(names: Sequence[str], products: dict[str, list[str]], tree: Tree) -> list[Group]:
    """Return groups, and what the connection says that they, or groups they are in, open."""
    parents = tree.parents()
    return [_group(name, products, set(within(name, parents))) for name in names]


def _group(name: str, products: dict[str, list[str]], counts_as: set[str]) -> Group:
    opens = sorted(product for product, opening in products.items() if not counts_as.isdisjoint(opening))
    return Group(name, tuple(opens), admin=ADMINISTRATORS in counts_as)
