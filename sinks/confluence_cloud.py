"""A Confluence Cloud site: who may use it, groups and seats, without Guard or an organisation key.

Needs: the e-mail address and API token of a site administrator. Reads: a search for everyone who may use
Confluence, groups by what they give, members (200 a page, side by side). Writes: group memberships.
Cannot: let in, suspend or remove anybody, see who is suspended, or tell when somebody was last active; a
person without access is known as a member of other groups alone. Speed: the burst limit of the site is
shared by everybody who uses its API; it is learned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.findings import Finding, Refused
from provisioning.frames import Accounts, Action, Change, Entitlements, Screened, concat
from provisioning.intake import batches
from sinks import Applied, Look, cloud_rows, groups_named
from sinks.cloud_site import UNABLE, held_frame, permit, site_of, tried
from sinks.confluence_cloud_site import API, PAGE, ConfluenceSite, Group
from sinks.new_group import make_group
from sinks.numbered_pages import Row
from sinks.one_pass import OnePass, Streams
from transport.auth import Basic
from transport.client import Client
from transport.door import Door

FIELDS = {
    "account_id": "accountId",
    "email": "email",
    "display_name": "displayName",
    "kind": "accountType",
}
"""Which field of a user fills which column."""
KINDS = {"atlassian": "person", "app": "app", "": "customer"}
"""Confluence has no word for those who are neither people nor apps; they are left alone."""
PRODUCT = "confluence"
ACTIONS = frozenset({Action.CREATE_GROUP, Action.GRANT, Action.REVOKE})
NOBODY = (
    "Confluence lets nobody in and removes nobody",
    "Use a connection of kind jira_cloud or atlassian_org for it, or do it on the admin site.",
)
CANNOT = (
    (
        "life of accounts",
        "Confluence can neither let in, suspend nor remove anybody; it only gives and takes groups",
        NOBODY[1],
    ),
    (
        "suspended accounts",
        "Confluence leaves suspended accounts out of its lists and does not say so",
        "Read the organisation (atlassian_org) beside, where they are to be seen.",
    ),
    (
        "last activity",
        "Confluence tells nobody's last activity, so no seat here is ever called idle",
        "Read the organisation (atlassian_org) or its export beside, which know it.",
    ),
)
"""What this route cannot do: said by `check`, and refused before a request."""


class ConfluenceCloudOptions(BaseModel):
    """What a connection of kind `confluence_cloud` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the site, such as https://acme.atlassian.net, without /wiki.")
    email: str = Field(description="E-mail address of the administrator whose token it is.")
    token: SecretStr = Field(description="API token of that administrator.")
    page_size: int = Field(PAGE, ge=1, le=PAGE, description="Rows a page.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class ConfluenceCloud:
    """One site."""

    kind: ClassVar[str] = "confluence_cloud"
    Options: ClassVar[type[BaseModel]] = ConfluenceCloudOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    look_size: ClassVar[int] = 100

    def __init__(self, name: str, options: ConfluenceCloudOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door
        self._url = options.url.rstrip("/").removesuffix("/wiki")
        self._site_name = site_of(self._url)
        self._pass = OnePass(self._read)
        self._lock = threading.Lock()
        self._groups: dict[str, Group] | None = None
        self._by_email: dict[str, str] = {}
        self._knows_all = False

    # Reading

    def accounts(self) -> Iterator[Screened]:
        """Pages of Accounts: all who may use Confluence, and members of any group."""
        return self._pass.stream("accounts")

    def entitlements(self) -> Iterator[Screened]:
        """Pages of Entitlements: groups."""
        return self._pass.stream("entitlements")

    def grants(self) -> Iterator[Screened]:
        """One page of Grants: all groups, and whether they open Confluence."""
        return self._pass.stream("grants")

    def seats(self) -> Iterator[Screened]:
        """One page of Seats, as they follow from groups; their use is unknown."""
        return self._pass.stream("seats")

    def capacity(self) -> Iterator[Screened]:
        """Nothing: Confluence does not tell how many seats were bought."""
        return self._pass.stream("capacity")

    def _read(self) -> Streams:
        """One pass over the whole site."""
        groups = self._remember(self._site.groups())
        members: dict[str, list[str]] = {key: [] for key in groups}

        def met() -> Iterator[list[Row]]:
            for group, rows in self._site.members(list(groups.values())):
                members[group.group_id] += [row["accountId"] for row in rows]
                yield rows

        everyone = batches(chain(self._site.users(), met()), FIELDS, key="account_id")
        accounts = [self._accounts(columns) for columns in everyone]
        self._knows_all = True
        people = concat(Accounts, [page.frame for page in accounts])
        names = {group.group_id: group.name for group in groups.values()}
        held = held_frame(self.name, members, names, people["account_id"].tolist())
        grants = cloud_rows.grants_frame(self.name, self._site_name, _openings(groups))
        return {
            "accounts": accounts,
            "entitlements": [held],
            "grants": [grants],
            "seats": [cloud_rows.seats_frame(people, held.frame, grants.frame)],
            "capacity": [],
        }

    def _accounts(self, columns: Mapping[str, Sequence[Any]]) -> Screened:
        pairs = zip(columns["email"], columns["account_id"], strict=True)
        self._by_email.update((email.casefold(), key) for email, key in pairs if email)
        listed = {**columns, "active": [True] * len(columns["account_id"])}
        return cloud_rows.accounts_frame(self.name, listed, caller=self._caller, kinds=KINDS)

    def _remember(self, groups: Sequence[Group]) -> dict[str, Group]:
        self._groups = {group.group_id: group for group in groups}
        return self._groups

    def look(self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()) -> Look:
        """Read a few accounts afresh; addresses are those that the last whole read showed."""
        found = [self._address_book.get(email.casefold()) for email in emails]
        rows = self._site.some_users(list(dict.fromkeys([*account_ids, *filter(None, found)])))
        accounts = [self._accounts(columns).frame for columns in batches([rows], FIELDS, key="account_id")]
        members: dict[str, list[str]] = {}
        names = {group["id"]: group["name"] for row in rows for group in row["groups"]}
        for row in rows:
            for group in row["groups"]:
                members.setdefault(group["id"], []).append(row["accountId"])
        held = held_frame(self.name, members, names, [row["accountId"] for row in rows]).frame
        there = groups_named(self._site.group_names()) if groups else None
        return Look(concat(Accounts, accounts), concat(Entitlements, [held]), there)

    @property
    def _address_book(self) -> Mapping[str, str]:
        """Account by e-mail address; Confluence finds nobody by it, so it takes a whole read."""
        with self._lock:
            if not self._knows_all:
                self._read()
            return self._by_email

    # Writing

    def bundle(self, change: Change) -> str:
        """Each change goes alone."""
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make one change.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        (change,) = changes
        self._permit(change)
        if change.action == Action.CREATE_GROUP:
            name = str(change.entitlement)
            self._pass.end()
            send = partial(self._client.write, "POST", f"{API}/group", {"name": name})
            return make_group(name, send, self)
        if change.account_id is None:
            raise Refused(f"{change.subject} has no account here", remedy=NOBODY[1])
        self._pass.end()
        params = {"groupId": str(change.entitlement_id)}
        if change.action == Action.GRANT:
            body = {"accountId": change.account_id}
            self._client.write("POST", f"{API}/group/userByGroupId", body, params)
        else:
            params["accountId"] = change.account_id
            self._client.write("DELETE", f"{API}/group/userByGroupId", params=params)
        return Applied(change.account_id)

    def _permit(self, change: Change) -> None:
        permit(change, ACTIONS, {**UNABLE, Action.CREATE: NOBODY, Action.REMOVE: NOBODY})
        with self._lock:
            groups = self._groups or self._remember(self._site.groups())
        group = groups.get(str(change.entitlement_id))
        if group and not group.modifiable:
            raise Refused(
                f"group {group.name} is kept by a synced identity provider, which would undo the change",
                remedy="Change the membership there, or leave the group out of the policy.",
            )

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the token can and cannot do; nothing is written."""
        site = self._site
        found = [
            tried(f"{self.name}: token", lambda: site.get("user/current")),
            tried(f"{self.name}: users", lambda: site.get("search/user", cql="type=user", limit="1")),
            tried(f"{self.name}: groups", lambda: site.get("group", limit="1")),
        ]
        found += [Finding("warning", f"{self.name}: {what}", words, remedy) for what, words, remedy in CANNOT]
        return found

    @cached_property
    def _caller(self) -> str:
        """The account whose token it is."""
        return str(self._site.get("user/current")["accountId"])

    @cached_property
    def _site(self) -> ConfluenceSite:
        return ConfluenceSite(self._client, self._options.page_size)

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Basic(options.email, options.token)
        label = f"{options.email} on {self._site_name}"
        return self._door.client(self._url, auth, token_id=label, workers=options.workers)


def _openings(groups: Mapping[str, Group]) -> list[cloud_rows.Opening]:
    return [
        cloud_rows.Opening(
            group.group_id, group.name, PRODUCT if group.opens else None, group.admin, False, group.modifiable
        )
        for group in groups.values()
    ]
