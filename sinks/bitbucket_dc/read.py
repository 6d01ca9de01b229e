"""Listings of a Bitbucket Data Center server: users, groups, permissions, who is licensed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

from provisioning.model.by_column import Columns as Gathered
from provisioning.model.by_column import Fields
from provisioning.model.text import fold
from sinks.kit.datacenter_rows import (
    Columns,
    DirectPermission,
    Group,
    Installation,
    Licence,
    Permission,
    split_pairs,
    state_of,
)
from sinks.kit.members import read_members
from sinks.kit.required import require_texts
from transport.client import Client
from transport.errors import NotFound
from transport.pages import follow_offsets
from transport.parallel import beside
from transport.reply import Reply
from transport.shape import Row, malformed, number_in, object_in, object_of, rows_of, text_in

API = "/rest/api/latest"
PRODUCT = "bitbucket"
LICENSED = "LICENSED_USER"
ADMIN = frozenset({"ADMIN", "SYS_ADMIN"})
LEVELS = (LICENSED, "PROJECT_CREATE", "ADMIN", "SYS_ADMIN")
"""Global permissions, each with all that is in those before it; an account holds one at most by itself."""
PERMISSIONS = {level: Permission(level, PRODUCT, level in ADMIN) for level in LEVELS}
FIELDS = Fields(
    {
        "user_name": "name",
        "email": "emailAddress",
        "display_name": "displayName",
        "active": "active",
        "type": "type",
        "directory": "directoryName",
        "last_active": "lastAuthenticationTimestamp",
        "mutableDetails": "mutableDetails",
        "mutableGroups": "mutableGroups",
        "deletable": "deletable",
    }
)
"""Which field of a user fills which column."""
LISTED_FROM = 20
"""Accounts of one observation from which on the whole list, a thousand a page, is less to ask for."""
FLAGS = ("mutableDetails", "mutableGroups", "deletable")


class Bitbucket:
    """One server.

    Args:
        client: requests go through it.
        page_size: rows a page.

    Attributes:
        fixed: flag → accounts whose directory says no to it, as last read.
        levels: account → permission it holds by itself, as last read.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client, self._page_size = client, page_size
        self.fixed: dict[str, set[str]] = {flag: set() for flag in FLAGS}
        self.levels: dict[str, str] = {}

    def read_all(self) -> Installation:
        """Read everybody and every group."""
        with beside() as begin:
            everybody, counted = begin(self._read_users), begin(self._licensed)
            stated, held = begin(self.licence), begin(self._read_direct)
            groups, members = read_members(self._client, self.groups(), self._members)
            people, licensed = everybody.result(), counted.result()
            licence, direct = stated.result(), held.result()
        pairs = ((name, group.name) for group, names in zip(groups, members, strict=True) for name in names)
        memberships = split_pairs(pairs)
        return Installation(
            self._accounts_of(people.take()),
            memberships,
            groups,
            licence,
            tuple(PERMISSIONS.values()),
            direct,
            licensed={PRODUCT: licensed},
        )

    def _read_users(self) -> Gathered:
        people = Gathered(FIELDS.names, key="user_name")
        for reply in self._pages("/admin/users"):
            people.add(FIELDS(_named_rows(reply)))
        return people

    def _licensed(self) -> frozenset[str]:
        pages = self._pages("/users", {"permission": LICENSED})
        return frozenset(row["name"].lower() for reply in pages for row in _named_rows(reply))

    def read_some(self, names: Sequence[str], emails: Sequence[str]) -> Installation:
        """Read a few accounts by name or address, with what they hold."""
        wanted = {fold(text) for text in (*names, *emails)}
        with beside() as begin:
            held = begin(self._read_direct)
            users = {
                row["name"].lower(): row
                for rows in self._find_candidates([*names, *emails])
                for row in rows
                if wanted & {fold(row["name"]), fold(row.get("emailAddress") or "")}
            }
            groups = list(self._client.in_parallel(partial(self._groups_of, name) for name in users))
            direct = held.result()
        pairs = ((name, group) for name, some in zip(users, groups, strict=True) for group in some)
        memberships = split_pairs(pairs)
        people = Gathered(FIELDS.names, key="user_name")
        people.add(FIELDS(list(users.values())))
        direct = [one for one in direct if one.account_id in users]
        return Installation(self._accounts_of(people.take()), memberships, direct=direct)

    def groups(self) -> list[Group]:
        """Read all groups, and whether they open and administer Bitbucket."""
        levels = {
            text_in(object_in(row, "group", reply), "name", reply): text_in(row, "permission", reply)
            for reply in self._pages("/admin/permissions/groups")
            for row in rows_of(reply, "values")
        }
        names = [row["name"] for reply in self._pages("/admin/groups") for row in _named_rows(reply)]
        return [
            Group(name, (PRODUCT,) if name in levels else (), levels.get(name) in ADMIN) for name in names
        ]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Read the names of the groups that resemble some names."""
        pages = (reply for name in names for reply in self._pages("/admin/groups", {"filter": name}))
        return [row["name"] for reply in pages for row in _named_rows(reply)]

    def licence(self) -> list[Licence]:
        """Read seats bought and in use; none where no licence is installed."""
        try:
            reply = self._client.get(f"{API}/admin/license")
        except NotFound:
            return []
        body = object_of(reply)
        unlimited = body.get("unlimitedNumberOfUsers")
        bought = None if unlimited else number_in(body, "maximumNumberOfUsers", reply)
        used = number_in(object_in(body, "status", reply), "currentNumberOfUsers", reply)
        return [Licence(PRODUCT, bought, used)]

    def version(self) -> str:
        """Read the version."""
        reply = self._client.get(f"{API}/application-properties")
        return text_in(object_of(reply), "version", reply)

    @cached_property
    def _caller(self) -> str:
        """Name of the account the credential belongs to, which every answer tells in a header."""
        reply = self._client.get(f"{API}/application-properties")
        return reply.headers.get("X-AUSERNAME", "").lower()

    def read_one(self, path: str) -> None:
        """Read one row, to see whether they can be read."""
        self._client.get(f"{API}{path}", {"limit": 1})

    def _read_direct(self) -> list[DirectPermission]:
        """Read the permissions that accounts hold by themselves."""
        self.levels = {
            text_in(object_in(row, "user", reply), "name", reply).lower(): _level_of(row, reply)
            for reply in self._pages("/admin/permissions/users")
            for row in rows_of(reply, "values")
        }
        return [DirectPermission(name, PERMISSIONS[level]) for name, level in self.levels.items()]

    def _members(self, group: str) -> list[str]:
        pages = self._pages("/admin/groups/more-members", {"context": group})
        return [row["name"].lower() for reply in pages for row in _named_rows(reply)]

    def _groups_of(self, name: str) -> list[str]:
        pages = self._pages("/admin/users/more-members", {"context": name})
        return [row["name"] for reply in pages for row in _named_rows(reply)]

    def _find_candidates(self, texts: Sequence[str]) -> Iterator[list[Row]]:
        """Read pages that hold the accounts looked for: everybody's, where those are fewer requests."""
        if len(texts) >= LISTED_FROM:
            return map(_named_rows, self._pages("/admin/users"))
        return self._client.in_parallel(partial(self._find_resembling, text) for text in texts)

    def _find_resembling(self, text: str) -> list[Row]:
        pages = self._pages("/admin/users", {"filter": text})
        return [row for reply in pages for row in _named_rows(reply)]

    def _accounts_of(self, people: Columns) -> Columns:
        """Return columns of Accounts: the name in lower case stands for the account."""
        ids = [name.lower() for name in people["user_name"]]
        flags = {flag: people.pop(flag) for flag in FLAGS}
        for flag, values in flags.items():
            allowed = dict(zip(ids, values, strict=True))
            # In place: batches are observed side by side.
            self.fixed[flag].difference_update(allowed)
            self.fixed[flag].update(name for name, may in allowed.items() if may is False)
        active, kinds = people.pop("active"), people.pop("type")
        return {
            **people,
            "account_id": ids,
            "state": [state_of(is_active) for is_active in active],
            "kind": ["app" if kind == "SERVICE" else "person" for kind in kinds],
            "managed": [value is not False for value in flags["mutableDetails"]],
            "caller": [name == self._caller for name in ids],
        }

    def _pages(self, path: str, query: dict[str, Any] | None = None) -> Iterator[Reply]:
        def fetch(start: int) -> Reply:
            more = {"start": start, "limit": self._page_size}
            return self._client.get(f"{API}{path}", {**(query or {}), **more})

        return follow_offsets(fetch, _next_start)


def _named_rows(reply: Reply) -> list[Row]:
    return require_texts(rows_of(reply, "values"), ("name",), reply)


def _level_of(row: Row, reply: Reply) -> str:
    level = text_in(row, "permission", reply)
    if level not in PERMISSIONS:
        raise malformed(f"`permission` is {level}, which is no global permission known here", reply)
    return level


def _next_start(reply: Reply) -> int | None:
    body = object_of(reply)
    last = body.get("isLastPage")
    if not isinstance(last, bool):
        raise malformed("the page does not say whether it is the last", reply)
    return None if last else number_in(body, "nextPageStart", reply)
