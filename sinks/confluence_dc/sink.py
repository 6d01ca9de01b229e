"""A Confluence Data Center server: what it reads and writes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel, Field

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Action, Change
from sinks import Applied
from sinks.confluence_dc.read import API, PRODUCT, Confluence
from sinks.kit.datacenter import DataCenter, DataCenterOptions
from sinks.kit.datacenter_pages import in_time
from sinks.kit.datacenter_rows import Whole
from transport.errors import BadRequest
from transport.redact import conceal

FORBIDDEN = frozenset("\\,+<>'\" \t")
UNDER_WAY = "the server deletes it later; the next run looks again"


class ConfluenceDcOptions(DataCenterOptions):
    """What a connection of kind `confluence_dc` may say."""

    notify: bool = Field(False, description="Whether Confluence sends new users an e-mail.")
    licensed_groups: list[str] | None = Field(
        None, description="Groups that may use Confluence; asked of the server when not given."
    )


class ConfluenceDc(DataCenter):
    """One server."""

    kind: ClassVar[str] = "confluence_dc"
    Options: ClassVar[type[BaseModel]] = ConfluenceDcOptions
    look_size: ClassVar[int] = 100

    def __init__(self, name: str, options: ConfluenceDcOptions, door: Any) -> None:
        super().__init__(name, options, door)
        self._made: dict[str, str] = {}

    # Reading

    def whole(self) -> Whole:
        """Everybody and every group."""
        return self._confluence.whole()

    def some(self, account_ids: Sequence[str], emails: Sequence[str]) -> Whole:
        """Users by key, or by the address of those who count for the licence."""
        return self._confluence.some(account_ids, emails, dict(self._made))

    @cached_property
    def _confluence(self) -> Confluence:
        options = self._options
        return Confluence(self.client, options.page_size, options.licensed_groups)

    def group_names(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002  the server lists them all
        """Those of some names that groups bear, with all others."""
        return self._confluence.group_names()

    # Writing

    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make a user in no group."""
        if FORBIDDEN & set(name) or name.lower() == "anonymous":
            raise Refused(
                f"{name} cannot be a user name: it must hold no space and none of \\ , + < > ' \"",
                remedy="State `attributes.user_name` with a transform that gives another.",
            )
        body = {"userName": name.lower(), "fullName": wanted["display_name"], "email": email}
        self._made[email] = name.lower()
        reply = self.client.write("POST", f"{API}/admin/user", {**body, **self._first_password()})
        return str(reply.json()["userKey"])

    def _first_password(self) -> dict[str, Any]:
        """A password nobody knows, or a mail that lets its reader choose one."""
        if self._options.notify:
            return {"notifyViaEmail": True}
        password = secrets.token_urlsafe(24)
        conceal(password)
        return {"password": password}

    def create_group(self, name: str) -> None:
        """Make a group."""
        self.client.write("POST", f"{API}/admin/group", {"name": name, "type": "group"})

    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of a user."""
        name = quote(self.facts(account_id)["user_name"], safe="@")
        home = f"{API}/admin/user/{name}"
        if action in (Action.GRANT, Action.REVOKE):
            verb = "PUT" if action == Action.GRANT else "DELETE"
            self.client.write(verb, f"{API}/user/{name}/group/{quote(str(change.entitlement_id), safe='')}")
        elif action == Action.DELETE:
            return self._delete(home, account_id)
        elif action in (Action.DEACTIVATE, Action.REACTIVATE):
            self.client.write("PUT", f"{home}/{'disable' if action == Action.DEACTIVATE else 'enable'}")
        else:
            self.client.write("PUT", home, self._profile(account_id, json.loads(change.after)))
        return None

    def _profile(self, account_id: str, after: Mapping[str, Any]) -> dict[str, Any]:
        """The whole profile: what changes, and what is known of the rest."""
        facts = {**self.facts(account_id), **after}
        body = {"fullName": facts.get("display_name"), "email": facts.get("email")}
        return {field: value for field, value in body.items() if value}

    def _delete(self, home: str, account_id: str) -> Applied | None:
        """Ask for a deletion and wait for it as long as patience lasts."""
        task = self.client.write("DELETE", home).json()["id"]
        if in_time(self._door.retry_policy, partial(self._done, task)):
            return None
        return Applied(account_id, propagating=True, message=UNDER_WAY)

    def _done(self, task: str) -> bool:
        body = self.client.get(f"{API}/longtask/{quote(str(task))}").json()
        if body["percentageComplete"] < 100:
            return False
        if not body["successful"]:
            said = "; ".join(str(message.get("translation") or message) for message in body["messages"])
            raise BadRequest(f"the deletion failed: {said}", remedy="Look at the user in Confluence.")
        return True

    # Checking

    def sights(self) -> Mapping[str, Any]:
        """What a check tries."""
        confluence = self._confluence
        return {
            "version": lambda: Finding("ok", f"{self.name}: version", confluence.version()),
            "users": lambda: confluence.glance("/user/list"),
            "users that count": lambda: confluence.glance("/admin/users/list/active"),
            "groups": lambda: confluence.glance("/group"),
            "licence": self._see_licence,
            "addresses": self._see_addresses,
        }

    def _see_licence(self) -> Finding | None:
        if self._confluence.licence():
            return None
        return self.warn(
            "licence", "the number of seats is not told", "Nothing to do; capacity is not checked."
        )

    def _see_addresses(self) -> Finding:
        words = f"addresses are told of those alone who count for the {PRODUCT} licence"
        return self.warn(
            "addresses", words, "Let `correlate` name user_name, so that the others are found too."
        )
