"""What the Data Center products share: one pass of reading, and writes on accounts and groups.

They have no group ids, no bulk writes worth the name and one token bucket a user, so requests of one
connection share one pace. A product's own module says how it is listed, observed and written.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Change
from provisioning.model.terms import AccountState, Action, Deployment, EntitlementKind
from provisioning.model.text import fold, folded
from sinks import ALREADY, Applied, Observation, bundled_by_person, groups_named
from sinks.kit import datacenter_rows as rows
from sinks.kit.connection_check import Failure, Probe, check_connection
from sinks.kit.datacenter_refusals import put_plainly
from sinks.kit.datacenter_rows import Columns, Installation
from sinks.kit.each import make_each
from sinks.kit.frames import ProductSeats, build_capacity, whole
from sinks.kit.new_group import make_group
from sinks.kit.one_pass import OnePass, Streams
from sinks.kit.target_reader import find_account
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import (
    BadRequest,
    Conflict,
    CredentialRefused,
    NotFound,
    UnknownOutcome,
)
from transport.shape import Row

LEADS_TO = {
    Action.DEACTIVATE: AccountState.DEACTIVATED.value,
    Action.REACTIVATE: AccountState.ACTIVE.value,
    Action.DELETE: AccountState.DELETED.value,
}
SETS = (Action.GRANT, Action.REVOKE)


class DataCenter(OnePass):
    """One installation of a product."""

    kind: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    deployment: ClassVar[Deployment] = Deployment.DATA_CENTER
    actions: ClassVar[frozenset[Action]] = frozenset(
        {
            Action.CREATE_GROUP,
            Action.CREATE,
            Action.UPDATE,
            Action.UPDATE_EMAIL,
            Action.GRANT,
            Action.REVOKE,
            Action.DEACTIVATE,
            Action.REACTIVATE,
            Action.DELETE,
        }
    )
    fields: ClassVar[frozenset[str]] = frozenset({"display_name"})
    """Columns of Accounts that an update may change."""
    credential_remedy: ClassVar[str] = "If the product takes no passwords any more, give a `token`."
    """What to do besides where the credential is refused."""

    def __init__(self, name: str, options: Any, door: Door) -> None:
        """Open nothing yet."""
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._observed: dict[str, Row] = {}

    # Reading

    def read(self) -> Streams:
        """Read accounts, groups and seats from one pass over the installation."""
        server, name = self.read_all(), self.name
        known = set(server.columns["account_id"])
        pairs = zip(*server.memberships, strict=True)
        memberships = rows.split_pairs(pair for pair in pairs if pair[0] in known)
        server = server._replace(memberships=memberships)
        accounts = rows.build_accounts(name, server.columns)
        capacity = [ProductSeats(one.product, self.site, one.seats, one.used) for one in server.licences]
        return {
            "accounts": [accounts],
            "assignments": [rows.build_server_assignments(name, memberships, server.direct)],
            "entitlements": [
                rows.build_server_entitlements(name, self.site, server.groups, server.permissions)
            ],
            "seats": [rows.build_seats(name, self.site, server, accounts.frame)],
            "capacity": [build_capacity(name, capacity)],
        }

    @abstractmethod
    def read_all(self) -> Installation:
        """Read the installation to its end, or raise."""

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,
    ) -> Observation:
        """Read a few accounts afresh."""
        server = self.read_some(account_ids, emails, user_names or {})
        for account in _list_accounts(server.columns):
            self._observed[account["account_id"]] = account
        accounts = whole(rows.build_accounts(self.name, server.columns), len(server.columns["account_id"]))
        return Observation(
            accounts,
            rows.build_server_assignments(self.name, server.memberships, server.direct).frame,
            groups_named(self.group_names(groups)) if groups else None,
        )

    @abstractmethod
    def group_names(self, names: Sequence[str]) -> list[str]:
        """Return those of some names that groups bear, maybe with others."""

    @abstractmethod
    def read_some(
        self, account_ids: Sequence[str], emails: Sequence[str], user_names: Mapping[str, str]
    ) -> Installation:
        """Read accounts named by identifier or address, with what they hold; who is not there is left out.

        Args:
            account_ids: accounts.
            emails: addresses.
            user_names: address → user name, where an address may not be shown.
        """

    # Writing

    def bundle(self, change: Change) -> str:
        """A new person's changes go together, for only the first tells the account; others go alone."""
        return bundled_by_person(change)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self.end_pass()
        for change in changes:
            self.permit(change)
        first = changes[0]
        if first.action == Action.CREATE_GROUP:
            name = str(first.entitlement)
            return make_group(name, partial(self.create_group, name), self)
        if first.action == Action.CREATE:
            created = self._create(first)
            return self._make_each(str(created.account_id), changes[1:], created.message)
        account_id = first.account_id or find_account(self, first.subject)
        if len(changes) == 1:
            return self._make(account_id, first)
        return self._make_each(account_id, changes, None)

    def permit(self, change: Change) -> None:
        """Refuse what this product cannot do, before anything is sent.

        Raises:
            Refused: always with what to do instead.
        """
        action = Action(change.action)
        if action not in self.actions:
            raise Refused(f"{self.kind} cannot {action.value}", remedy="Do it by hand, or change the policy.")
        if action in SETS and change.kind != EntitlementKind.GROUP:
            raise Refused(
                f"{change.entitlement} is not a group", remedy="Grant or revoke it in the product itself."
            )
        if action == Action.UPDATE and (strange := sorted(set(json.loads(change.after)) - self.fields)):
            raise Refused(
                f"an account of {self.kind} has no {', '.join(strange)} that can be changed",
                remedy=f"Leave it out of `mover: update`; there is email, {', '.join(sorted(self.fields))}.",
            )

    def _create(self, change: Change) -> Applied:
        """Make an account; one that is there already with this name and address is the same."""
        wanted = json.loads(change.after)
        email = wanted.get("email") or change.subject
        name = str(wanted.get("user_name") or email)
        wanted["display_name"] = str(wanted.get("display_name") or email.partition("@")[0])
        try:
            account_id = self.create(name, email, wanted)
        except (BadRequest, Conflict) as error:
            existing = self.observe([], [email]).accounts
            same = existing[folded(existing["user_name"]) == fold(name)]
            if len(same) != 1:
                raise put_plainly(error) from None
            return Applied(str(same["account_id"].iloc[0]), message=ALREADY)
        known = {"user_name": name.lower(), "email": email, "state": AccountState.ACTIVE.value}
        self._observed[account_id] = {field: wanted.get(field) for field in self.fields} | known
        return Applied(account_id)

    def _make_each(self, account_id: str, changes: Sequence[Change], message: str | None) -> Applied:
        """Make changes of an account one after the other; what fails does not undo what did not."""
        failed = make_each(changes, partial(self._make, account_id))
        return Applied(account_id, message=message, failed=failed)

    def _make(self, account_id: str, change: Change) -> Applied:
        action = Action(change.action)
        try:
            done = self.write(action, account_id, change)
        except (BadRequest, Conflict, NotFound) as error:
            if not self._is_in_place(account_id, change):
                raise put_plainly(error) from None
            return Applied(account_id, message=ALREADY)
        except UnknownOutcome:
            self._observed.pop(account_id, None)
            raise
        self._remember(account_id, action, json.loads(change.after))
        return done or Applied(account_id)

    def _is_in_place(self, account_id: str, change: Change) -> bool:
        """Whether the target already shows what the change wants."""
        observation, action = self.observe([account_id], []), Action(change.action)
        if action in SETS:
            assigned = observation.assignments
            same = (assigned["kind"] == change.kind) & (assigned["entitlement_id"] == change.entitlement_id)
            return bool(same.any()) == (action == Action.GRANT)
        states = observation.accounts["state"].tolist()
        return (not states and action == Action.DELETE) or states == [LEADS_TO.get(action)]

    def account(self, account_id: str) -> Row:
        """Return an account as last observed; it is observed now if it never was.

        Raises:
            NotFound: there is no such account.
        """
        if account_id not in self._observed:
            self.observe([account_id], [])
        if account_id not in self._observed:
            raise NotFound(f"there is no account {account_id}")
        return self._observed[account_id]

    def _remember(self, account_id: str, action: Action, after: Mapping[str, Any]) -> None:
        """Note an own write in what was observed, so that the next write need not ask again."""
        account = self._observed.get(account_id)
        if account is not None and action in LEADS_TO:
            account["state"] = LEADS_TO[action]
        elif account is not None and action not in SETS:
            account.update({name: value for name, value in after.items() if name in account})

    @abstractmethod
    def create(self, name: str, email: str, wanted: Mapping[str, Any]) -> str:
        """Make an account and return its identifier; `wanted` holds the columns of Accounts."""

    @abstractmethod
    def create_group(self, name: str) -> None:
        """Make a group."""

    @abstractmethod
    def write(self, action: Action, account_id: str, change: Change) -> Applied | None:
        """Send one change of an account that is there; None says that it is done."""

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the credential can and cannot do; nothing is written."""
        return check_connection(self.name, self.probes(), advise=self._advise)

    def _advise(self, failure: Failure) -> str:
        if isinstance(failure, CredentialRefused):
            return f"{failure.remedy} {self.credential_remedy}"
        return failure.remedy

    @abstractmethod
    def probes(self) -> Mapping[str, Probe]:
        """What a check tries, by topic."""

    def warn(self, topic: str, message: str, remedy: str) -> Finding:
        """Return a finding that stops nothing."""
        return Finding("warning", f"{self.name}: {topic}", message, remedy)

    # Connecting

    @property
    def site(self) -> str:
        """Name of the installation in reports."""
        return self._options.site or urlsplit(self._options.url).hostname or self.name

    @cached_property
    def client(self) -> Client:
        """The client; all its requests share the one bucket of their user."""
        options = self._options
        auth = Bearer(options.token) if options.token else Basic(options.user, options.password)
        return self._door.client(
            options.url,
            auth,
            token_id=f"{options.url} {options.user}",
            bucket=lambda _method, _path: "all",
            workers=options.workers,
        )


def _list_accounts(columns: Columns) -> list[Row]:
    """Return the accounts of some columns, one by one."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
