"""Atlassian's user provisioning (SCIM): what it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Accounts, Change, concat
from provisioning.model.screening import Screened
from provisioning.model.terms import Action, Deployment
from sinks import Applied, Observation, groups_named
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import ScimDirectory
from sinks.atlassian_scim.members import SETS
from sinks.atlassian_scim.memory import KnownUsers, Limits
from sinks.atlassian_scim.options import AtlassianScimOptions
from sinks.atlassian_scim.write import ACTIONS, NEVER_SYNCED, OTHER_NAME, ScimWriter
from sinks.kit.connection_check import Limitation, Probe, check_connection
from sinks.kit.frames import GROUP, build_assignments_of_few, build_group_assignments, whole
from sinks.kit.one_pass import OnePass, Streams
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError
from transport.parallel import beside
from transport.shape import Row

NEAR = 0.9
"""Share of a limit from which `check` warns."""
LIMITATIONS = (
    Limitation(
        "seats",
        "the directory does not tell which products its groups open, nor who uses them",
        "Also connect the organisation (atlassian_org) or its export, which tell it.",
    ),
    Limitation(
        "propagation",
        "Atlassian follows a write within minutes; until then a change is reported as propagating",
        "Run again later; the next run checks it.",
    ),
)
"""What this route cannot do or does late: said by `check`."""


class AtlassianScim(OnePass):
    """One provisioning directory."""

    kind: ClassVar[str] = AtlassianScimOptions.kind
    Options: ClassVar[type[BaseModel]] = AtlassianScimOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    deployment: ClassVar[Deployment] = Deployment.DIRECTORY

    def __init__(self, name: str, options: AtlassianScimOptions, door: Door) -> None:
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._limits = Limits(options.user_limit, options.member_limit)
        self._known = KnownUsers()
        self._is_default = rows.defaults(options.default_groups)

    # Reading

    def read(self) -> Streams:
        """One pass over the whole directory, which tells neither what groups open nor what was bought."""
        with beside() as begin:
            groups = begin(self._read_groups)
            users = batches(map(rows.FIELDS, self._directory.users()), key="account_id")
            accounts = [self._build_accounts(columns) for columns in users]
            names, members = groups.result()
        people = concat(Accounts, [page.frame for page in accounts])
        assignments = build_group_assignments(self.name, members, names, people["account_id"].tolist())
        return {
            "accounts": accounts,
            "assignments": [assignments],
            "entitlements": [rows.build_groups(self.name, names, self._is_default)],
            "seats": [],
            "capacity": [],
        }

    def _build_accounts(self, columns: Mapping[str, list[Any]]) -> Screened:
        """Build Accounts of a batch of users, whose names are remembered."""
        accounts = rows.build_accounts(self.name, dict(columns), directory=self._options.directory)
        named = accounts.frame.dropna(subset=["email", "user_name"])
        self._known.note_names(zip(named["email"], named["user_name"], strict=True))
        return accounts

    def _read_groups(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Read names and members of all groups, by identifier."""
        names: dict[str, str] = {}
        members: dict[str, list[str]] = {}
        for page in self._directory.groups():
            names |= {row["id"]: row["displayName"] for row in page}
            told = {row["id"]: row["members"] for row in page if row.get("members") is not None}
            members |= {key: [member["value"] for member in listed] for key, listed in told.items()}
        # A list need not show members; the group itself does.
        untold = [key for key in names if key not in members]
        asked = self._client.in_parallel(partial(self._directory.members, key) for key in untold)
        members |= zip(untold, asked, strict=True)
        self._limits.sizes = {key: len(ids) for key, ids in members.items()}
        return names, members

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,
    ) -> Observation:
        """Read a few users afresh, one request for each with its groups.

        By address users are found where their name is known or is the address, for no filter takes one.
        """
        names = [self._known.user_name(email) for email in emails]
        with beside() as begin:
            asked = begin(lambda: self._find(list(dict.fromkeys([*names, *(user_names or {}).values()]))))
            by_id = self._directory.some_users(account_ids)
            users = {row["id"]: row for row in (*by_id, *asked.result())}
        parts = batches([rows.FIELDS(list(users.values()))], key="account_id")
        accounts = [whole(self._build_accounts(one), len(one["account_id"])) for one in parts]
        assigned = [
            (key, group["value"], group.get("display") or group["value"])
            for key, row in users.items()
            for group in row.get("groups") or ()
        ]
        held, unknown = self._ask_groups([key for key, row in users.items() if row.get("groups") is None])
        named = groups_named(self._directory.group_names(groups)) if groups else None
        return Observation(
            concat(Accounts, accounts),
            build_assignments_of_few(self.name, [*assigned, *held]),
            named,
            frozenset((key, GROUP) for key in unknown),
        )

    def _ask_groups(self, scim_ids: Sequence[str]) -> tuple[list[tuple[str, str, str]], Sequence[str]]:
        """Ask the groups what users hold whose own record does not tell; who stays unknown if they refuse."""
        if not scim_ids:
            return [], ()
        try:
            names, members = self._read_groups()
        except TransportError:
            return [], scim_ids
        wanted = set(scim_ids)
        held = [(key, group, names[group]) for group, ids in members.items() for key in ids if key in wanted]
        return held, ()

    def _find(self, user_names: Sequence[str]) -> list[Row]:
        calls = (partial(self._directory.find, name) for name in user_names)
        return [row for row in self._client.in_parallel(calls) if row is not None]

    # Writing

    def bundle(self, change: Change) -> str:
        """Members that join or leave one group go together; any other change goes alone."""
        if change.action in SETS and change.entitlement_id:
            return f"{change.action} {change.entitlement_id}"
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self.end_pass()
        return ScimWriter(
            self._client,
            self._directory,
            self,
            self._limits,
            self._known,
            at_once=self._options.members_at_once,
            is_default=self._is_default,
        ).apply(changes)

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the key can and cannot do; nothing is written."""
        probes: dict[str, Probe] = {
            "directory": lambda: self._directory.get("ServiceProviderConfig"),
            "users": lambda: self._directory.total("Users"),
            "groups": lambda: self._directory.total("Groups"),
        }
        findings = check_connection(self.name, probes, LIMITATIONS)
        if any(finding.level == "error" for finding in findings):
            return findings
        return [*findings, *self._find_never_synced(), *self._find_near_limits()]

    def _find_never_synced(self) -> list[Finding]:
        """Find groups that Atlassian accepts and silently leaves alone."""
        names, _ = self._read_groups()
        return [
            Finding("warning", f"{self.name}: group {name}", NEVER_SYNCED.format(name), OTHER_NAME)
            for name in sorted(names.values())
            if self._is_default(name)
        ]

    def _find_near_limits(self) -> list[Finding]:
        """Find limits that are nearly reached."""
        limits, users = self._limits, self._directory.total("Users")
        largest = max(limits.sizes.values(), default=0)
        counts = (("users", users, limits.users), ("members of the largest group", largest, limits.members))
        return [
            Finding(
                "warning",
                f"{self.name}: limits",
                f"{number:,} {what} of {most:,}",
                "Ask Atlassian for a higher limit before it is reached.",
            )
            for what, number, most in counts
            if number >= NEAR * most
        ]

    @cached_property
    def _directory(self) -> ScimDirectory:
        return ScimDirectory(self._client, self._options.directory, self._options.page_size)

    @cached_property
    def _client(self) -> Client:
        options = self._options
        label = f"scim {options.directory}"
        return self._door.client(options.url, Bearer(options.key), token_id=label, workers=options.workers)
