"""Listings of a Bitbucket Data Center server: users, groups, permissions, who is licensed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

from provisioning.model.intake import Columns as Gathered
from provisioning.model.intake import Fields
from sinks.kit.datacenter_pages import by_offset
from sinks.kit.datacenter_rows import Columns, Group, Licence, Own, Permission, Row, Whole, state_of
from transport.client import Client
from transport.errors import NotFound
from transport.reply import Reply

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
"""Accounts of one look from which on the whole list, a thousand a page, is less to ask for."""
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

    def whole(self) -> Whole:
        """Everybody and every group."""
        people = Gathered(FIELDS.names, key="user_name")
        for page in self._pages("/admin/users"):
            people.add(FIELDS(page))
        groups = self.groups()
        ids: list[str] = []
        names: list[str] = []
        calls = (partial(self._members, group.name) for group in groups)
        for group, members in zip(groups, self._client.in_parallel(calls), strict=True):
            ids += members
            names += [group.name] * len(members)
        licensed = frozenset(
            row["name"].lower() for page in self._pages("/users", {"permission": LICENSED}) for row in page
        )
        return Whole(
            self._accounts(people.take()),
            (ids, names),
            groups,
            self.licence(),
            tuple(PERMISSIONS.values()),
            self._own(),
            counted={PRODUCT: licensed},
        )

    def some(self, names: Sequence[str], emails: Sequence[str]) -> Whole:
        """A few accounts by name or address, with what they hold."""
        wanted = {text.casefold() for text in (*names, *emails)}
        found: dict[str, Row] = {}
        for rows in self._candidates([*names, *emails]):
            for row in rows:
                if wanted & {row["name"].casefold(), (row.get("emailAddress") or "").casefold()}:
                    found[row["name"].lower()] = row
        ids = list(found)
        groups = self._client.in_parallel(partial(self._groups_of, name) for name in ids)
        held = [(name, group) for name, some in zip(ids, groups, strict=True) for group in some]
        people = Gathered(FIELDS.names, key="user_name")
        people.add(FIELDS(list(found.values())))
        own = [one for one in self._own() if one.account_id in found]
        pairs = ([name for name, _ in held], [group for _, group in held])
        return Whole(self._accounts(people.take()), pairs, [], [], own=own)

    def groups(self) -> list[Group]:
        """All groups, and whether they open and administer Bitbucket."""
        levels = {
            row["group"]["name"]: row["permission"]
            for page in self._pages("/admin/permissions/groups")
            for row in page
        }
        names = [row["name"] for page in self._pages("/admin/groups") for row in page]
        return [
            Group(name, (PRODUCT,) if name in levels else (), levels.get(name) in ADMIN) for name in names
        ]

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Names of the groups that resemble some names."""
        found = (page for name in names for page in self._pages("/admin/groups", {"filter": name}))
        return [row["name"] for page in found for row in page]

    def licence(self) -> list[Licence]:
        """Seats bought and in use; none where no licence is installed."""
        try:
            body = self._client.get(f"{API}/admin/license").json()
        except NotFound:
            return []
        bought = None if body.get("unlimitedNumberOfUsers") else body["maximumNumberOfUsers"]
        return [Licence(PRODUCT, bought, body["status"]["currentNumberOfUsers"])]

    def version(self) -> str:
        """The version."""
        return str(self._client.get(f"{API}/application-properties").json()["version"])

    @cached_property
    def _caller(self) -> str:
        """Name of the account the credential belongs to, which every answer tells in a header."""
        reply = self._client.get(f"{API}/application-properties")
        return reply.headers.get("X-AUSERNAME", "").lower()

    def glance(self, path: str) -> None:
        """Read one row, to see whether they can be read."""
        self._client.get(f"{API}{path}", {"limit": 1})

    def _own(self) -> list[Own]:
        """Permissions that accounts hold by themselves."""
        self.levels = {
            row["user"]["name"].lower(): row["permission"]
            for page in self._pages("/admin/permissions/users")
            for row in page
        }
        return [Own(name, PERMISSIONS[level]) for name, level in self.levels.items()]

    def _members(self, group: str) -> list[str]:
        pages = self._pages("/admin/groups/more-members", {"context": group})
        return [row["name"].lower() for page in pages for row in page]

    def _groups_of(self, name: str) -> list[str]:
        pages = self._pages("/admin/users/more-members", {"context": name})
        return [row["name"] for page in pages for row in page]

    def _candidates(self, texts: Sequence[str]) -> Iterator[list[Row]]:
        """Pages that hold the accounts looked for: everybody's, where those are fewer requests."""
        if len(texts) >= LISTED_FROM:
            return self._pages("/admin/users")
        return self._client.in_parallel(partial(self._resembling, text) for text in texts)

    def _resembling(self, text: str) -> list[Row]:
        return [row for page in self._pages("/admin/users", {"filter": text}) for row in page]

    def _accounts(self, people: Columns) -> Columns:
        """Columns of Accounts: the name in lower case stands for the account."""
        ids = [name.lower() for name in people["user_name"]]
        flags = {flag: people.pop(flag) for flag in FLAGS}
        for flag, values in flags.items():
            told = dict(zip(ids, values, strict=True))
            # In place: batches look side by side.
            self.fixed[flag].difference_update(told)
            self.fixed[flag].update(name for name, may in told.items() if may is False)
        active, kinds = people.pop("active"), people.pop("type")
        return {
            **people,
            "account_id": ids,
            "state": [state_of(is_active) for is_active in active],
            "kind": ["app" if kind == "SERVICE" else "person" for kind in kinds],
            "managed": [value is not False for value in flags["mutableDetails"]],
            "caller": [name == self._caller for name in ids],
        }

    def _pages(self, path: str, query: dict[str, Any] | None = None) -> Iterator[list[Row]]:
        def fetch(start: int) -> Reply:
            more = {"start": start, "limit": self._page_size}
            return self._client.get(f"{API}{path}", {**(query or {}), **more})

        for body in by_offset(fetch, _next_start):
            yield body["values"]


def _next_start(body: Row) -> int | None:
    return None if body["isLastPage"] else body["nextPageStart"]
