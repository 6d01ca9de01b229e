"""A Jira Data Center server: what it reads and writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Columns
from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sinks import Applied
from sinks.jira_dc.options import JiraDcOptions
from sinks.kit.connection_check import Probe
from sinks.kit.datacenter import DataCenter
from sinks.kit.datacenter_rows import Installation, split_pairs
from sinks.kit.jira_server import API, FIELDS, Jira, accounts_of
from sinks.kit.waiting import wait_until
from transport.shape import Row, object_of, text_in

BODY = {"display_name": "displayName", "user_name": "name", "email": "emailAddress"}
"""Which field of a user a column is written to."""
UNDER_WAY = "anonymisation under way; the next run checks it"


class JiraDc(DataCenter):
    """One server."""

    kind: ClassVar[str] = JiraDcOptions.kind
    Options: ClassVar[type[BaseModel]] = JiraDcOptions
    fields: ClassVar[frozenset[str]] = frozenset({"display_name", "user_name"})

    def __init__(self, name: str, options: JiraDcOptions, door: Any) -> None:
        super().__init__(name, options, door)
        self._anonymizing = threading.Lock()

    # Reading

    def read_all(self) -> Installation:
        """Read everybody and every group."""
        return self._jira.read_all()

    def read_some(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],  # noqa: ARG002  addresses are shown
    ) -> Installation:
        """Read users by key or by address."""
        jira = self._jira
        by_key = self.client.in_parallel(partial(self._by_key, key) for key in account_ids)
        by_email = self.client.in_parallel(partial(jira.find, email) for email in emails)
        users = {row["key"]: row for rows in (*by_key, *by_email) for row in rows}
        people = Columns(FIELDS.names, key="account_id")
        people.add(FIELDS(list(users.values())))
        pairs = ((key, group["name"]) for key, row in users.items() for group in row["groups"])
        return Installation(accounts_of(people.take(), self._caller), split_pairs(pairs))

    def _by_key(self, key: str) -> list[Row]:
        row = self._jira.user(key=key)
        return [] if row is None else [row]

    @cached_property
    def _caller(self) -> str:
        return self._jira.caller()

    @cached_property
    def _jira(self) -> Jira:
        return Jira(self.client, self._options.page_size)

    def group_names(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002  the server lists them all
        """Return those of some names that groups bear, with all others."""
        return [group.name for group in self._jira.groups([])]

    # Writing

    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make a user without any application; what it shall hold is granted by groups."""
        body = {"name": name, "emailAddress": email, "displayName": wanted["display_name"]}
        reply = self.client.write("POST", f"{API}/user", {**body, "applicationKeys": []})
        return text_in(object_of(reply), "key", reply)

    def create_group(self, name: str) -> None:
        """Make a group."""
        self.client.write("POST", f"{API}/group", {"name": name})

    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of a user."""
        if action in (Action.GRANT, Action.REVOKE):
            self._member(action, self.account(account_id)["user_name"], str(change.entitlement_id))
        elif action == Action.DELETE:
            return self._delete(account_id)
        else:
            self.client.write(
                "PUT", f"{API}/user", self._body(action, account_id, change), {"key": account_id}
            )
        return None

    def _member(self, action: Action, name: str, group: str) -> None:
        path, query = f"{API}/group/user", {"groupname": group}
        if action == Action.GRANT:
            self.client.write("POST", path, {"name": name}, query)
        else:
            self.client.write("DELETE", path, params={**query, "username": name})

    def _body(self, action: Action, account_id: str, change: Change) -> dict[str, Any]:
        if action == Action.DEACTIVATE:
            self._refuse_shadowed(account_id)
            return {"active": False}
        if action == Action.REACTIVATE:
            return {"active": True}
        return {BODY[name]: value for name, value in json.loads(change.after).items()}

    def _delete(self, account_id: str) -> Applied | None:
        self._refuse_shadowed(account_id)
        if self._options.anonymize:
            return self._anonymize(account_id)
        self.client.write("DELETE", f"{API}/user", params={"key": account_id})
        return None

    def _refuse_shadowed(self, account_id: str) -> None:
        """Refuse to end an account that hides another one of the same name."""
        name = str(self.account(account_id)["user_name"]).lower()
        places = self._duplicated.get(name)
        if places:
            raise Refused(
                f"{name} exists in several directories ({', '.join(places)}): the other account would remain",
                remedy="Keep the account in only one of Jira's user directories, then run again.",
            )

    @cached_property
    def _duplicated(self) -> dict[str, list[str]]:
        return self._jira.duplicated()

    def _anonymize(self, account_id: str) -> Applied | None:
        """Anonymise a user; the server does one at a time."""
        owner = {"newOwnerKey": self._options.new_owner} if self._options.new_owner else {}
        with self._anonymizing:
            reply = self.client.write("POST", f"{API}/user/anonymization", {"userKey": account_id, **owner})
            progress = text_in(object_of(reply), "progressUrl", reply)
            if wait_until(partial(self._jira.is_anonymized, progress), self._door.retry_policy):
                return None
        return Applied(account_id, propagating=True, message=UNDER_WAY)

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        jira = self._jira
        return {
            "version": lambda: Finding("ok", f"{self.name}: version", ".".join(map(str, jira.version))),
            "users": self._check_users,
            "groups": lambda: jira.groups([]),
            "application roles": jira.roles,
            "directories": self._check_directories,
        }

    def _check_users(self) -> Finding | None:
        version = ".".join(map(str, self._jira.version))
        if self._jira.lists_users or self._jira.searches_whole:
            return None
        words = (
            f"Jira {version} cannot list its users, and its search shows only the first 100: accounts are "
            "read from the members of all groups, so people in no group are not seen"
        )
        return self.warn("users", words, "Upgrade to Jira 10.3 or later to see everybody.")

    def _check_directories(self) -> Finding | None:
        duplicated = self._jira.duplicated()
        if not duplicated:
            return None
        names = ", ".join(f"{name} ({', '.join(places)})" for name, places in sorted(duplicated.items())[:10])
        words = f"{len(duplicated)} user names exist in several directories: {names}"
        return self.warn(
            "directories", words, "None of them is deactivated or deleted while there are several."
        )
