"""Writes on an organisation: invitations, memberships, suspension and removal, and what is refused before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import AccountState, Action, EntitlementKind
from provisioning.model.text import fold
from sinks import ALREADY, Applied
from sinks.atlassian_org.data import bare
from sinks.atlassian_org.directory import Group
from sinks.atlassian_org.invitation import read_invitation
from sinks.atlassian_org.managed import ACTIONS as MANAGED_ACTIONS
from sinks.atlassian_org.managed import ManagedAccounts
from sinks.atlassian_org.refusals import put_plainly
from sinks.kit.each import make_each, refuse_each
from sinks.kit.new_group import make_group
from sinks.kit.permission import refuse_synced
from sinks.kit.target_reader import TargetReader, find_account
from transport.client import Client
from transport.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PaymentRequired,
    TransportError,
)

USER = "atlassian/user"
LEADS_TO = {
    Action.SUSPEND: AccountState.SUSPENDED,
    Action.RESTORE: AccountState.ACTIVE,
    Action.DEACTIVATE: AccountState.DEACTIVATED,
    Action.REACTIVATE: AccountState.ACTIVE,
    Action.DELETE: AccountState.DELETED,
    Action.CANCEL_DELETE: AccountState.ACTIVE,
    Action.REMOVE: None,
}
"""The state each action leads to; None when the account is then gone."""


class OrganisationReader(TargetReader, Protocol):
    """Tells besides what was last read of the organisation."""

    def group(self, group_id: str) -> Group | None:
        """Return a group by its identifier."""

    def is_managed(self, account_id: str) -> bool:
        """Whether the organisation owns the account's domain."""


class Writer:
    """Makes changes.

    Args:
        client: requests go through it.
        org: identifier of the organisation.
        home: path of the directory.
        reader: tells the present state.
        notify: whether Atlassian sends invitations by e-mail.
        domains: claimed domains; none given means any address is let through.
    """

    def __init__(
        self,
        client: Client,
        org: str,
        home: str,
        reader: OrganisationReader,
        *,
        notify: bool,
        domains: Sequence[str],
    ) -> None:
        self._client, self._org, self._home, self._reader = client, org, home, reader
        self._notify, self._domains = notify, set(map(_domain_of, domains))

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `AtlassianOrg.apply`."""
        if changes[0].action == Action.CREATE_GROUP:
            name = str(changes[0].entitlement)
            body = {"name": name, "description": ""}
            send = partial(self._client.write, "POST", f"{self._home}/groups", body)
            return make_group(name, send, self._reader)
        if any(change.action == Action.CREATE for change in changes):
            return self._invite(changes)
        if changes[0].account_id is None:
            account_id = find_account(self._reader, changes[0].subject)
            changes = [change._replace(account_id=account_id) for change in changes]
        return self._each(changes)

    def _each(self, changes: Sequence[Change]) -> Applied:
        if len(changes) == 1:
            return self._one(changes[0])
        return Applied(changes[0].account_id, failed=make_each(changes, self._one))

    def _one(self, change: Change) -> Applied:
        action = Action(change.action)
        assert change.account_id is not None
        self._permit(change)
        try:
            self._send(action, change, change.account_id)
        except (BadRequest, Conflict, NotFound) as error:
            if not (_already(error, action) or self._is_in_place(change)):
                raise put_plainly(error) from None
            return Applied(change.account_id, message=ALREADY)
        except (Forbidden, PaymentRequired) as error:
            raise put_plainly(error) from None
        return Applied(change.account_id)

    def _send(self, action: Action, change: Change, account_id: str) -> None:
        user = f"{self._home}/users/{quote(account_id, safe=':')}"
        if action in MANAGED_ACTIONS:
            ManagedAccounts(self._client).write(action, account_id, json.loads(change.after))
        elif action in (Action.SUSPEND, Action.RESTORE):
            self._client.write("POST", f"{user}/{action.value}")
        elif action == Action.REMOVE:
            self._client.write("DELETE", user)
        elif change.kind == EntitlementKind.PRODUCT:
            self._role(action, account_id, str(change.entitlement_id))
        else:
            self._member(action, account_id, str(change.entitlement_id))

    def _member(self, action: Action, account_id: str, group_id: str) -> None:
        members = f"{self._home}/groups/{quote(bare(group_id))}/memberships"
        if action == Action.GRANT:
            self._client.write("POST", members, {"accountId": account_id})
        else:
            self._client.write("DELETE", f"{members}/{quote(account_id, safe=':')}")

    def _role(self, action: Action, account_id: str, resource: str) -> None:
        verb = "assign" if action == Action.GRANT else "revoke"
        path = f"/admin/v1/orgs/{self._org}/users/{quote(account_id, safe=':')}/roles/{verb}"
        self._client.write("POST", path, {"role": USER, "resource": resource})

    def _invite(self, changes: Sequence[Change]) -> Applied:
        """One request for a new person and all they are granted at once."""
        created = next(change for change in changes if change.action == Action.CREATE)
        others = [change for change in changes if change is not created]
        refused = refuse_each(others, self._permit)
        grants = [change for change in others if change.change_id not in refused]
        reply = self._client.write(
            "POST", f"/admin/v2/orgs/{self._org}/users/invite", self._invitation(created, grants)
        )
        applied = read_invitation(reply, created, grants)
        return applied._replace(failed=refused | dict(applied.failed))

    def _invitation(self, created: Change, grants: Sequence[Change]) -> dict[str, Any]:
        groups = [bare(str(g.entitlement_id)) for g in grants if g.kind == EntitlementKind.GROUP]
        products = [str(g.entitlement_id) for g in grants if g.kind == EntitlementKind.PRODUCT]
        return {
            "emails": [json.loads(created.after).get("email") or created.subject],
            "additionalGroups": groups,
            "permissionRules": [{"resource": resource, "role": USER} for resource in products],
            "sendNotification": self._notify,
        }

    def _permit(self, change: Change) -> None:
        """Refuse what the target would undo or never take."""
        action = Action(change.action)
        if action in (Action.GRANT, Action.REVOKE):
            self._permit_entitlement(change)
        if action in MANAGED_ACTIONS and not self._reader.is_managed(str(change.account_id)):
            raise Refused(
                f"{change.subject} is not managed: its domain is not claimed by the organisation",
                remedy="Claim the domain, or remove the account from the directory instead.",
            )
        if action == Action.UPDATE_EMAIL:
            self._permit_address(str(json.loads(change.after)["email"]))

    def _permit_entitlement(self, change: Change) -> None:
        if change.kind == EntitlementKind.ROLE:
            raise Refused(
                f"{change.entitlement} is an administration role",
                remedy="Grant or revoke it on the admin site.",
            )
        if change.kind == EntitlementKind.GROUP:
            refuse_synced(self._reader.group(bare(str(change.entitlement_id))))

    def _permit_address(self, email: str) -> None:
        domain = _domain_of(email)
        if self._domains and domain not in self._domains:
            raise Refused(
                f"{email} is in none of the claimed domains",
                remedy=f"Claim {domain} and add it to `domains` of connection {self._reader.name}.",
            )

    def _is_in_place(self, change: Change) -> bool:
        """Whether the target already shows what the change wants."""
        observation = self._reader.observe([str(change.account_id)], [])
        if (change.account_id, change.kind) in observation.unknown:
            return False
        if change.action in (Action.GRANT, Action.REVOKE):
            assigned = set(observation.assignments["entitlement_id"].map(bare))
            return (bare(str(change.entitlement_id)) in assigned) == (change.action == Action.GRANT)
        if change.action not in LEADS_TO:
            return False
        states = observation.accounts["state"].tolist()
        wanted = LEADS_TO[Action(change.action)]
        return states == ([] if wanted is None else [wanted.value])


def _already(error: TransportError, action: Action) -> bool:
    """Whether the answer says that the member is in the group; its status also means that no seat is left."""
    return action == Action.GRANT and error.status == 409 and "already" in error.message.lower()


def _domain_of(address: str) -> str:
    """The domain of an address, or a domain alone, as it is compared."""
    return fold(f"@{address.rpartition('@')[2]}").removeprefix("@")
