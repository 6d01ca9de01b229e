"""A Confluence Data Center server: what it reads and writes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sinks import Applied
from sinks.confluence_dc.options import ConfluenceDcOptions
from sinks.confluence_dc.read import API, PRODUCT, SPECIAL, Confluence
from sinks.kit.connection_check import Probe
from sinks.kit.datacenter import DataCenter
from sinks.kit.datacenter_rows import Installation
from sinks.kit.waiting import wait_until
from transport.redact import conceal
from transport.shape import object_of, text_in

FORBIDDEN = frozenset("/\\,+<>'\" \t")
"""Letters that a user name must not hold: Confluence refuses them, or cannot be asked for them in a path."""
UNDER_WAY = "the server deletes it in the background; the next run checks it"


class ConfluenceDc(DataCenter):
    """One server."""

    kind: ClassVar[str] = ConfluenceDcOptions.kind
    Options: ClassVar[type[BaseModel]] = ConfluenceDcOptions

    def __init__(self, name: str, options: ConfluenceDcOptions, door: Any) -> None:
        super().__init__(name, options, door)
        self._created: dict[str, str] = {}

    # Reading

    def read_all(self) -> Installation:
        """Read everybody and every group."""
        return self._confluence.read_all()

    def read_some(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],
    ) -> Installation:
        """Read users by key, by the address of those who count for the licence, or by user name."""
        return self._confluence.read_some(account_ids, emails, user_names, dict(self._created))

    @cached_property
    def _confluence(self) -> Confluence:
        options = self._options
        return Confluence(self.client, options.page_size, options.licensed_groups)

    def group_names(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002  the server lists them all
        """Return those of some names that groups bear, with all others."""
        return self._confluence.group_names()

    # Writing

    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make a user in no group."""
        if FORBIDDEN & set(name) or name.lower() == "anonymous":
            raise Refused(
                f"{name} cannot be a user name: it must hold no space and none of / \\ , + < > ' \"",
                remedy="State `attributes.user_name` with a transform that gives another.",
            )
        body = {"userName": name.lower(), "fullName": wanted["display_name"], "email": email}
        self._created[email] = name.lower()
        reply = self.client.write("POST", f"{API}/admin/user", {**body, **self._first_password()})
        return text_in(object_of(reply), "userKey", reply)

    def _first_password(self) -> dict[str, Any]:
        """A password nobody knows, or a mail that lets its reader choose one."""
        if self._options.notify:
            return {"notifyViaEmail": True}
        password = secrets.token_urlsafe(24)
        conceal(password)
        return {"password": password}

    def create_group(self, name: str) -> None:
        """Make a group whose name can be asked for afterwards."""
        if self._options.licensed_groups is None and (odd := sorted(SPECIAL & set(name))):
            raise Refused(
                f"a group named {name} could not be read again: Confluence does not take {' '.join(odd)} "
                "in the path that tells what it may do",
                remedy="Map it to another name with `groups: rename`, or name the groups that may use "
                f"Confluence as `licensed_groups` of connection {self.name}.",
            )
        self.client.write("POST", f"{API}/admin/group", {"name": name, "type": "group"})

    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of a user."""
        name = quote(self.account(account_id)["user_name"], safe="@")
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
        """Return the whole profile: what changes, and what is known of the rest."""
        account = {**self.account(account_id), **after}
        body = {"fullName": account.get("display_name"), "email": account.get("email")}
        return {field: value for field, value in body.items() if value}

    def _delete(self, home: str, account_id: str) -> Applied | None:
        """Ask for a deletion and wait for it as long as the retry policy lets us."""
        reply = self.client.write("DELETE", home)
        task = text_in(object_of(reply), "id", reply)
        if wait_until(partial(self._confluence.is_deleted, task), self._door.retry_policy):
            return None
        return Applied(account_id, propagating=True, message=UNDER_WAY)

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        confluence = self._confluence
        return {
            "version": lambda: Finding("ok", f"{self.name}: version", confluence.version()),
            "users": lambda: confluence.read_one("/user/list"),
            "users that count": lambda: confluence.read_one("/admin/users/list/active"),
            "groups": lambda: confluence.read_one("/group"),
            "licence": self._check_licence,
            "addresses": self._check_addresses,
        }

    def _check_licence(self) -> Finding | None:
        if self._confluence.licence():
            return None
        return self.warn(
            "licence",
            "the server does not tell the number of seats",
            "Nothing to do; capacity is not checked.",
        )

    def _check_addresses(self) -> Finding:
        words = f"the server tells the addresses only of people who count for the {PRODUCT} licence"
        return self.warn(
            "addresses", words, "Add user_name to `correlate`, so that the others are found too."
        )
