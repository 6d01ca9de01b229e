"""An Atlassian Cloud organisation: what it reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Fields, batches
from provisioning.model.findings import Finding, Refused
from provisioning.model.frames import Accounts, Assignments, Change, Entitlements, concat
from provisioning.model.intake import gathered
from provisioning.model.screening import Screened
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.target_merge import TargetDelta, merged_target
from provisioning.model.terms import Action, Deployment
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.atlassian_org import rows
from sinks.atlassian_org.audit_log import AuditLog
from sinks.atlassian_org.data import ACCOUNT_FIELDS, SIDE_FIELDS
from sinks.atlassian_org.delta import changed_groups, confirm, look_again, miscounted, number_of, point
from sinks.atlassian_org.directory import Directory, Group, Workspace
from sinks.atlassian_org.managed import ManagedAccounts
from sinks.atlassian_org.options import AtlassianOrgOptions
from sinks.atlassian_org.write import Writer
from sinks.kit.connection_check import Failure, Limitation, Probe, check_connection
from sinks.kit.feed import build_delta, holders_of, refuse_many, refuse_silence
from sinks.kit.frames import whole
from sinks.kit.one_pass import OnePass, Streams
from sinks.kit.optional import REFUSALS, unless_refused
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import CredentialRefused, Forbidden, TransportError
from transport.parallel import beside
from transport.shape import Row

FIELDS = Fields(ACCOUNT_FIELDS | SIDE_FIELDS)
RIGHTS = (
    "Create an API key without scopes on admin.atlassian.com under Settings, API keys; scopes do not cover "
    "this."
)
READ_WHOLE = "each run reads the organisation whole"
UNKNOWN_CALLER = Limitation(
    "caller",
    "the key does not tell whose it is, so that account is not protected by itself",
    "Give the e-mail address of the administrator who made the key as `caller`.",
)


class AtlassianOrg(OnePass):
    """One organisation."""

    kind: ClassVar[str] = AtlassianOrgOptions.kind
    Options: ClassVar[type[BaseModel]] = AtlassianOrgOptions
    actions: ClassVar[frozenset[Action]] = frozenset(Action)
    deployment: ClassVar[Deployment] = Deployment.CLOUD

    def __init__(self, name: str, options: AtlassianOrgOptions, door: Door) -> None:
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._lock = threading.Lock()
        self._openings: rows.Openings | None = None
        self._claims: dict[str, bool | None] = {}

    # Reading

    def read(self) -> Streams:
        """One pass over the whole organisation, its listings side by side.

        Accounts in no directory are left out.
        """
        people: list[rows.People] = []
        parts: Streams = {"assignments": [], "seats": []}
        directory = self._directory
        with beside() as begin:
            reading, managed = begin(self._read_openings), begin(self._read_managed)
            for columns in batches(map(FIELDS, directory.users()), key="account_id"):
                openings = reading.result()
                present = self._complete(rows.keep_present(columns), openings)
                people.append(rows.people_of(present))
                self._build_held(parts, present, openings)
            self._openings = openings = reading.result()
            parts["accounts"] = [self._build_accounts(some, managed.result()) for some in people]
        return parts | self._build_opened(openings)

    def _build_held(self, parts: Streams, present: rows.Columns, openings: rows.Openings) -> None:
        parts["assignments"].append(rows.build_organisation_assignments(self.name, present, openings))
        parts["seats"].append(rows.build_seats(self.name, present, openings))

    def _build_opened(self, openings: rows.Openings) -> Streams:
        return {
            "entitlements": [rows.build_organisation_entitlements(self.name, openings)],
            "capacity": [rows.build_organisation_capacity(self.name, openings)],
        }

    def _build_accounts(self, people: rows.People, managed: Mapping[str, Row]) -> Screened:
        columns = people.columns
        claims = map(rows.is_managed, columns["claim"])
        self._claims.update(zip(columns["account_id"], claims, strict=True))
        directory = None if self._directory.directory == "-" else self._directory.directory
        return rows.build_accounts(
            self.name, people, managed, directory=directory, caller=self._options.caller
        )

    def _read_openings(self, *, counted: bool = False) -> rows.Openings:
        directory = self._directory
        nothing: list[Workspace] = []
        products = f"{self.name}: products of the sites"
        with beside() as begin:
            spaces = begin(partial(unless_refused, products, directory.workspaces, nothing))
            return rows.Openings(directory.groups(counted=counted), spaces.result())

    def _read_managed(self) -> dict[str, Row]:
        if not self._options.managed:
            return {}
        return unless_refused(f"{self.name}: managed accounts", self._directory.managed, {})

    def _complete(self, columns: rows.Columns, openings: rows.Openings) -> rows.Columns:
        """Fill in the groups of accounts whose own row does not tell them: absent does not mean none."""
        untold = rows.untold(columns, "groups")
        if not untold:
            return columns
        held = self._directory.groups_held(untold, list(openings.groups.values()))
        pairs = zip(columns["account_id"], columns["groups"], strict=True)
        return columns | {"groups": [held.get(key) if own is None else own for key, own in pairs]}

    # Reading what changed

    def checkpoint(self) -> str | None:
        """Where the audit log stands; None where the organisation's plan has none."""
        return self._log.position()

    def delta(self, checkpoint: str, before: TargetSnapshot, written: Collection[str]) -> TargetDelta:
        """What changed since a checkpoint, looked at again wherever the audit log points."""
        told = self._log.since(checkpoint)
        openings = self._openings = self._read_openings(counted=True)
        groups, opened = list(openings.groups.values()), self._build_opened(openings)
        pointed = point(told.events, before, openings.groups, self._log.categories)
        refuse_silence(pointed.accounts, written)
        entitlements = gathered(Entitlements, opened["entitlements"]).frame
        changed = pointed.groups | changed_groups(before, entitlements)
        accounts = pointed.accounts | set(written)
        delta = self._look_again(told.checkpoint, before, accounts, changed)
        # Who came or went without an event shows in the number of people of a group.
        if odd := miscounted(merged_target(before, delta, before.taken_at), groups):
            delta = self._look_again(told.checkpoint, before, accounts, changed | odd)
        confirm(self._directory, merged_target(before, delta, before.taken_at), groups)
        return delta

    def _look_again(
        self, checkpoint: str, before: TargetSnapshot, accounts: Collection[str], changed: Collection[str]
    ) -> TargetDelta:
        """Look at accounts and at who is or was in some groups; whoever is not found is there no more."""
        openings = self._known_openings()
        there = [openings.groups[key] for key in sorted(changed) if key in openings.groups]
        accounts = {*accounts, *holders_of(before.assignments, changed)}
        refuse_many(number_of(accounts, before, there), before)
        found = look_again(self._directory, accounts, [group.group_id for group in there])
        parts = {"accounts": [], "assignments": [], "seats": [], **self._build_opened(openings)}
        for columns in batches(map(FIELDS, [found] if found else []), key="account_id"):
            present = self._complete(rows.keep_present(columns), openings)
            parts["accounts"].append(self._build_accounts(rows.people_of(present), {}))
            self._build_held(parts, present, openings)
        return build_delta(checkpoint, {*accounts, *(row["accountId"] for row in found)}, parts)

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  addresses find everybody here
    ) -> Observation:
        """Read a few accounts afresh; those in no directory are not found."""
        unknown, directory = set[tuple[str, str]](), self._directory
        accounts, assignments = [], []
        with beside() as begin:
            opened = begin(self._known_openings)
            users = map(FIELDS, directory.some_users(account_ids, emails))
            found = list(batches(users, key="account_id"))
            openings = opened.result()
        for columns in found:
            present = rows.keep_present(columns)
            with suppress(TransportError):
                present = self._complete(present, openings)
            unknown |= rows.unknown_kinds(present)
            accounts.append(
                whole(self._build_accounts(rows.people_of(present), {}), len(present["account_id"]))
            )
            assignments.append(rows.build_organisation_assignments(self.name, present, openings).frame)
        named = groups_named(directory.group_names(groups)) if groups else None
        return Observation(
            concat(Accounts, accounts), concat(Assignments, assignments), named, frozenset(unknown)
        )

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
        probes: dict[str, Probe] = {
            "users": lambda: directory.read_one("users"),
            "groups": lambda: directory.read_one("groups"),
            "products": self._optional("products", directory.workspaces),
            "managed accounts": self._manage_one,
            "audit log": self._optional("audit log", self._log.peek, READ_WHOLE),
        }
        if self._options.managed:
            topic = "use of managed accounts"
            probes[topic] = self._optional(topic, directory.managed_page)
        limitations = [] if self._options.caller else [UNKNOWN_CALLER]
        return check_connection(self.name, probes, limitations, _advise)

    def _optional(self, topic: str, probe: Probe, otherwise: str = "it is left out") -> Probe:
        """A probe of what can be left out: a refusal is a warning."""

        def ask() -> object:
            try:
                return probe()
            except REFUSALS as error:
                if isinstance(error, CredentialRefused) and _advise(error) != RIGHTS:
                    raise
                words = f"{error.message}; {otherwise}"
                return Finding("warning", f"{self.name}: {topic}", words, _advise(error))

        return ask

    def _manage_one(self) -> None:
        """Ask what may be done with one managed account; the answer itself does not matter."""
        for row in self._directory.read_one("users", claimStatus="managed"):
            ManagedAccounts(self._client).may(row["accountId"])

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = Bearer(options.key)
        return self._door.client(options.url, auth, token_id=options.org, workers=options.workers)

    @cached_property
    def _log(self) -> AuditLog:
        return AuditLog(self._client, self._options.org)

    @cached_property
    def _directory(self) -> Directory:
        options = self._options
        if options.directory:
            return Directory(self._client, options.org, options.directory, options.page_size)
        rows = Directory(self._client, options.org, "-", options.page_size).directories()
        if len(rows) != 1:
            names = ", ".join(f"{row['directoryId']} ({row.get('name')})" for row in rows)
            raise Refused(
                f"the organisation has {len(rows)} directories: {names}",
                remedy=f"Name one of them as `directory` of connection {self.name}.",
            )
        return Directory(self._client, options.org, rows[0]["directoryId"], options.page_size)


def _advise(failure: Failure) -> str:
    """Return the remedy of a failed probe; a key that was made with scopes lacks rights."""
    refused = isinstance(failure, CredentialRefused | Forbidden)
    lacks_rights = refused and (isinstance(failure, Forbidden) or "scope" in failure.message.lower())
    return RIGHTS if lacks_rights else failure.remedy
