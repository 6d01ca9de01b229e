"""What the sinks of one Cloud site share: options, how it is read and checked, what is impossible there."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import pandas as pd

from provisioning.model.by_column import Fields, batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Accounts, Assignments, Rejects, concat
from provisioning.model.screening import Screened
from provisioning.model.terms import Action, Deployment
from provisioning.model.text import fold
from sinks.kit import cloud_rows
from sinks.kit.cloud_rows import Columns
from sinks.kit.connection_check import Limitation, Probe, check_connection
from sinks.kit.frames import (
    KINDS,
    Entitlement,
    ProductSeats,
    build_capacity,
    build_entitlements,
    build_group_assignments,
    reject_unread,
    whole,
)
from sinks.kit.one_pass import OnePass, Streams
from sinks.kit.permission import Reason, SyncedGroup
from transport.auth import Basic
from transport.client import Client
from transport.door import Door
from transport.shape import Row

_ACCOUNT = Reason(
    "the lifecycle of an account belongs to its organisation; a site cannot change it",
    "Use a connection of kind atlassian_org or atlassian_scim for it, or do it on the admin site.",
)
_PROFILE = _ACCOUNT._replace(
    message="a profile belongs to its owner or to the organisation; a site cannot change it"
)
IMPOSSIBLE: Mapping[Action, Reason] = {
    Action.SUSPEND: _ACCOUNT,
    Action.RESTORE: _ACCOUNT,
    Action.DEACTIVATE: _ACCOUNT,
    Action.REACTIVATE: _ACCOUNT,
    Action.DELETE: _ACCOUNT,
    Action.CANCEL_DELETE: _ACCOUNT,
    Action.UPDATE: _PROFILE,
    Action.UPDATE_EMAIL: _PROFILE,
}
"""Why a site cannot do what an organisation can, and what to do instead."""


class SiteGroup(SyncedGroup, Protocol):
    """What every listing tells of a group."""

    @property
    def group_id(self) -> str:
        """Its identifier."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def unread(self) -> bool:
        """Whether the site refused to tell who is in it."""


G = TypeVar("G", bound=SiteGroup)


class CloudSite(OnePass, Generic[G]):
    """One product of a site; its own module says how it is listed, observed and written."""

    deployment: ClassVar[Deployment] = Deployment.CLOUD
    fields: ClassVar[Fields]
    """Which field of a user fills which column."""
    kinds: ClassVar[Mapping[str, str]] = KINDS
    """What its words for kinds of accounts mean."""
    limitations: ClassVar[Sequence[Limitation]]
    """What this route cannot do: said by `check`, and refused before a request."""

    def __init__(self, name: str, options: Any, door: Door) -> None:
        """Open nothing yet."""
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._url = options.url.rstrip("/").removesuffix("/wiki")
        self._site_name = site_of(self._url)
        self._lock = threading.Lock()
        self._groups: dict[str, G] | None = None
        self._by_email: dict[str, str] = {}

    @abstractmethod
    def list_groups(self) -> list[G]:
        """Read all groups."""

    @property
    @abstractmethod
    def caller(self) -> str:
        """The account whose token it is."""

    @abstractmethod
    def probes(self) -> Mapping[str, Probe]:
        """What a check tries, by topic."""

    def groups(self) -> Mapping[str, G]:
        """Groups by identifier, as last read."""
        with self._lock:
            return self._remember(self.list_groups()) if self._groups is None else self._groups

    def check(self) -> list[Finding]:
        """Say in words what the token can and cannot do; nothing is written."""
        return check_connection(self.name, self.probes(), self.limitations)

    def _remember(self, groups: Iterable[G]) -> dict[str, G]:
        self._groups = {group.group_id: group for group in groups}
        return self._groups

    def _build_accounts(self, columns: Columns) -> Screened:
        """Build Accounts of a batch of users, whose addresses are remembered."""
        pairs = zip(columns["email"], columns["account_id"], strict=True)
        self._by_email.update((fold(email), key) for email, key in pairs if email)
        return cloud_rows.build_accounts(self.name, columns, caller=self.caller, kinds=self.kinds)

    def _build_pages(self, pages: Iterable[list[Row]]) -> list[Screened]:
        """Build Accounts of pages of users."""
        columns_of_batches = batches(map(self.fields, pages), key="account_id")
        return [self._build_accounts(columns) for columns in columns_of_batches]

    def _build_observed(self, users: list[Row]) -> list[pd.DataFrame]:
        """Build Accounts of users that were asked for, of whom none may be lost."""
        found = batches([self.fields(users)], key="account_id")
        return [whole(self._build_accounts(columns), len(columns["account_id"])) for columns in found]

    def _build_streams(
        self,
        accounts: list[Screened],
        members: Mapping[str, list[str]],
        groups: Sequence[Entitlement],
        capacity: Sequence[ProductSeats] = (),
        direct: Sequence[tuple[str, str]] = (),
    ) -> Streams:
        """Build all that follows from one pass.

        Args:
            accounts: pages of accounts.
            members: account ids by group.
            groups: all groups and what they open.
            capacity: seats bought and in use.
            direct: account and product of what is held without a group.
        """
        people = concat(Accounts, [page.frame for page in accounts])
        names = {group.entitlement_id: group.name for group in groups}
        assignments = [
            build_group_assignments(self.name, members, names, people["account_id"].tolist()),
            cloud_rows.build_product_assignments(self.name, self._site_name, direct),
        ]
        products = cloud_rows.list_products(self._site_name, sorted({product for _, product in direct}))
        entitlements = build_entitlements(self.name, [*groups, *products])
        assigned = concat(Assignments, [page.frame for page in assignments])
        unread = [
            reject_unread(self.name, group.group_id, group.name)
            for group in (self._groups or {}).values()
            if group.unread
        ]
        entitlements = Screened(entitlements.frame, concat(Rejects, [entitlements.rejects, *unread]))
        return {
            "accounts": accounts,
            "assignments": assignments,
            "entitlements": [entitlements],
            "seats": [cloud_rows.derive_seats(people, assigned, entitlements.frame)],
            "capacity": [build_capacity(self.name, capacity)],
        }

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Basic(options.email, options.token)
        label = f"{options.email} on {self._site_name}"
        return self._door.client(self._url, auth, token_id=label, workers=options.workers)


def site_of(url: str) -> str:
    """Return the name of a site: the first part of its host, or the last of a path it is served under."""
    parts = urlsplit(url)
    return parts.path.strip("/").rpartition("/")[2] or (parts.hostname or url).partition(".")[0]
