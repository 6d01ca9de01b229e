"""Writes on the portal of a site: customers, organisations, and who is in them and in desks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from provisioning.model.text import fold
from sinks import ALREADY, Applied
from sinks.jsm_customers.portal import API, DESK, Circle, Portal
from sinks.kit.cloud_site import IMPOSSIBLE
from sinks.kit.permission import Reason, permit
from sinks.kit.target_reader import TargetReader, find_account
from transport.client import Client
from transport.errors import BadRequest, Conflict, Forbidden, NotFound
from transport.shape import object_of, text_in

ACTIONS = frozenset({Action.CREATE_GROUP, Action.CREATE, Action.GRANT, Action.REVOKE})
_STAYS = Reason(
    "no API removes or bars a customer of the portal",
    "Take leavers out of desks and organisations (revoke_seats); bar or delete them on the site by hand.",
)
REASONS: Mapping[Action, Reason] = {
    **IMPOSSIBLE,
    **dict.fromkeys(
        (
            Action.REMOVE,
            Action.SUSPEND,
            Action.RESTORE,
            Action.DEACTIVATE,
            Action.REACTIVATE,
            Action.DELETE,
            Action.CANCEL_DELETE,
        ),
        _STAYS,
    ),
}
"""Why the rest cannot be done, and what to do instead."""
OPEN_DESK = "Let only added customers use the desk (its customer permissions), else nobody can be taken out."


class PortalWriter:
    """Makes changes.

    Args:
        client: requests go through it.
        reader: tells the present state.
        portal: lists desks and organisations.
        desks: keys of the projects whose desks get each organisation that is made.
    """

    def __init__(self, client: Client, reader: TargetReader, portal: Portal, desks: Sequence[str]) -> None:
        self._client, self._reader, self._portal, self._desks = client, reader, portal, desks

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `JsmCustomers.apply`."""
        for change in changes:
            permit(change, ACTIONS, REASONS)
        first = changes[0]
        if first.action == Action.CREATE_GROUP:
            return self._make_organisation(str(first.entitlement))
        if len(changes) == 1 and first.action != Action.CREATE and first.account_id:
            return self._move(first, first.account_id)
        return self._apply_to_new(changes)

    # Organisations

    def _make_organisation(self, name: str) -> Applied:
        """Make an organisation and put it on the desks.

        The site answers with the one of that name where there is one, so it is looked for first.
        """
        if name.startswith(DESK):
            raise Refused(f"{name} is a desk; the API makes none", remedy="Make the project on the site.")
        found = [one for one in self._portal.organisations() if fold(one.name) == fold(name)]
        if found:
            self._put_on_desks(found[0].number)
            return Applied(None, message=ALREADY)
        reply = self._client.write("POST", f"{API}/organization", {"name": name})
        self._put_on_desks(text_in(object_of(reply), "id", reply))
        return Applied(None)

    def _put_on_desks(self, number: str) -> None:
        wanted = {f"{DESK}{key}" for key in self._desks}
        for desk in self._portal.desks() if wanted else ():
            on_desk = {one.number for one in self._portal.of_desk(desk)} if desk.name in wanted else {number}
            if number not in on_desk:
                path = f"{API}/servicedesk/{desk.number}/organization"
                self._client.write("POST", path, {"organizationId": int(number)})

    # Customers

    def _apply_to_new(self, changes: Sequence[Change]) -> Applied:
        """Make a customer and put it in, or do what an interrupted run left over."""
        created = next((change for change in changes if change.action == Action.CREATE), None)
        account_id, message = (
            self._create(created) if created else (find_account(self._reader, changes[0].subject), None)
        )
        failed: dict[str, str] = {}
        for change in changes:
            if change is not created:
                try:
                    self._move(change, account_id)
                except (BadRequest, Conflict, Forbidden, NotFound) as error:
                    failed[change.change_id] = str(error)
        return Applied(account_id, message=message, failed=failed)

    def _create(self, change: Change) -> tuple[str, str | None]:
        after = json.loads(change.after)
        email = str(after.get("email") or change.subject)
        name = str(after.get("display_name") or email)
        body = {"email": email, "displayName": name}
        path = f"{API}/customer"
        try:
            reply = self._client.write("POST", path, body, {"strictConflictStatusCode": "true"})
        except (Conflict, BadRequest):
            existing = self._reader.observe([], [email]).accounts["account_id"].tolist()
            if len(existing) != 1:
                raise
            return str(existing[0]), ALREADY
        return text_in(object_of(reply), "accountId", reply), None

    def _move(self, change: Change, account_id: str) -> Applied:
        """Put somebody into an organisation or desk, or take them out."""
        circle = Circle(str(change.entitlement_id), str(change.entitlement))
        method = "POST" if change.action == Action.GRANT else "DELETE"
        send = partial(self._client.write, method, circle.path, {"accountIds": [account_id]})
        try:
            send()
        except (BadRequest, NotFound) as error:
            # Some of what was asked may be done even where the answer is 400.
            if not self._is_in_place(change, account_id):
                if method == "DELETE" and circle.group_id.startswith(DESK):
                    error.remedy = OPEN_DESK
                raise
            return Applied(account_id, message=ALREADY)
        return Applied(account_id)

    def _is_in_place(self, change: Change, account_id: str) -> bool:
        """Whether the site already shows what the change wants."""
        held = set(self._reader.observe([account_id], []).assignments["entitlement_id"])
        return (change.entitlement_id in held) == (change.action == Action.GRANT)
