"""Listings of a Confluence Data Center server: everybody, who counts for the licence, groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import parse_qs, quote, urlsplit

from provisioning.model.frames import AccountState
from provisioning.model.intake import Columns as Gathered
from provisioning.model.intake import Fields
from sinks.kit.datacenter_pages import by_offset
from sinks.kit.datacenter_rows import Columns, Group, Licence, Row, Whole
from transport.client import Client
from transport.errors import NotFound
from transport.reply import Reply

API = "/rest/api"
PRODUCT = "confluence"
FIELDS = Fields(
    {"account_id": "userKey", "user_name": "username", "display_name": "displayName", "status": "status"}
)
"""Which field of a user fills which column."""
COUNTED_FIELDS = {"account_id": "userKey", "email": "email", "last_active": "lastLogin"}
"""The same of those who count for the licence, of whom more is told."""
STATES = {
    "current": AccountState.ACTIVE.value,
    "deactivated": AccountState.DEACTIVATED.value,
    "unlicensed": AccountState.ACTIVE.value,
    "externally-deleted": AccountState.DEACTIVATED.value,
    "shadowed-deleted": AccountState.DEACTIVATED.value,
}
SPECIAL = frozenset("/\\;%?#")
"""Letters that a group's name must not hold to stand in a path."""


class Confluence:
    """One server.

    Args:
        client: requests go through it.
        page_size: rows a page at most.
        licensed: groups that may use Confluence; asked of the server when not given.
    """

    def __init__(self, client: Client, page_size: int, licensed: Sequence[str] | None) -> None:
        self._client, self._page_size = client, page_size
        self._licensed = None if licensed is None else frozenset(licensed)

    def whole(self) -> Whole:
        """Everybody and every group."""
        counted = self.counted()
        people = Gathered(FIELDS.names, key="account_id")
        for page in self._pages("/user/list", {"expand": "status"}):
            people.add(FIELDS(_known(page)))
        caller = self._client.get(f"{API}/user/current").json()["userKey"]
        groups = self.groups()
        ids: list[str] = []
        names: list[str] = []
        calls = (partial(self.members, group.name) for group in groups)
        for group, members in zip(groups, self._client.in_parallel(calls), strict=True):
            ids += members
            names += [group.name] * len(members)
        columns = accounts_of(people.take(), counted, str(caller))
        return Whole(columns, (ids, names), groups, self.licence(), counted={PRODUCT: frozenset(counted)})

    def some(self, keys: Sequence[str], emails: Sequence[str], names: dict[str, str]) -> Whole:
        """A few accounts; an address leads to an account that counts, or to the name it was made with.

        Args:
            keys: user keys.
            emails: e-mail addresses.
            names: user name of accounts made a moment ago, by address.
        """
        counted = self.counted()
        wanted = {email.casefold() for email in emails}
        chosen = {
            key: row
            for key, row in counted.items()
            if key in keys or (row.get("email") or "").casefold() in wanted
        }
        rows = {key: row | {"status": "current"} for key, row in chosen.items()}
        asked = [{"key": key} for key in keys if key not in rows]
        missing = wanted - {(row.get("email") or "").casefold() for row in chosen.values()}
        asked += [{"username": name} for email, name in names.items() if email.casefold() in missing]
        for row in self._client.in_parallel(partial(self._user, query) for query in asked):
            if row is not None:
                rows.setdefault(row["userKey"], row)
        ids = list(rows)
        groups = list(self._client.in_parallel(partial(self._groups_of, key) for key in ids))
        people = Gathered(FIELDS.names, key="account_id")
        people.add(FIELDS(list(rows.values())))
        made = {name: email for email, name in names.items()}
        columns = accounts_of(people.take(), counted, None)
        columns["email"] = [
            email or made.get(name)
            for email, name in zip(columns["email"], columns["user_name"], strict=True)
        ]
        held = [(key, name) for key, some in zip(ids, groups, strict=True) for name in some]
        return Whole(columns, ([key for key, _ in held], [name for _, name in held]), [], [])

    def counted(self) -> dict[str, Row]:
        """Accounts that count for the licence, by user key.

        Raises:
            NotFound: this version does not tell.
        """
        pages = self._pages("/admin/users/list/active", {"expand": "lastLogin,status"})
        try:
            return {row["userKey"]: row for page in pages for row in page}
        except NotFound as error:
            error.remedy = "Upgrade to Confluence 9.3 or later, which lists the users that count."
            raise

    def groups(self) -> list[Group]:
        """All groups, and whether they may use and administer Confluence."""
        return list(self._client.in_parallel(partial(self._group, name) for name in self.group_names()))

    def group_names(self) -> list[str]:
        """Names of all groups."""
        return [row["name"] for page in self._pages("/group", {}) for row in page]

    def _group(self, name: str) -> Group:
        if self._licensed is not None:
            return Group(name, (PRODUCT,) if name in self._licensed else (), "administrators" in name)
        held: list[Row] = self._client.get(f"{API}/permissions/group/{quote(name, safe='')}").json()
        may = {(row["operation"]["targetType"], row["operation"]["operationKey"]) for row in held}
        uses = ("application", "use") in may
        admin = bool(may & {("application", "administer"), ("system", "administer")})
        return Group(name, (PRODUCT,) if uses else (), admin, uses and not admin)

    def members(self, group: str) -> list[str]:
        """User keys of a group's members."""
        if SPECIAL & set(group):
            pages = self._pages("/group/member", {"groupName": group})
        else:
            pages = self._pages(f"/group/{quote(group)}/member", {})
        return list(dict.fromkeys(row["userKey"] for page in pages for row in _known(page)))

    def _groups_of(self, key: str) -> list[str]:
        try:
            return [row["name"] for page in self._pages("/user/memberof", {"key": key}) for row in page]
        except NotFound:
            return []

    def _user(self, query: dict[str, str]) -> Row | None:
        try:
            row: Row = self._client.get(f"{API}/user", {**query, "expand": "status"}).json()
        except NotFound:
            return None
        return row

    def licence(self) -> list[Licence]:
        """Seats bought and in use; none where the server does not tell."""
        try:
            most, used = (
                self._client.get(f"/rest/license/1.0/license/{what}").json()["count"]
                for what in ("maxUsers", "userCount")
            )
        except NotFound:
            return []
        return [Licence(PRODUCT, most if most >= 0 else None, used)]

    def version(self) -> str:
        """The version."""
        return str(self._client.get(f"{API}/server-information").json()["version"])

    def glance(self, path: str) -> Row:
        """One row of a listing, to see whether it can be read."""
        body: Row = self._client.get(f"{API}{path}", {"limit": 1}).json()
        return body

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[list[Row]]:
        def fetch(start: int) -> Reply:
            return self._client.get(f"{API}{path}", {**query, "start": start, "limit": self._page_size})

        for body in by_offset(fetch, _next_start):
            yield body["results"]


def accounts_of(people: Columns, counted: dict[str, Row], caller: str | None) -> Columns:
    """Columns of Accounts; address and last sign-in are known of those who count alone."""
    ids, status = people["account_id"], people.pop("status")
    beside = [counted.get(key, {}) for key in ids]
    states = [
        AccountState.ACTIVE.value if more else STATES.get(word)
        for more, word in zip(beside, status, strict=True)
    ]
    told = {
        name: [row.get(field) for row in beside]
        for name, field in COUNTED_FIELDS.items()
        if name != "account_id"
    }
    return {**people, **told, "state": states, "caller": [key == caller for key in ids]}


def _known(page: list[Row]) -> list[Row]:
    """Without whoever is not signed in."""
    return [row for row in page if row.get("type") == "known"]


def _next_start(body: Row) -> int | None:
    link: str | None = (body.get("_links") or {}).get("next")
    return int(parse_qs(urlsplit(link).query)["start"][0]) if link else None
