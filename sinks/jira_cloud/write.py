"""Writes on a Jira Cloud site: letting people in, group memberships, removal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sinks import ALREADY, Applied
from sinks.jira_cloud.site import API, Group
from sinks.kit.cloud_site import IMPOSSIBLE
from sinks.kit.each import make_each, refuse_each
from sinks.kit.new_group import make_group
from sinks.kit.permission import permit, refuse_synced
from sinks.kit.target_reader import TargetReader, find_account
from transport.client import Client
from transport.errors import BadRequest, NotFound, TransportError
from transport.shape import object_of, text_in

ACTIONS = frozenset({Action.CREATE_GROUP, Action.CREATE, Action.GRANT, Action.REVOKE, Action.REMOVE})
_FULL = "Buy seats or free some, then run again."


class JiraWriter:
    """Makes changes.

    Args:
        client: requests go through it.
        reader: tells the present state.
        groups: returns the groups by identifier, as last read.
    """

    def __init__(
        self, client: Client, reader: TargetReader, groups: Callable[[], Mapping[str, Group]]
    ) -> None:
        self._client, self._reader, self._groups = client, reader, groups

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `JiraCloud.apply`."""
        if changes[0].action == Action.CREATE_GROUP:
            name = str(changes[0].entitlement)
            send = partial(self._client.write, "POST", f"{API}/group", {"name": name})
            return make_group(name, send, self._reader)
        if len(changes) == 1 and changes[0].action != Action.CREATE and changes[0].account_id:
            return self._make(changes[0], changes[0].account_id)
        return self._apply_to_new(changes)

    def _refused(self, changes: Sequence[Change]) -> dict[str, str]:
        """Changes of a new person that must not be made; the others are.

        Raises:
            Refused: the person must not be let in, or it is the only change.
        """
        for change in changes:
            if len(changes) == 1 or change.action == Action.CREATE:
                self._permit(change)
        return refuse_each(changes, self._permit)

    def _permit(self, change: Change) -> None:
        permit(change, ACTIONS, IMPOSSIBLE)
        if change.entitlement_id:
            refuse_synced(self._groups().get(str(change.entitlement_id)))

    # A new person

    def _apply_to_new(self, changes: Sequence[Change]) -> Applied:
        """Let a person in and make the other changes, or those that an interrupted run left over."""
        failed = self._refused(changes)
        wanted = [change for change in changes if change.change_id not in failed]
        created = next((change for change in wanted if change.action == Action.CREATE), None)
        if created is None:
            account_id, message = find_account(self._reader, changes[0].subject), None
        else:
            products = self._products(wanted)
            account_id, message = self._let_in(created, sorted(products))
            wanted = [w for w in wanted if w is not created and not self._came_along(w, products)]
        failed |= make_each(wanted, lambda change: self._make(change, account_id))
        return Applied(account_id, message=message, failed=failed)

    def _products(self, changes: Sequence[Change]) -> set[str]:
        """Products to let a person in with: those all of whose default groups are granted."""
        granted = {str(change.entitlement_id) for change in changes if change.action == Action.GRANT}
        defaults: dict[str, set[str]] = {}
        for group in self._groups().values():
            for product in group.default_of:
                defaults.setdefault(product, set()).add(group.group_id)
        return {product for product, groups in defaults.items() if groups <= granted}

    def _came_along(self, change: Change, products: set[str]) -> bool:
        """Whether a granted group is one that the products bring."""
        group = self._groups().get(str(change.entitlement_id))
        return group is not None and not products.isdisjoint(group.default_of)

    def _let_in(self, change: Change, products: list[str]) -> tuple[str, str | None]:
        email = str(json.loads(change.after).get("email") or change.subject)
        try:
            reply = self._client.write("POST", f"{API}/user", {"emailAddress": email, "products": products})
        except BadRequest as error:
            existing = self._reader.observe([], [email]).accounts["account_id"].tolist()
            if len(existing) != 1 or products:
                raise _with_remedy(error) from None
            return str(existing[0]), ALREADY
        return text_in(object_of(reply), "accountId", reply), None

    # Someone known

    def _make(self, change: Change, account_id: str) -> Applied:
        self._permit(change)
        try:
            self._send(Action(change.action), account_id, str(change.entitlement_id))
        except (BadRequest, NotFound) as error:
            if not (_already(error, change) or self._is_in_place(change, account_id)):
                raise _with_remedy(error) from None
            return Applied(account_id, message=ALREADY)
        return Applied(account_id)

    def _send(self, action: Action, account_id: str, group_id: str) -> None:
        if action == Action.GRANT:
            params = {"groupId": group_id}
            self._client.write("POST", f"{API}/group/user", {"accountId": account_id}, params)
        elif action == Action.REVOKE:
            params = {"groupId": group_id, "accountId": account_id}
            self._client.write("DELETE", f"{API}/group/user", params=params)
        else:
            self._client.write("DELETE", f"{API}/user", params={"accountId": account_id})

    def _is_in_place(self, change: Change, account_id: str) -> bool:
        """Whether the site already shows what the change wants."""
        observation = self._reader.observe([account_id], [])
        if change.action == Action.REMOVE:
            return observation.accounts.empty
        assigned = change.entitlement_id in set(observation.assignments["entitlement_id"])
        return not observation.accounts.empty and assigned == (change.action == Action.GRANT)


def _already(error: TransportError, change: Change) -> bool:
    """Whether the answer says that the member is in the group; its status also means that no seat is left."""
    return change.action == Action.GRANT and error.status == 400 and "already a member" in error.message


def _with_remedy(error: TransportError) -> TransportError:
    """The same error; where seats ran out it says what to do about that."""
    if "limit" in error.message.lower():
        error.remedy = _FULL
    return error
