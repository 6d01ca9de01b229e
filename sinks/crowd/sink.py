"""A Crowd server: what it reads and writes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.model.frames import AccountState, Action, Change
from sinks import Applied
from sinks.crowd.read import API, groups_of
from sinks.crowd.read import Crowd as Server
from sinks.kit.datacenter import DataCenter
from sinks.kit.datacenter_rows import Whole
from transport.auth import Basic
from transport.client import Client
from transport.redact import conceal

PRODUCT = "crowd"
BODY = {
    "display_name": "display-name",
    "given_name": "first-name",
    "family_name": "last-name",
    "email": "email",
}
"""Which field of a user a column is written to; a write that leaves one out blanks it."""


class CrowdOptions(BaseModel):
    """What a connection of kind `crowd` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of Crowd, with its context path.")
    application: str = Field(description="Name of the application in Crowd.")
    password: SecretStr = Field(description="That application's password.")
    products: dict[str, list[str]] = Field(
        {}, description="Groups that open each product, where no other connection reads that product."
    )
    site: str | None = Field(None, description="Name of the site in reports; the host when not given.")
    page_size: int = Field(1000, ge=1, le=1000, description="Rows a page.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class Crowd(DataCenter):
    """One server, as one application sees it."""

    kind: ClassVar[str] = "crowd"
    Options: ClassVar[type[BaseModel]] = CrowdOptions
    look_size: ClassVar[int] = 20
    fields: ClassVar[frozenset[str]] = frozenset({"display_name", "given_name", "family_name"})
    refused: ClassVar[str] = (
        "It is an application's password, and this address must be among its remote ones."
    )

    # Reading

    def whole(self) -> Whole:
        """Everybody and every group; each active user counts for Crowd's own licence."""
        columns = self._crowd.users()
        groups = groups_of([row["name"] for row in self._crowd.groups()], self._options.products)
        pairs = zip(columns["account_id"], columns["state"], strict=True)
        active = frozenset(name for name, state in pairs if state == AccountState.ACTIVE.value)
        return Whole(columns, self._crowd.memberships(), groups, [], counted={PRODUCT: active})

    def some(self, account_ids: Sequence[str], emails: Sequence[str]) -> Whole:
        """Users by name or address."""
        columns = self._crowd.some_users(account_ids, emails)
        return Whole(columns, self._crowd.memberships_of(columns["account_id"]), [], [])

    @cached_property
    def _crowd(self) -> Server:
        return Server(self.client, self._options.page_size)

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear."""
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
            query = {**user, "groupname": str(change.entitlement_id)}
            self.client.write("DELETE", f"{API}/user/group/direct", params=query)
        elif action == Action.DELETE:
            self.client.write("DELETE", f"{API}/user", params=user)
        else:
            self.client.write("PUT", f"{API}/user", self._replacement(action, account_id, change), user)
        return None

    def _replacement(self, action: Action, account_id: str, change: Change) -> dict[str, Any]:
        """The user whole: what changes, and all the rest as the last look showed it."""
        facts = dict(self.facts(account_id))
        if action in (Action.UPDATE, Action.UPDATE_EMAIL):
            facts |= json.loads(change.after)
        active = facts["state"] == AccountState.ACTIVE.value
        if action in (Action.DEACTIVATE, Action.REACTIVATE):
            active = action == Action.REACTIVATE
        body = {field: facts.get(column) or "" for column, field in BODY.items()}
        return {**body, "name": facts["user_name"], "active": active}

    # Checking

    def sights(self) -> Mapping[str, Any]:
        """What a check tries."""
        crowd = self._crowd
        seen = {"users": partial(crowd.glance, "user"), "groups": partial(crowd.glance, "group")}
        if self._options.products:
            return seen
        words = "Crowd does not tell which group opens which product, so no group gives a seat"
        remedy = "Name them under `products`, unless the products are connections of their own."
        return {**seen, "products": lambda: self.warn("products", words, remedy)}

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
        )
