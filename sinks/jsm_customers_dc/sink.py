"""Customers of Jira Service Management on Data Center: what is read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Columns
from provisioning.model.findings import Finding
from provisioning.model.frames import Change, Rejects, Seats, concat, empty
from provisioning.model.screening import Screened
from provisioning.model.terms import Action, Deployment
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.jsm_customers_dc.options import JsmCustomersDcOptions
from sinks.jsm_customers_dc.portal import EXPERIMENTAL, ServerPortal
from sinks.kit.connection_check import Limitation, Probe, check_connection
from sinks.kit.datacenter_rows import build_accounts
from sinks.kit.frames import (
    build_assignments_of_few,
    build_capacity,
    build_entitlements,
    build_group_assignments,
    reject_unread,
    whole,
)
from sinks.kit.jira_server import FIELDS, Jira, accounts_of, refuse_cut
from sinks.kit.one_pass import OnePass, Streams
from sinks.kit.permission import Reason
from sinks.kit.service_desk import Circle, names_among, probe_desks
from sinks.kit.service_desk_writer import ACTIONS, DeskWriter
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import Malformed
from transport.shape import Row

MOST_ROWS = 50
"""Rows a page of service management may have."""
LIMITATIONS = (
    Limitation(
        "lifecycle of customers",
        "service management renames, deactivates and deletes nobody; its customers are users of Jira",
        "Leavers are taken out of desks and organisations; for more, keep the server's users by jira_dc.",
    ),
    Limitation(
        "open desks",
        "whoever may sign in can use a desk that is open to everybody; its list tells those who were added, "
        "and nobody can be taken out of it",
        "Let only added customers use a desk that is to be kept in step.",
    ),
    Limitation(
        "seats",
        "a customer costs nothing, so nothing here is a seat or waste",
        "Agents have seats; keep them by jira_dc.",
    ),
)
"""What this route cannot do: said by `check`, and refused before a request."""
_OF_JIRA = Reason(
    "service management changes no account; its customers are users of Jira",
    "Take leavers out of desks and organisations (revoke_seats); for more, keep the users by jira_dc.",
)
REASONS: Mapping[Action, Reason] = {action: _OF_JIRA for action in Action if action not in ACTIONS}
"""Why the rest cannot be done, and what to do instead."""


class JsmCustomersDc(OnePass):
    """The customers of one server."""

    kind: ClassVar[str] = "jsm_customers_dc"
    Options: ClassVar[type[BaseModel]] = JsmCustomersDcOptions
    deployment: ClassVar[Deployment] = Deployment.DATA_CENTER
    actions: ClassVar[frozenset[Action]] = ACTIONS

    def __init__(self, name: str, options: Any, door: Door) -> None:
        """Open nothing yet."""
        super().__init__()
        self.name, self._options, self._door = name, options, door

    # Reading

    def read(self) -> Streams:
        """One pass over organisations, desks and users; nothing of it is a seat."""
        told = self._portal.people(self._portal.circles())
        accounts = build_accounts(self.name, self._everybody(told))
        members = {circle.group_id: [row["key"] for row in rows] for circle, rows in told}
        circles = [circle for circle, _ in told]
        names = {circle.group_id: circle.name for circle in circles}
        known = accounts.frame["account_id"].tolist()
        entitled = build_entitlements(self.name, [circle.entitlement for circle in circles])
        unread = [reject_unread(self.name, c.group_id, c.name) for c in circles if c.unread]
        return {
            "accounts": [accounts],
            "assignments": [build_group_assignments(self.name, members, names, known)],
            "entitlements": [Screened(entitled.frame, concat(Rejects, [entitled.rejects, *unread]))],
            "seats": [Screened(empty(Seats), empty(Rejects))],
            "capacity": [build_capacity(self.name, [])],
        }

    def _everybody(self, told: Sequence[tuple[Circle, list[Row]]]) -> dict[str, list[Any]]:
        """Columns of Accounts of the users the server lists, and of those in a circle that came meanwhile.

        Raises:
            Malformed: the version lists nobody, or its list was cut short.
        """
        people = self._jira.read_users()
        listed = people.gathered
        if not listed:
            version = ".".join(map(str, self._jira.version))
            raise Malformed(
                f"Jira {version} cannot list its users, and a customer may be in no organisation",
                remedy="Upgrade to Jira 10.3 or later, which can list all users.",
            )
        for _, rows in told:
            people.add(FIELDS(rows))
        columns = people.take()
        if not self._jira.lists_users:
            refuse_cut(columns, listed)
        return accounts_of(columns, self._caller)

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  addresses find everybody here
    ) -> Observation:
        """Read a few accounts afresh, and of every circle who of them is in it."""
        calls = [partial(self._by_key, key) for key in dict.fromkeys(account_ids)]
        calls += [partial(self._jira.find, email) for email in emails]
        users = {row["key"]: row for rows in self._client.in_parallel(calls) for row in rows}
        self._portal.names.update((key, str(row["name"])) for key, row in users.items())
        people = Columns(FIELDS.names, key="account_id")
        people.add(FIELDS(list(users.values())))
        accounts = build_accounts(self.name, accounts_of(people.take(), self._caller))
        circles = self._portal.circles() if users or groups else []
        assigned = [
            (row["key"], circle.group_id, circle.name)
            for circle, rows in (self._portal.people(circles) if users else ())
            for row in rows
            if row["key"] in users
        ]
        named = groups_named(names_among(circles, groups)) if groups else None
        return Observation(whole(accounts, len(users)), build_assignments_of_few(self.name, assigned), named)

    def _by_key(self, key: str) -> list[Row]:
        row = self._jira.user(key=key)
        return [] if row is None else [row]

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

    def check(self) -> list[Finding]:
        """Say in words what the credential can and cannot do; nothing is written."""
        probes: dict[str, Probe] = {
            "credential": self._jira.caller,
            "users": lambda: next(iter(self._jira.list_users()), None),
            **probe_desks(self.name, self._portal, self._options.desks),
        }
        return check_connection(self.name, probes, LIMITATIONS)

    # Connecting

    @cached_property
    def _caller(self) -> str:
        return self._jira.caller()

    @cached_property
    def _jira(self) -> Jira:
        return Jira(self._client, self._options.page_size)

    @cached_property
    def _portal(self) -> ServerPortal:
        return ServerPortal(self._client, min(self._options.page_size, MOST_ROWS), self._jira)

    @cached_property
    def _client(self) -> Client:
        options = self._options
        return self._door.client(
            options.url,
            Bearer(options.token) if options.token else Basic(options.user, options.password),
            token_id=f"{options.url} {options.user}",
            bucket=lambda _method, _path: "all",
            headers=EXPERIMENTAL,
            workers=options.workers,
        )
