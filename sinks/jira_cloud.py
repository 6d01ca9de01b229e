"""A Jira Cloud site: people, groups, seats and capacity, without Guard or an organisation key.

Needs: the e-mail address and API token of a site administrator who is an organisation administrator too
(letting people in asks for it). Reads: users (1,000 a page), groups, members (50 a page, side by side),
application roles. Writes: letting people in with products, group memberships, removal from the site.
Cannot: suspend, deactivate or rename anybody, or tell when somebody was last active. Speed: the site's
burst limit is shared by everybody who uses its API; it is learned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.findings import Finding
from provisioning.frames import Accounts, Action, Change, Entitlements, Screened, concat
from provisioning.intake import batches
from sinks import Applied, Look, cloud_rows, groups_named
from sinks.cloud_site import held_frame, site_of, tried
from sinks.jira_cloud_site import USERS_A_PAGE, Group, JiraSite
from sinks.jira_cloud_write import ACTIONS, JiraWriter
from sinks.one_pass import OnePass, Streams
from transport.auth import Basic
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError

FIELDS = {
    "account_id": "accountId",
    "email": "emailAddress",
    "display_name": "displayName",
    "kind": "accountType",
    "active": "active",
}
"""Which field of a user fills which column."""
CANNOT = (
    ("life of accounts",
     "a site cannot suspend, deactivate or delete accounts, nor change names and addresses",
     "Leavers are revoked and removed here; for more use atlassian_org or atlassian_scim."),
    ("last activity", "Jira Cloud tells nobody's last activity, so no seat here is ever called idle",
     "Read the organisation (atlassian_org) or its export beside, which know it."),
)  # fmt: skip
"""What this route cannot do: said by `check`, and refused before a request."""


class JiraCloudOptions(BaseModel):
    """What a connection of kind `jira_cloud` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the site, such as https://acme.atlassian.net.")
    email: str = Field(description="E-mail address of the administrator whose token it is.")
    token: SecretStr = Field(description="API token of that administrator.")
    page_size: int = Field(USERS_A_PAGE, ge=1, le=USERS_A_PAGE, description="Users a page.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class JiraCloud:
    """One site."""

    kind: ClassVar[str] = "jira_cloud"
    Options: ClassVar[type[BaseModel]] = JiraCloudOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    look_size: ClassVar[int] = 1

    def __init__(self, name: str, options: JiraCloudOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door
        self._pass = OnePass(self._read)
        self._lock = threading.Lock()
        self._groups: dict[str, Group] | None = None
        self._by_email: dict[str, str] = {}
        self._site_name = site_of(options.url)

    # Reading

    def accounts(self) -> Iterator[Screened]:
        """Pages of Accounts: everyone the site knows."""
        return self._pass.stream("accounts")

    def entitlements(self) -> Iterator[Screened]:
        """Pages of Entitlements: groups."""
        return self._pass.stream("entitlements")

    def grants(self) -> Iterator[Screened]:
        """One page of Grants: all groups and the products they open."""
        return self._pass.stream("grants")

    def seats(self) -> Iterator[Screened]:
        """One page of Seats, as they follow from groups; their use is unknown."""
        return self._pass.stream("seats")

    def capacity(self) -> Iterator[Screened]:
        """One page of Capacity: seats bought and taken by application role."""
        return self._pass.stream("capacity")

    def _read(self) -> Streams:
        """One pass over the whole site."""
        roles = self._site.roles()
        groups = self._remember(self._site.groups(roles))
        accounts = [
            self._accounts(columns) for columns in batches(self._site.users(), FIELDS, key="account_id")
        ]
        people = concat(Accounts, [page.frame for page in accounts])
        names = {group.group_id: group.name for group in groups.values()}
        members = self._site.members(list(groups.values()))
        held = held_frame(self.name, members, names, people["account_id"].tolist())
        grants = cloud_rows.grants_frame(self.name, self._site_name, _openings(groups.values()))
        counts = {role.key: (role.seats, role.used) for role in roles}
        return {
            "accounts": accounts,
            "entitlements": [held],
            "grants": [grants],
            "seats": [cloud_rows.seats_frame(people, held.frame, grants.frame)],
            "capacity": [cloud_rows.capacity_frame(self.name, self._site_name, counts)],
        }

    def _accounts(self, columns: Mapping[str, Sequence[Any]]) -> Screened:
        pairs = zip(columns["email"], columns["account_id"], strict=True)
        self._by_email.update((email.casefold(), key) for email, key in pairs if email)
        return cloud_rows.accounts_frame(self.name, columns, caller=self._caller)

    def _remember(self, groups: Sequence[Group]) -> dict[str, Group]:
        self._groups = {group.group_id: group for group in groups}
        return self._groups

    def groups(self) -> Mapping[str, Group]:
        """Groups by identifier, as last read."""
        with self._lock:
            return (
                self._remember(self._site.groups(self._site.roles()))
                if self._groups is None
                else self._groups
            )

    def look(self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()) -> Look:
        """Read a few accounts afresh, one request for each with its groups."""
        asked = {email: self._by_email.get(email.casefold()) or self._site.find(email) for email in emails}
        shown = {key: email for email, key in asked.items() if key}
        rows = self._site.some_users(list(dict.fromkeys([*account_ids, *shown])))
        for row in rows:
            row.setdefault("emailAddress", shown.get(row["accountId"]))
        accounts = [self._accounts(columns).frame for columns in batches([rows], FIELDS, key="account_id")]
        members: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for row in rows:
            for group in row["groups"]:
                members.setdefault(group["groupId"], []).append(row["accountId"])
                names[group["groupId"]] = group["name"]
        known = [row["accountId"] for row in rows]
        held = held_frame(self.name, members, names, known).frame
        there = groups_named(self._site.group_names(groups)) if groups else None
        return Look(concat(Accounts, accounts), concat(Entitlements, [held]), there)

    # Writing

    def bundle(self, change: Change) -> str:
        """Letting a person in takes the products of the granted groups along; any other change goes alone."""
        if change.action == Action.CREATE or change.account_id is None:
            return f"person {change.source} {change.source_id} {change.subject}"
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self._pass.end()
        return JiraWriter(self._client, self).apply(changes)

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the token can and cannot do; nothing is written."""
        site = self._site
        found = [
            tried(f"{self.name}: token", lambda: site.get("myself")),
            tried(f"{self.name}: rights", self._rights),
            tried(f"{self.name}: users", lambda: site.get("users/search", maxResults="1")),
            tried(f"{self.name}: groups", lambda: site.get("group/bulk", maxResults="1")),
            tried(f"{self.name}: products", site.roles),
        ]
        found += [Finding("warning", f"{self.name}: {what}", words, remedy) for what, words, remedy in CANNOT]
        return found

    def _rights(self) -> None:
        """Ask for the two permissions without which lists come back empty or refused."""
        told = self._site.get("mypermissions", permissions="ADMINISTER,USER_PICKER")["permissions"]
        lacking = [row["name"] for row in told.values() if not row["havePermission"]]
        if lacking:
            raise TransportError(
                f"the token lacks {' and '.join(lacking)}",
                remedy="Use the token of a site administrator, or give that account the permission.",
            )

    @cached_property
    def _caller(self) -> str:
        """The account whose token it is."""
        return str(self._site.get("myself")["accountId"])

    @cached_property
    def _site(self) -> JiraSite:
        return JiraSite(self._client, self._options.page_size)

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Basic(options.email, options.token)
        label = f"{options.email} on {self._site_name}"
        return self._door.client(options.url, auth, token_id=label, workers=options.workers)


def _openings(groups: Sequence[Group] | Any) -> list[cloud_rows.Opening]:
    """One row per group and product it opens."""
    return [
        cloud_rows.Opening(
            group.group_id, group.name, product, group.admin, product in group.default_of, group.modifiable
        )
        for group in groups
        for product in group.opens or (None,)
    ]
