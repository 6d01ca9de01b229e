"""A Bitbucket Data Center server: what it reads and writes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action, EntitlementKind
from sinks import Applied
from sinks.bitbucket_dc.options import BitbucketDcOptions
from sinks.bitbucket_dc.read import API, LEVELS, PERMISSIONS, Bitbucket
from sinks.kit.connection_check import Probe
from sinks.kit.datacenter import SETS, DataCenter
from sinks.kit.datacenter_rows import Installation
from sinks.kit.target_reader import find_account
from transport.errors import ReadOnly, TransportError, UnknownOutcome
from transport.redact import conceal
from transport.shape import Row


class BitbucketDc(DataCenter):
    """One server."""

    kind: ClassVar[str] = BitbucketDcOptions.kind
    Options: ClassVar[type[BaseModel]] = BitbucketDcOptions
    actions: ClassVar[frozenset[Action]] = DataCenter.actions - {Action.DEACTIVATE, Action.REACTIVATE}

    # Reading

    def read_all(self) -> Installation:
        """Read everybody and every group."""
        return self._bitbucket.read_all()

    def read_some(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        user_names: Mapping[str, str],  # noqa: ARG002  addresses are shown
    ) -> Installation:
        """Read users by name or address."""
        return self._bitbucket.read_some(account_ids, emails)

    @cached_property
    def _bitbucket(self) -> Bitbucket:
        return Bitbucket(self.client, self._options.page_size)

    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear, with others that resemble them."""
        return self._bitbucket.group_names(names)

    # Writing

    def bundle(self, change: Change) -> str:
        """Groups of one account go in one request."""
        if change.action == Action.GRANT and change.account_id and change.kind == EntitlementKind.GROUP:
            return f"groups {change.account_id}"
        return super().bundle(change)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `DataCenter.apply`."""
        grants = [c for c in changes if c.action == Action.GRANT and c.kind == EntitlementKind.GROUP]
        if len(grants) < 2:
            return super().apply(changes)
        for change in changes:
            self.permit(change)
        others = [change for change in changes if change not in grants]
        if others:
            applied = super().apply(others)
        else:
            applied = Applied(grants[0].account_id or find_account(self, grants[0].subject))
        failed = self._join_all(str(applied.account_id), grants)
        return applied._replace(failed={**applied.failed, **failed})

    def _join_all(self, account_id: str, grants: Sequence[Change]) -> Mapping[str, str]:
        """Put an account into several groups at once; where that fails, try them one by one."""
        try:
            self._join(account_id, [str(change.entitlement_id) for change in grants])
        except (UnknownOutcome, ReadOnly):
            raise
        except (Refused, TransportError):
            return self._make_each(account_id, grants, None).failed
        return {}

    def permit(self, change: Change) -> None:
        """Permit besides the permissions that open Bitbucket to an account itself."""
        permission = PERMISSIONS.get(str(change.entitlement_id))
        if change.action not in SETS or permission is None or change.kind != permission.kind:
            super().permit(change)

    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make a user in no group."""
        query = {"name": name, "displayName": wanted["display_name"], "emailAddress": email}
        query["addToDefaultGroup"] = "false"
        if self._options.notify:
            query["notify"] = "true"
        else:
            query["password"] = secrets.token_urlsafe(24)
            conceal(query["password"])
        self.client.write("POST", f"{API}/admin/users", params=query)
        return name.lower()

    def create_group(self, name: str) -> None:
        """Make a group."""
        self.client.write("POST", f"{API}/admin/groups", params={"name": name})

    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of a user."""
        name, entitlement_id = account_id, str(change.entitlement_id)
        if action in SETS and change.kind != EntitlementKind.GROUP:
            self._set_permission(action, name, entitlement_id)
        elif action == Action.GRANT:
            self._join(name, [entitlement_id])
        elif action == Action.REVOKE:
            self._refuse_fixed(account_id, "mutableGroups", "groups")
            self.client.write(
                "POST", f"{API}/admin/users/remove-group", {"context": name, "itemName": entitlement_id}
            )
        elif action == Action.DELETE:
            self._refuse_fixed(account_id, "deletable", "life")
            self.client.write("DELETE", f"{API}/admin/users", params={"name": name})
        else:
            self.client.write(
                "PUT", f"{API}/admin/users", self._profile(account_id, json.loads(change.after))
            )
        return None

    def _set_permission(self, action: Action, name: str, level: str) -> None:
        """Grant or revoke a permission; what is granted replaces the one that is assigned."""
        path, query = f"{API}/admin/permissions/users", {"name": name}
        if action == Action.REVOKE:
            self.client.write("DELETE", path, params=query)
            return
        assigned = self._bitbucket.levels.get(name)
        if assigned and LEVELS.index(assigned) > LEVELS.index(level):
            raise Refused(
                f"{name} holds {PERMISSIONS[assigned].name}, which {PERMISSIONS[level].name} would take away",
                remedy="Leave it, or set the permission in Bitbucket under Global permissions.",
            )
        self.client.write("PUT", path, params={**query, "permission": level})

    def _join(self, name: str, groups: Sequence[str]) -> None:
        self._refuse_fixed(name, "mutableGroups", "groups")
        body = {"user": name, "groups": list(groups)}
        self.client.write("POST", f"{API}/admin/users/add-groups", body)

    def _profile(self, account_id: str, after: Mapping[str, Any]) -> Row:
        """Return the whole profile: what changes, and the rest as last observed."""
        self._refuse_fixed(account_id, "mutableDetails", "profile")
        account = {**self.account(account_id), **after}
        return {"name": account_id, "displayName": account["display_name"], "email": account["email"]}

    def _refuse_fixed(self, account_id: str, flag: str, what: str) -> None:
        """Refuse what the account's directory does not let us change."""
        if account_id in self._bitbucket.fixed.get(flag, ()):
            raise Refused(
                f"the {what} of {account_id} cannot be changed: its directory is read-only",
                remedy="Change it in that directory, or protect the account in the policy.",
            )

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        bitbucket = self._bitbucket
        return {
            "version": lambda: Finding("ok", f"{self.name}: version", bitbucket.version()),
            "users": lambda: bitbucket.read_one("/admin/users"),
            "groups": lambda: bitbucket.read_one("/admin/permissions/groups"),
            "licence": bitbucket.licence,
            "leavers": self._check_leavers,
        }

    def _check_leavers(self) -> Finding:
        words = "Bitbucket cannot disable or suspend anybody"
        remedy = "Use revoke_seats under `leaver`, and delete where accounts are to go."
        return self.warn("leavers", words, remedy)
