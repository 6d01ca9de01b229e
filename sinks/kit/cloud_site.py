"""What the sinks of one Cloud site share: options, how it is read and checked, what cannot be done there."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import (
    Accounts,
    Action,
    Assignments,
    Change,
    EntitlementKind,
    Entitlements,
    Screened,
    concat,
)
from provisioning.model.intake import Fields, batches
from sinks.kit import cloud_rows
from sinks.kit.cloud_rows import Columns, Opening
from sinks.kit.numbered_pages import Row
from sinks.kit.one_pass import OnePass, Streams
from transport.auth import Basic
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError

Inability = Sequence[tuple[str, str, str]]
"""What a route cannot do: what it is about, words and what to do instead."""
ELSEWHERE = "Use a connection of kind atlassian_org or atlassian_scim for it, or do it on the admin site."
_ACCOUNT = ("an account's life belongs to its organisation, the site cannot change it", ELSEWHERE)
_PROFILE = ("a profile belongs to its holder or to the organisation, the site cannot change it", ELSEWHERE)
UNABLE: Mapping[Action, tuple[str, str]] = {
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


class SiteOptions(BaseModel):
    """What a connection to a site may say, whatever the product."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the site, such as https://acme.atlassian.net.")
    email: str = Field(description="E-mail address of the administrator whose token it is.")
    token: SecretStr = Field(description="API token of that administrator.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class SiteGroup(Protocol):
    """What every listing tells of a group."""

    @property
    def group_id(self) -> str:
        """Its identifier."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def modifiable(self) -> bool:
        """Whether it may be filled here."""


G = TypeVar("G", bound=SiteGroup)


class CloudSite(OnePass, Generic[G]):
    """One product of a site; its own module says how it lists, looks and writes."""

    fields: ClassVar[Fields]
    """Which field of a user fills which column."""
    kinds: ClassVar[Mapping[str, str]] = cloud_rows.KINDS
    """What its words for kinds of accounts mean."""
    cannot: ClassVar[Inability]
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
    def sights(self) -> Mapping[str, Callable[[], object]]:
        """What a check tries, by name."""

    def groups(self) -> Mapping[str, G]:
        """Groups by identifier, as last read."""
        with self._lock:
            return self._remember(self.list_groups()) if self._groups is None else self._groups

    def check(self) -> list[Finding]:
        """Say in words what the token can and cannot do; nothing is written."""
        return checked(self.name, self.sights(), self.cannot)

    def _remember(self, groups: Iterable[G]) -> dict[str, G]:
        self._groups = {group.group_id: group for group in groups}
        return self._groups

    def _accounts(self, columns: Columns) -> Screened:
        """Accounts of a batch of users, whose addresses are remembered."""
        pairs = zip(columns["email"], columns["account_id"], strict=True)
        self._by_email.update((email.casefold(), key) for email, key in pairs if email)
        return cloud_rows.accounts_frame(self.name, columns, caller=self.caller, kinds=self.kinds)

    def _pages(self, pages: Iterable[list[Row]]) -> list[Screened]:
        """Accounts of pages of users."""
        return [self._accounts(columns) for columns in batches(map(self.fields, pages), key="account_id")]

    def _streams(
        self,
        accounts: list[Screened],
        members: Mapping[str, list[str]],
        openings: Sequence[Opening],
        counts: Mapping[str, tuple[int | None, int]],
        direct: Sequence[tuple[str, str]] = (),
    ) -> Streams:
        """All that follows from one pass.

        Args:
            accounts: pages of accounts.
            members: account ids by group.
            openings: all groups and what they open.
            counts: seats bought and taken, by product.
            direct: account and product of what is held without a group.
        """
        people = concat(Accounts, [page.frame for page in accounts])
        names = {opening.group_id: opening.name for opening in openings}
        held = [
            cloud_rows.held_frame(self.name, members, names, people["account_id"].tolist()),
            cloud_rows.direct_frame(self.name, self._site_name, direct),
        ]
        entitlements = [
            cloud_rows.entitlements_frame(self.name, self._site_name, openings),
            cloud_rows.products_frame(self.name, self._site_name, sorted({product for _, product in direct})),
        ]
        all_held = concat(Assignments, [page.frame for page in held])
        all_grants = concat(Entitlements, [page.frame for page in entitlements])
        return {
            "accounts": accounts,
            "assignments": held,
            "entitlements": entitlements,
            "seats": [cloud_rows.seats_frame(people, all_held, all_grants)],
            "capacity": [cloud_rows.capacity_frame(self.name, self._site_name, counts)],
        }

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Basic(options.email, options.token)
        label = f"{options.email} on {self._site_name}"
        return self._door.client(self._url, auth, token_id=label, workers=options.workers)


def site_of(url: str) -> str:
    """Name of a site: the first part of its host, or the last of a path it is served under."""
    parts = urlsplit(url)
    return parts.path.strip("/").rpartition("/")[2] or (parts.hostname or url).partition(".")[0]


def permit(change: Change, actions: Collection[Action], unable: Mapping[Action, tuple[str, str]]) -> None:
    """Refuse what a sink cannot do.

    Raises:
        Refused: the action is none of the sink's, or what is granted is no group.
    """
    action = Action(change.action)
    if action not in actions:
        words, remedy = unable[action]
        raise Refused(f"{action.value} of {change.subject}: {words}", remedy=remedy)
    if action in (Action.GRANT, Action.REVOKE) and change.kind != EntitlementKind.GROUP:
        raise Refused(
            f"{change.entitlement} is a {change.kind}, and only groups can be given and taken here",
            remedy="Give and take it on the admin site, or name a group that opens it.",
        )


def refuse_synced(group: SiteGroup | None) -> None:
    """Refuse to fill a group that is filled elsewhere.

    Raises:
        Refused: it is.
    """
    if group is not None and not group.modifiable:
        raise Refused(
            f"group {group.name} is kept by a synced identity provider, which would undo the change",
            remedy="Change the membership there, or leave the group out of the policy.",
        )


def checked(name: str, sights: Mapping[str, Callable[[], object]], cannot: Inability) -> list[Finding]:
    """Whether things can be read, and what the route cannot do, as findings."""
    found = [_tried(f"{name}: {what}", see) for what, see in sights.items()]
    return found + [Finding("warning", f"{name}: {what}", words, remedy) for what, words, remedy in cannot]


def _tried(subject: str, see: Callable[[], object]) -> Finding:
    try:
        see()
    except (TransportError, Refused) as error:
        return Finding("error", subject, str(error), error.remedy)
    return Finding("ok", subject, "can be used")
