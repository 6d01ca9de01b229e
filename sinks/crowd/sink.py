"""A Crowd server: what it reads and writes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import AccountState, Action, Deployment
from sinks import Applied
from sinks.crowd.options import CrowdOptions
from sinks.crowd.read import API, CrowdServer, groups_of
from sinks.kit.connection_check import Probe
from sinks.kit.datacenter import DataCenter
from sinks.kit.datacenter_rows import Installation
from transport.auth import Basic
from transport.bounds import Bounds
from transport.client import Client
from transport.errors import NotFound
from transport.parallel import beside
from transport.redact import conceal

PRODUCT = "crowd"
BODY = {
    "display_name": "display-name",
    "given_name": "first-name",
    "family_name": "last-name",
    "email": "email",
}
"""Which field of a user a column is written to; a write that leaves one out blanks it."""
BOUNDS = Bounds(seconds=600, size=512 << 20)
"""Crowd gives all memberships of a company in one answer."""


class Crowd(DataCenter):
    """One server, as one application sees it."""

    kind: ClassVar[str] = CrowdOptions.kind
    Options: ClassVar[type[BaseModel]] = CrowdOptions
    deployment: ClassVar[Deployment] = Deployment.DIRECTORY
    fields: ClassVar[frozenset[str]] = frozenset({"display_name", "given_name", "family_name"})
    credential_remedy: ClassVar[str] = (
        "Give the password of an application of Crowd, with this machine among its remote addresses."
    )

    # Reading

    def read_all(self) -> Installation:
        """Read everybody and every group; each active user counts for Crowd's own licence."""
        crowd = self._crowd
        with beside() as begin:
            everybody, named = begin(crowd.users), begin(crowd.groups)
            tree = crowd.memberships()
            columns, names = everybody.result(), named.result()
        groups = groups_of(names, self._options.products, tree)
        pairs = zip(columns["account_id"], columns["state"], strict=True)
        active = frozenset(name for name, state in pairs if state == AccountState.ACTIVE.value)
        return Installation(columns, tree.flat(), groups, licensed={PRODUCT: active})

    def read_some(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],  # noqa: ARG002  addresses are shown
    ) -> Installation:
        """Read users by name or address."""
        columns = self._crowd.some_users(account_ids, emails)
        return Installation(columns, self._crowd.memberships_of(columns["account_id"]))

    @cached_property
    def _crowd(self) -> CrowdServer:
        return CrowdServer(self.client, self._options.page_size)

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear."""
        return self._crowd.group_names(names)

    # Writing

    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make a user with a password nobody knows."""
        password = secrets.token_urlsafe(24)
        conceal(password)
        body = {field: wanted.get(column) or "" for column, field in BODY.items()}
        body |= {"name": name, "email": email, "password": {"value": password}, "active": True}
        self.client.write("POST", f"{API}/user", body)
        return name.lower()

    def create_group(self, name: str) -> None:
        """Make a group."""
        self.client.write("POST", f"{API}/group", {"name": name, "type": "GROUP", "active": True})

    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of a user."""
        user = {"username": account_id}
        if action == Action.GRANT:
            self.client.write("POST", f"{API}/user/group/direct", {"name": change.entitlement_id}, user)
        elif action == Action.REVOKE:
            self._revoke(account_id, change)
        elif action == Action.DELETE:
            self.client.write("DELETE", f"{API}/user", params=user)
        else:
            self.client.write("PUT", f"{API}/user", self._replacement(action, account_id, change), user)
        return None

    def _revoke(self, account_id: str, change: Change) -> None:
        group = str(change.entitlement_id)
        try:
            query = {"username": account_id, "groupname": group}
            self.client.write("DELETE", f"{API}/user/group/direct", params=query)
        except NotFound:
            if through := self._crowd.memberships().through(account_id, group):
                raise Refused(
                    f"{change.subject} is in {group} through {', '.join(through)}, not directly",
                    remedy=f"Take the person out of {through[0]}, or take {through[0]} out of {group}.",
                ) from None
            raise

    def _replacement(self, action: Action, account_id: str, change: Change) -> dict[str, Any]:
        """Return the user whole: what changes, and all the rest as last observed."""
        account = dict(self.account(account_id))
        if action in (Action.UPDATE, Action.UPDATE_EMAIL):
            account |= json.loads(change.after)
        active = account["state"] == AccountState.ACTIVE.value
        if action in (Action.DEACTIVATE, Action.REACTIVATE):
            active = action == Action.REACTIVATE
        body = {field: account.get(column) or "" for column, field in BODY.items()}
        return {**body, "name": account["user_name"], "active": active}

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        crowd = self._crowd
        probes: dict[str, Probe] = {
            "users": partial(crowd.read_one, "user"),
            "groups": partial(crowd.read_one, "group"),
        }
        if not self._options.products:
            words = "Crowd does not tell which group opens which product, so no group grants a seat"
            remedy = "Name the groups under `products`, unless each product is a connection of its own."
            probes["products"] = lambda: self.warn("products", words, remedy)
        return probes

    @cached_property
    def client(self) -> Client:
        """The client; the application has one bucket for all its requests."""
        options = self._options
        return self._door.client(
            options.url,
            Basic(options.application, options.password),
            token_id=f"{options.url} {options.application}",
            bucket=lambda _method, _path: "all",
            workers=options.workers,
            bounds=BOUNDS,
        )
