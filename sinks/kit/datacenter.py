"""What the Data Center products share: one pass of reading, and writes on accounts and groups.

They have no group ids, no bulk writes worth the name and one token bucket a user, so requests of one
connection share one pace. A product's own module says how it lists, looks and writes.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import AccountState, Action, Change, EntitlementKind
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.kit import datacenter_rows as rows
from sinks.kit.datacenter_refusals import plainly
from sinks.kit.datacenter_rows import Columns, Row, Whole
from sinks.kit.new_group import make_group
from sinks.kit.one_pass import OnePass, Streams
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import (
    BadRequest,
    Conflict,
    CredentialRefused,
    NotFound,
    ReadOnly,
    TransportError,
    UnknownOutcome,
)

LEADS_TO = {
    Action.DEACTIVATE: AccountState.DEACTIVATED.value,
    Action.REACTIVATE: AccountState.ACTIVE.value,
    Action.DELETE: AccountState.DELETED.value,
}
SETS = (Action.GRANT, Action.REVOKE)


class DataCenterOptions(BaseModel):
    """What a connection to a Data Center product may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the product, with its context path.")
    token: SecretStr | None = Field(None, description="Personal access token of an administrator.")
    user: str | None = Field(None, description="Name of an administrator, where there is no token.")
    password: SecretStr | None = Field(None, description="That administrator's password.")
    site: str | None = Field(None, description="Name of the site in reports; the host when not given.")
    page_size: int = Field(200, ge=1, le=1000, description="Rows a page, as far as the product allows.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) == (self.user is None or self.password is None):
            raise ValueError("give either `token`, or `user` and `password`")
        return self


class DataCenter(OnePass):
    """One installation of a product."""

    kind: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
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
    look_size: ClassVar[int] = 1
    fields: ClassVar[frozenset[str]] = frozenset({"display_name"})
    """Columns of Accounts that an update may change."""
    refused: ClassVar[str] = "The product may also take no passwords any more: give a `token` then."
    """What a refused credential may mean here besides."""

    def __init__(self, name: str, options: Any, door: Door) -> None:
        """Open nothing yet."""
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._facts: dict[str, Row] = {}

    # Reading

    def read(self) -> Streams:
        """Read accounts, groups and seats from one pass over the installation."""
        whole = self.whole()
        known = set(whole.columns["account_id"])
        pairs = [pair for pair in zip(*whole.held, strict=True) if pair[0] in known]
        whole = whole._replace(held=([one for one, _ in pairs], [group for _, group in pairs]))
        accounts = rows.accounts_frame(self.name, whole.columns)
        return {
            "accounts": [accounts],
            "assignments": [rows.assignments_frame(self.name, whole.held, whole.own)],
            "entitlements": [rows.entitlements_frame(self.name, self.site, whole.groups, whole.permissions)],
            "seats": [rows.seats_frame(self.name, self.site, whole, accounts.frame)],
            "capacity": [rows.capacity_frame(self.name, self.site, whole.licences)],
        }

    @abstractmethod
    def whole(self) -> Whole:
        """Read the installation to its end, or raise."""

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few accounts afresh."""
        found = self.some(account_ids, emails)
        for facts in _facts(found.columns):
            self._facts[facts["account_id"]] = facts
        return Observation(
            rows.accounts_frame(self.name, found.columns).frame,
            rows.assignments_frame(self.name, found.held, found.own).frame,
            groups_named(self.group_names(groups)) if groups else None,
        )

    @abstractmethod
    def group_names(self, names: Sequence[str]) -> list[str]:
        """Those of some names that groups bear, maybe with others."""

    @abstractmethod
    def some(self, account_ids: Sequence[str], emails: Sequence[str]) -> Whole:
        """Accounts named by identifier or address, with what they hold; who is not there is left out."""

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
            made = self._create(first)
            return self._each(str(made.account_id), changes[1:], made.message)
        account_id = first.account_id or self._account_of(first.subject)
        if len(changes) == 1:
            return self._one(account_id, first)
        return self._each(account_id, changes, None)

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
                f"{change.entitlement} is no group", remedy="Give and take it in the product itself."
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
            there = self.observe([], [email]).accounts
            same = there[there["user_name"].str.casefold() == name.casefold()]
            if len(same) != 1:
                raise plainly(error) from None
            return Applied(str(same["account_id"].iloc[0]), message="it was so already")
        known = {"user_name": name.lower(), "email": email, "state": AccountState.ACTIVE.value}
        self._facts[account_id] = {field: wanted.get(field) for field in self.fields} | known
        return Applied(account_id)

    def _account_of(self, email: str) -> str:
        """The account that an earlier, interrupted run made."""
        found = self.observe([], [email]).accounts
        if len(found) != 1:
            raise Refused(f"{email} has no account yet", remedy="Run again; the next plan creates it.")
        return str(found["account_id"].iloc[0])

    def _each(self, account_id: str, changes: Sequence[Change], message: str | None) -> Applied:
        """Make changes of an account one after the other; what fails does not undo what did not."""
        failed: dict[str, str] = {}
        for change in changes:
            try:
                self._one(account_id, change)
            except (UnknownOutcome, ReadOnly):
                raise
            except (Refused, TransportError) as error:
                failed[change.change_id] = str(error)
        return Applied(account_id, message=message, failed=failed)

    def _one(self, account_id: str, change: Change) -> Applied:
        action = Action(change.action)
        try:
            done = self.write(action, account_id, change)
        except (BadRequest, Conflict, NotFound) as error:
            if not self._is_so(account_id, change):
                raise plainly(error) from None
            return Applied(account_id, message="it was so already")
        except UnknownOutcome:
            self._facts.pop(account_id, None)
            raise
        self._remember(account_id, action, json.loads(change.after))
        return done or Applied(account_id)

    def _is_so(self, account_id: str, change: Change) -> bool:
        """Whether the target shows already what the change wants."""
        observation, action = self.observe([account_id], []), Action(change.action)
        if action in SETS:
            held = observation.assignments[["kind", "entitlement_id"]].isin(
                [change.kind, change.entitlement_id]
            )
            return bool(held.all(axis=1).any()) == (action == Action.GRANT)
        states = observation.accounts["state"].tolist()
        return (not states and action == Action.DELETE) or states == [LEADS_TO.get(action)]

    def facts(self, account_id: str) -> Row:
        """What the last look showed of an account; asked now if there was none.

        Raises:
            NotFound: there is no such account.
        """
        if account_id not in self._facts:
            self.observe([account_id], [])
        if account_id not in self._facts:
            raise NotFound(f"there is no account {account_id}")
        return self._facts[account_id]

    def _remember(self, account_id: str, action: Action, after: Mapping[str, Any]) -> None:
        """Keep the facts true across an own write, so that the next one need not ask again."""
        facts = self._facts.get(account_id)
        if facts is not None and action in LEADS_TO:
            facts["state"] = LEADS_TO[action]
        elif facts is not None and action not in SETS:
            facts.update({name: value for name, value in after.items() if name in facts})

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
        found = []
        for what, see in self.sights().items():
            subject = f"{self.name}: {what}"
            try:
                told = see()
            except (TransportError, Refused) as error:
                remedy = error.remedy
                if isinstance(error, CredentialRefused):
                    remedy = f"{remedy} {self.refused}"
                found.append(Finding("error", subject, error.message, remedy))
                continue
            found.append(told if isinstance(told, Finding) else Finding("ok", subject, "can be used"))
        return found

    @abstractmethod
    def sights(self) -> Mapping[str, Any]:
        """What a check tries, by name; a Finding that is returned takes the place of `can be used`."""

    def warn(self, what: str, words: str, remedy: str) -> Finding:
        """Something to know that stops nothing."""
        return Finding("warning", f"{self.name}: {what}", words, remedy)

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


def _facts(columns: Columns) -> list[Row]:
    """The accounts of some columns, one by one."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
