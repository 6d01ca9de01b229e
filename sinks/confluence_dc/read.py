"""Listings of a Confluence Data Center server: everybody, who counts for the licence, groups."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import parse_qs, quote, urlsplit

from provisioning.model.by_column import Columns as Gathered
from provisioning.model.by_column import Fields
from provisioning.model.terms import AccountState
from provisioning.model.text import fold
from sinks.kit.datacenter_rows import Columns, Group, Installation, Licence, split_pairs
from sinks.kit.members import read_members
from sinks.kit.required import require_texts, texts_of
from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound
from transport.pages import follow_offsets
from transport.parallel import beside
from transport.reply import Reply
from transport.shape import (
    Row,
    malformed,
    number_in,
    number_in_text,
    object_in,
    object_of,
    rows_in,
    rows_of,
    text_in,
)

log = logging.getLogger(__name__)
API, LICENCE = "/rest/api", "/rest/license/1.0/license"
PRODUCT = "confluence"
FIELDS = Fields(
    {"account_id": "userKey", "user_name": "username", "display_name": "displayName", "status": "status"}
)
"""Which field of a user fills which column."""
LICENSED_FIELDS = {"email": "email", "last_active": "lastLogin"}
"""The same of those who count for the licence, of whom the server tells more."""
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

    def read_all(self) -> Installation:
        """Read everybody and every group."""
        with beside() as begin:
            counted, everybody = begin(self.licensed_users), begin(self._read_users)
            asked, stated = begin(self._caller), begin(self.licence)
            groups, members = read_members(self._client, self.groups(), self.members)
            licensed, people = counted.result(), everybody.result()
            caller, licence = asked.result(), stated.result()
        pairs = ((key, group.name) for group, keys in zip(groups, members, strict=True) for key in keys)
        memberships = split_pairs(pairs)
        columns = accounts_of(people.take(), licensed, caller)
        return Installation(columns, memberships, groups, licence, licensed={PRODUCT: frozenset(licensed)})

    def _read_users(self) -> Gathered:
        people = Gathered(FIELDS.names, key="account_id")
        for reply in self._pages("/user/list", {"expand": "status"}):
            people.add(FIELDS(_known_users(reply)))
        return people

    def read_some(
        self,
        keys: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],
        created: Mapping[str, str],
    ) -> Installation:
        """Read a few accounts; an address leads to a licensed account, or to one by its user name.

        Args:
            keys: user keys.
            emails: e-mail addresses.
            user_names: user names that may be somebody's, by address.
            created: user name of accounts made a moment ago, by address, which is known to be theirs.
        """
        licensed = self.licensed_users()
        rows = self._find_rows(keys, emails, {**user_names, **created}, licensed)
        groups = self._client.in_parallel(partial(self._groups_of, key) for key in rows)
        memberships = split_pairs(
            (key, group) for key, some in zip(rows, groups, strict=True) for group in some
        )
        people = Gathered(FIELDS.names, key="account_id")
        people.add(FIELDS(list(rows.values())))
        columns = accounts_of(people.take(), licensed, None)
        made_with = {name: email for email, name in created.items()}
        addresses = zip(columns["email"], columns["user_name"], strict=True)
        columns["email"] = [email or made_with.get(name) for email, name in addresses]
        return Installation(columns, memberships)

    def _find_rows(
        self,
        keys: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],
        licensed: Mapping[str, Row],
    ) -> dict[str, Row]:
        """Find the users of some keys and addresses, among the licensed or one by one; by user key."""
        wanted = {fold(email) for email in emails}
        rows = {
            key: row | {"status": "current"}
            for key, row in licensed.items()
            if key in keys or _address_of(row) in wanted
        }
        missing = wanted - set(map(_address_of, rows.values()))
        asked = [{"key": key} for key in keys if key not in rows]
        asked += [{"username": name} for email, name in user_names.items() if fold(email) in missing]
        others = {row["userKey"]: row for row in self._users(asked)}
        return rows | {key: row for key, row in others.items() if key not in rows}

    def _users(self, queries: Sequence[dict[str, str]]) -> list[Row]:
        """Read users one by one; those that are not there are left out."""
        users = self._client.in_parallel(partial(self._user, query) for query in queries)
        return [row for row in users if row is not None]

    def licensed_users(self) -> dict[str, Row]:
        """Read the accounts that count for the licence, by user key.

        Raises:
            NotFound: this version does not tell.
        """
        users: dict[str, Row] = {}
        try:
            for reply in self._pages("/admin/users/list/active", {"expand": "lastLogin,status"}):
                page = require_texts(rows_of(reply, "results"), ("userKey",), reply)
                users |= {row["userKey"]: row for row in page}
        except NotFound as error:
            error.remedy = "Upgrade to Confluence 9.3 or later, which lists the users that count."
            raise
        return users

    def groups(self) -> list[Group]:
        """Read all groups, and whether they may use and administer Confluence."""
        return list(self._client.in_parallel(partial(self._group, name) for name in self.group_names()))

    def group_names(self) -> list[str]:
        """Read the names of all groups."""
        return [name for reply in self._pages("/group", {}) for name in _group_names(reply)]

    def _group(self, name: str) -> Group:
        if self._licensed is not None:
            return Group(name, (PRODUCT,) if name in self._licensed else (), "administrators" in name)
        try:
            reply = self._client.get(f"{API}/permissions/group/{quote(name, safe='')}")
        except (BadRequest, Forbidden, NotFound) as error:
            # What it opens is unknown, so nobody is put in or taken out; everything else is read.
            log.warning("group %s: not read, for it was refused (%s)", name, error.message)
            return Group(name, admin=True, unread=True)
        operations = [object_in(row, "operation", reply) for row in rows_of(reply)]
        may = {(row.get("targetType"), row.get("operationKey")) for row in operations}
        uses = ("application", "use") in may
        admin = bool(may & {("application", "administer"), ("system", "administer")})
        return Group(name, (PRODUCT,) if uses else (), admin, uses and not admin)

    def members(self, group: str) -> list[str]:
        """Read the user keys of a group's members."""
        if SPECIAL & set(group):
            pages = self._pages("/group/member", {"groupName": group})
        else:
            pages = self._pages(f"/group/{quote(group)}/member", {})
        return list(dict.fromkeys(row["userKey"] for reply in pages for row in _known_users(reply)))

    def _groups_of(self, key: str) -> list[str]:
        try:
            pages = self._pages("/user/memberof", {"key": key})
            return [name for reply in pages for name in _group_names(reply)]
        except NotFound:
            return []

    def _user(self, query: dict[str, str]) -> Row | None:
        try:
            reply = self._client.get(f"{API}/user", {**query, "expand": "status"})
        except NotFound:
            return None
        user = object_of(reply)
        text_in(user, "userKey", reply)
        return user

    def _caller(self) -> str:
        reply = self._client.get(f"{API}/user/current")
        return text_in(object_of(reply), "userKey", reply)

    def licence(self) -> list[Licence]:
        """Read seats bought and in use; none where the server does not tell."""
        try:
            bought, used = (self._client.get(f"{LICENCE}/{what}") for what in ("maxUsers", "userCount"))
        except NotFound:
            return []
        most = object_of(bought).get("count")
        seats = None if most == -1 else number_in(object_of(bought), "count", bought)
        return [Licence(PRODUCT, seats, number_in(object_of(used), "count", used))]

    def is_deleted(self, task: str) -> bool:
        """Whether a deletion that goes on in the background has ended.

        Raises:
            BadRequest: it failed.
        """
        reply = self._client.get(f"{API}/longtask/{quote(task)}")
        body = object_of(reply)
        if number_in(body, "percentageComplete", reply) < 100:
            return False
        if body.get("successful") is not True:
            messages = rows_in(body, "messages", reply) if body.get("messages") is not None else []
            reasons = "; ".join(str(message.get("translation") or message) for message in messages)
            raise BadRequest(f"the deletion failed: {reasons}", remedy="Look at the user in Confluence.")
        return True

    def version(self) -> str:
        """Read the version."""
        reply = self._client.get(f"{API}/server-information")
        return text_in(object_of(reply), "version", reply)

    def read_one(self, path: str) -> Row:
        """Read one row of a listing, to see whether it can be read."""
        return object_of(self._client.get(f"{API}{path}", {"limit": 1}))

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[Reply]:
        def fetch(start: int) -> Reply:
            return self._client.get(f"{API}{path}", {**query, "start": start, "limit": self._page_size})

        return follow_offsets(fetch, _next_start)


def accounts_of(people: Columns, licensed: Mapping[str, Row], caller: str | None) -> Columns:
    """Return columns of Accounts; address and last sign-in are known only of the licensed."""
    ids, words = people["account_id"], people.pop("status")
    more = [licensed.get(key, {}) for key in ids]
    states = [
        AccountState.ACTIVE.value if row else STATES.get(word) for row, word in zip(more, words, strict=True)
    ]
    details = {name: [row.get(field) for row in more] for name, field in LICENSED_FIELDS.items()}
    return {**people, **details, "state": states, "caller": [key == caller for key in ids]}


def _address_of(user: Row) -> str:
    return fold(str(user.get("email") or ""))


def _known_users(reply: Reply) -> list[Row]:
    """Return the users of a page, without whoever is not signed in."""
    known = [row for row in rows_of(reply, "results") if row.get("type") == "known"]
    return require_texts(known, ("userKey",), reply)


def _group_names(reply: Reply) -> list[str]:
    return texts_of(rows_of(reply, "results"), "name", reply)


def _next_start(reply: Reply) -> int | None:
    body = object_of(reply)
    links = object_in(body, "_links", reply) if body.get("_links") is not None else {}
    if not links.get("next"):
        return None
    starts = parse_qs(urlsplit(text_in(links, "next", reply)).query).get("start")
    if not starts:
        raise malformed("the address of the next page names no row to start at", reply)
    return number_in_text(starts[0], "the row of the next page", reply)
