"""An Atlassian Cloud organisation: what it reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Accounts, Action, Assignments, Change, Screened, concat
from provisioning.model.intake import Fields, batches
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.atlassian_org import rows
from sinks.atlassian_org.data import ACCOUNT_FIELDS, SIDE_FIELDS
from sinks.atlassian_org.directory import PAGE, Directory, Group, Row
from sinks.atlassian_org.managed import ManagedAccounts
from sinks.atlassian_org.write import Writer
from sinks.kit.one_pass import OnePass, Streams
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import CredentialRefused, Forbidden, TransportError

FIELDS = Fields(ACCOUNT_FIELDS | SIDE_FIELDS)
RIGHTS = (
    "Make an API key without scopes on admin.atlassian.com, Settings, API keys: scopes do not cover this."
)


class AtlassianOrgOptions(BaseModel):
    """What a connection of kind `atlassian_org` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("https://api.atlassian.com", description="Address of the API.")
    org: str = Field(
        description="Identifier of the organisation, in the address of its admin site after /o/."
    )
    directory: str | None = Field(None, description="Identifier of the directory, where there are several.")
    key: SecretStr = Field(description="Organisation API key, made without scopes.")
    caller: str | None = Field(None, description="E-mail address of the administrator who made the key.")
    domains: list[str] = Field([], description="Claimed domains, when new addresses shall be held to them.")
    notify: bool = Field(False, description="Whether Atlassian sends invitations by e-mail.")
    managed: bool = Field(True, description="Whether to read the managed accounts beside.")
    page_size: int = Field(PAGE, ge=1, le=PAGE, description="Users and groups a page.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class AtlassianOrg(OnePass):
    """One organisation."""

    kind: ClassVar[str] = "atlassian_org"
    Options: ClassVar[type[BaseModel]] = AtlassianOrgOptions
    actions: ClassVar[frozenset[Action]] = frozenset(Action)
    look_size: ClassVar[int] = 10

    def __init__(self, name: str, options: AtlassianOrgOptions, door: Door) -> None:
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._lock = threading.Lock()
        self._openings: rows.Openings | None = None
        self._claims: dict[str, bool | None] = {}

    # Reading

    def read(self) -> Streams:
        """One pass over the whole organisation; accounts in no directory are left out."""
        self._openings = openings = self._read_openings()
        managed = self._directory.managed() if self._options.managed else None
        parts: Streams = {"accounts": [], "assignments": [], "seats": []}
        for columns in batches(map(FIELDS, self._directory.users()), key="account_id"):
            here = rows.present(columns)
            parts["accounts"].append(self._accounts(here, managed or {}))
            parts["assignments"].append(rows.assignments_frame(self.name, here, openings))
            parts["seats"].append(rows.seats_frame(self.name, here, openings))
        parts["entitlements"] = [rows.entitlements_frame(self.name, openings)]
        parts["capacity"] = [rows.capacity_frame(self.name, openings)]
        return parts

    def _accounts(self, columns: rows.Columns, managed: Mapping[str, Row]) -> Screened:
        claims = [None if claim is None else claim == "managed" for claim in columns["claim"]]
        self._claims.update(zip(columns["account_id"], claims, strict=True))
        directory = None if self._directory.directory == "-" else self._directory.directory
        return rows.accounts_frame(
            self.name, columns, managed, directory=directory, caller=self._options.caller
        )

    def _read_openings(self) -> rows.Openings:
        return rows.Openings(self._directory.groups(), self._directory.workspaces())

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few accounts afresh; those in no directory are not found."""
        openings = self._known_openings()
        accounts, assignments = [], []
        users = self._directory.some_users(account_ids, emails)
        for columns in batches(map(FIELDS, users), key="account_id"):
            here = rows.present(columns)
            accounts.append(self._accounts(here, {}).frame)
            assignments.append(rows.assignments_frame(self.name, here, openings).frame)
        there = groups_named(self._directory.group_names(groups)) if groups else None
        return Observation(concat(Accounts, accounts), concat(Assignments, assignments), there)

    def _known_openings(self) -> rows.Openings:
        with self._lock:
            if self._openings is None:
                self._openings = self._read_openings()
            return self._openings

    # Writing

    def bundle(self, change: Change) -> str:
        """An invitation takes a new person's groups and products along; any other change goes alone."""
        return bundled_by_person(change)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self.end_pass()
        return self._writer.apply(changes)

    @cached_property
    def _writer(self) -> Writer:
        options = self._options
        return Writer(
            self._client,
            options.org,
            self._directory.home,
            self,
            notify=options.notify,
            domains=options.domains,
        )

    def group(self, group_id: str) -> Group | None:
        """A group by its identifier, as last read."""
        return self._known_openings().groups.get(group_id)

    def is_managed(self, account_id: str) -> bool:
        """Whether the organisation owns the account's domain, as last read."""
        if account_id not in self._claims:
            self.observe([account_id], [])
        return self._claims.get(account_id) is not False

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the key can and cannot do; nothing is written."""
        directory = self._directory
        found = [
            self._try("users", lambda: directory.glance("users")),
            self._try("groups", lambda: directory.glance("groups")),
            self._try("products", directory.workspaces),
            self._try("managed accounts", self._manage_one),
        ]
        if self._options.caller is None:
            words = "the key does not tell whose it is, so that account cannot be spared by itself"
            found.append(
                Finding(
                    "warning", f"{self.name}: caller", words, "Give the maker's e-mail address as `caller`."
                )
            )
        return found

    def _manage_one(self) -> None:
        """Ask what may be done with one managed account; the answer does not matter, being told does."""
        page = self._directory.glance("users", claimStatus="managed")
        if page:
            ManagedAccounts(self._client).may(page[0]["accountId"])

    def _try(self, what: str, see: Callable[[], object]) -> Finding:
        subject = f"{self.name}: {what}"
        try:
            see()
        except (CredentialRefused, Forbidden) as error:
            lacks = error.status == 403 or "scope" in error.message.lower()
            return Finding("error", subject, error.message, RIGHTS if lacks else error.remedy)
        except (TransportError, Refused) as error:
            return Finding("error", subject, error.message, error.remedy)
        return Finding("ok", subject, "can be used")

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Bearer(options.key)
        return self._door.client(options.url, auth, token_id=options.org, workers=options.workers)

    @cached_property
    def _directory(self) -> Directory:
        options = self._options
        if options.directory:
            return Directory(self._client, options.org, options.directory, options.page_size)
        found = Directory(self._client, options.org, "-", options.page_size).directories()
        if len(found) != 1:
            names = ", ".join(f"{row['directoryId']} ({row.get('name')})" for row in found)
            raise Refused(
                f"the organisation has {len(found)} directories: {names}",
                remedy=f"Say which under `directory` of connection {self.name}.",
            )
        return Directory(self._client, options.org, found[0]["directoryId"], options.page_size)
