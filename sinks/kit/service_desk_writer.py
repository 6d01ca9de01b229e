"""Writes on service management: customers, organisations, and who is in them and in desks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from provisioning.model.text import fold
from sinks import ALREADY, Applied
from sinks.kit.each import make_each
from sinks.kit.permission import Reason, permit
from sinks.kit.service_desk import API, DESK, Circle, ServiceDesk
from sinks.kit.target_reader import TargetReader, find_account
from transport.errors import BadRequest, Conflict, NotFound
from transport.shape import object_of, text_in

ACTIONS = frozenset({Action.CREATE_GROUP, Action.CREATE, Action.GRANT, Action.REVOKE})
OPEN_DESK = "Let only added customers use the desk (its customer permissions), else nobody can be taken out."


class DeskWriter:
    """Makes changes.

    Args:
        reader: tells the present state.
        portal: the site or server.
        desks: keys of the projects whose desks get each organisation that is made.
        reasons: why what is not in `ACTIONS` cannot be done, and what to do instead.
    """

    def __init__(
        self,
        reader: TargetReader,
        portal: ServiceDesk,
        desks: Sequence[str],
        reasons: Mapping[Action, Reason],
    ) -> None:
        self._reader, self._portal, self._desks, self._reasons = reader, portal, desks, reasons
        self._write = portal.client.write

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle, as `Sink.apply` promises."""
        for change in changes:
            permit(change, ACTIONS, self._reasons)
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
        reply = self._write("POST", f"{API}/organization", {"name": name})
        self._put_on_desks(text_in(object_of(reply), "id", reply))
        return Applied(None)

    def _put_on_desks(self, number: str) -> None:
        wanted = {f"{DESK}{key}" for key in self._desks}
        for desk in self._portal.desks() if wanted else ():
            on_desk = {one.number for one in self._portal.of_desk(desk)} if desk.name in wanted else {number}
            if number not in on_desk:
                path = f"{API}/servicedesk/{desk.number}/organization"
                self._write("POST", path, {"organizationId": int(number)})

    # Customers

    def _apply_to_new(self, changes: Sequence[Change]) -> Applied:
        """Make a customer and put it in, or do what an interrupted run left over."""
        created = next((change for change in changes if change.action == Action.CREATE), None)
        account_id, message = (
            self._create(created) if created else (find_account(self._reader, changes[0].subject), None)
        )
        others = (change for change in changes if change is not created)
        failed = make_each(others, lambda change: self._move(change, account_id))
        return Applied(account_id, message=message, failed=failed)

    def _create(self, change: Change) -> tuple[str, str | None]:
        after = json.loads(change.after)
        email = str(after.get("email") or change.subject)
        name = str(after.get("display_name") or email)
        try:
            return self._portal.create(email, name), None
        except (Conflict, BadRequest):
            existing = self._reader.observe([], [email]).accounts["account_id"].tolist()
            if len(existing) != 1:
                raise
            return str(existing[0]), ALREADY

    def _move(self, change: Change, account_id: str) -> Applied:
        """Put somebody into an organisation or desk, or take them out."""
        circle = Circle(str(change.entitlement_id), str(change.entitlement))
        method = "POST" if change.action == Action.GRANT else "DELETE"
        try:
            self._write(method, circle.path, self._portal.members(account_id))
        except (BadRequest, NotFound) as error:
            # Some of what was asked may be done even where the answer is 400.
            if not self._is_in_place(change, account_id):
                if method == "DELETE" and circle.is_desk:
                    error.remedy = OPEN_DESK
                raise
            return Applied(account_id, message=ALREADY)
        return Applied(account_id)

    def _is_in_place(self, change: Change, account_id: str) -> bool:
        """Whether the site already shows what the change wants."""
        held = set(self._reader.observe([account_id], []).assignments["entitlement_id"])
        return (change.entitlement_id in held) == (change.action == Action.GRANT)
