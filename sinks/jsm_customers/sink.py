"""Customers of Jira Service Management: what is read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Fields
from provisioning.model.frames import Accounts, Change, concat
from provisioning.model.terms import Action
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.jsm_customers.options import JsmCustomersOptions
from sinks.jsm_customers.portal import Portal
from sinks.kit.cloud_site import IMPOSSIBLE, CloudSite
from sinks.kit.connection_check import Limitation, Probe
from sinks.kit.frames import build_assignments_of_few
from sinks.kit.one_pass import Streams
from sinks.kit.permission import Reason
from sinks.kit.service_desk import Circle, names_among, probe_desks
from sinks.kit.service_desk_writer import ACTIONS, DeskWriter
from transport.shape import Row

FIELDS = Fields(
    {
        "account_id": "accountId",
        "email": "emailAddress",
        "display_name": "displayName",
        "kind": "accountType",
        "active": "active",
    }
)
"""Which field of a user fills which column."""
LIMITATIONS = (
    Limitation(
        "lifecycle of customers",
        "no API renames, bars or deletes a portal-only customer, or gives back what was barred by hand",
        "Leavers are taken out of desks and organisations; for more, open the site's portal-only customers.",
    ),
    Limitation(
        "migration of customers",
        "no API turns a portal-only customer into an account of the directory",
        "Migrate them on the admin site, up to 1,000 at once; then let another target keep them.",
    ),
    Limitation(
        "seats",
        "a customer costs nothing, so nothing here is a seat or waste",
        "Agents have seats; keep them by jira_cloud or atlassian_org.",
    ),
)
"""What this route cannot do: said by `check`, and refused before a request."""
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


class JsmCustomers(CloudSite[Circle]):
    """The customers of one site."""

    kind: ClassVar[str] = JsmCustomersOptions.kind
    Options: ClassVar[type[BaseModel]] = JsmCustomersOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    fields: ClassVar[Fields] = FIELDS
    limitations: ClassVar[Sequence[Limitation]] = LIMITATIONS
    kinds: ClassVar[Mapping[str, str]] = {"atlassian": "person", "customer": "person", "app": "app"}
    """Here customers are the people: the protection of customers is for targets that mean others.

    Whoever has an account of the directory needs no other to be a customer.
    """

    # Reading

    def read(self) -> Streams:
        """One pass over desks, organisations and users; nothing of it is a seat."""
        told = self._portal.people(self.list_groups())
        circles = self._remember(circle for circle, _ in told)
        members = {circle.group_id: [row["accountId"] for row in rows] for circle, rows in told}
        users = list(self._portal.users())
        entitled = [circle.entitlement for circle in circles.values()]
        return self._build_streams(self._build_pages([users]), members, entitled)

    def list_groups(self) -> list[Circle]:
        """Read organisations and desks."""
        return self._portal.circles()

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  addresses find everybody here
    ) -> Observation:
        """Read a few accounts afresh: each with its organisations, and each desk is asked for it."""
        found = [row for email in emails for row in self._portal.find(email)]
        asked = [self._portal.user(key) for key in dict.fromkeys(account_ids)]
        users = {row["accountId"]: row for row in [*found, *asked] if row}
        accounts = self._build_observed(list(users.values()))
        assigned = [
            (key, circle.group_id, circle.name)
            for key, row in users.items()
            for circle in self._circles_of(row)
        ]
        named = groups_named(names_among(self.list_groups(), groups)) if groups else None
        return Observation(concat(Accounts, accounts), build_assignments_of_few(self.name, assigned), named)

    def _circles_of(self, user: Row) -> list[Circle]:
        readable = [c for c in self.groups().values() if c.is_desk and not c.unread]
        return [
            *self._portal.organisations_of(user["accountId"]),
            *self._portal.desks_of(user, readable),
        ]

    # Writing

    def bundle(self, change: Change) -> str:
        """What a new customer is put into goes with its creation; any other change goes alone."""
        return bundled_by_person(change)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self.end_pass()
        return DeskWriter(self, self._portal, self._options.desks, REASONS).apply(changes)

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        return {
            "token": self._portal.caller,
            **probe_desks(self.name, self._portal, self._options.desks),
        }

    @cached_property
    def caller(self) -> str:
        """The account whose token it is."""
        return self._portal.caller()

    @cached_property
    def _portal(self) -> Portal:
        return Portal(self._client, self._options.page_size)
