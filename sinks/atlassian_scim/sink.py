"""Atlassian's user provisioning (SCIM): what it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from provisioning.model.findings import Finding
from provisioning.model.frames import Accounts, Action, Change, Screened, concat
from provisioning.model.intake import batches
from sinks import Applied, Observation, groups_named
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import PAGE, ScimDirectory
from sinks.atlassian_scim.write import ACTIONS, SETS, Limits, ScimWriter
from sinks.kit.cloud_rows import held_by, held_frame
from sinks.kit.cloud_site import checked
from sinks.kit.numbered_pages import Row
from sinks.kit.one_pass import OnePass, Streams
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door

NEAR = 0.9
"""Share of a limit from which `check` warns."""
CANNOT = (
    (
        "seats",
        "the directory does not tell which products its groups open, nor who uses them",
        "Read the organisation (atlassian_org) or its export beside, which know it.",
    ),
    (
        "propagation",
        "Atlassian follows a write within minutes; until then a change is told as pending",
        "Run again later; the next run looks again.",
    ),
)
"""What this route cannot do or does late: said by `check`."""


class AtlassianScimOptions(BaseModel):
    """What a connection of kind `atlassian_scim` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("https://api.atlassian.com", description="Address of the API.")
    directory: str = Field(description="Identifier of the provisioning directory, shown beside its key.")
    key: SecretStr = Field(description="Key of that directory; not the organisation's.")
    default_groups: list[str] = Field(
        [], description="More names of Atlassian's own groups; * stands for any."
    )
    user_limit: int = Field(150_000, ge=1, description="Users the directory may hold.")
    member_limit: int = Field(35_000, ge=1, description="Members a group may hold.")
    members_at_once: int = Field(100, ge=1, le=1000, description="Members that one request names.")
    page_size: int = Field(PAGE, ge=1, le=1000, description="Users and groups a page.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class AtlassianScim(OnePass):
    """One provisioning directory."""

    kind: ClassVar[str] = "atlassian_scim"
    Options: ClassVar[type[BaseModel]] = AtlassianScimOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    look_size: ClassVar[int] = 1

    def __init__(self, name: str, options: AtlassianScimOptions, door: Door) -> None:
        super().__init__()
        self.name, self._options, self._door = name, options, door
        self._limits = Limits(options.user_limit, options.member_limit)
        self._sizes: dict[str, int] = {}
        self._user_names: dict[str, str] = {}
        self.made: dict[str, str] = {}
        self._is_default = rows.defaults(options.default_groups)

    # Reading

    def read(self) -> Streams:
        """One pass over the whole directory, which tells neither what groups open nor what was bought."""
        users = batches(map(rows.FIELDS, self._directory.pages("Users")), key="account_id")
        accounts = [self._accounts(columns) for columns in users]
        people = concat(Accounts, [page.frame for page in accounts])
        names, members = self._groups()
        held = held_frame(self.name, members, names, people["account_id"].tolist())
        entitlements = rows.entitlements_frame(self.name, names, self._is_default)
        return {
            "accounts": accounts,
            "assignments": [held],
            "entitlements": [entitlements],
            "seats": [],
            "capacity": [],
        }

    def _accounts(self, columns: Mapping[str, list[Any]]) -> Screened:
        screened = rows.accounts_frame(self.name, dict(columns), directory=self._options.directory)
        known = screened.frame.dropna(subset=["email", "user_name"])
        self._user_names.update(zip(known["email"].str.casefold(), known["user_name"], strict=True))
        return screened

    def _groups(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """Names and members of all groups, by identifier."""
        names: dict[str, str] = {}
        members: dict[str, list[str]] = {}
        for page in self._directory.pages("Groups"):
            for row in page:
                names[row["id"]] = row["displayName"]
                members[row["id"]] = [str(member["value"]) for member in row.get("members") or ()]
        self._sizes = {key: len(ids) for key, ids in members.items()}
        return names, members

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few users afresh, one request for each with its groups.

        By address users are found where their name is known or is the address, for no filter takes one.
        """
        named = [self._user_names.get(email.casefold(), email) for email in emails]
        found = [*self._directory.users(account_ids), *self._named(named)]
        users: dict[str, Row] = {row["id"]: row for row in found}
        parts = batches([rows.FIELDS(list(users.values()))], key="account_id")
        accounts = [self._accounts(columns).frame for columns in parts]
        held = [
            (key, group["value"], group["display"])
            for key, row in users.items()
            for group in row.get("groups") or ()
        ]
        there = groups_named(self._directory.group_names(groups)) if groups else None
        return Observation(concat(Accounts, accounts), held_by(self.name, held), there)

    def _named(self, user_names: Sequence[str]) -> list[Row]:
        calls = (partial(self._directory.named, name) for name in user_names)
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
            at_once=self._options.members_at_once,
            is_default=self._is_default,
        ).apply(changes)

    def size(self, group_id: str) -> int | None:
        """How many members a group had when it was last read."""
        return self._sizes.get(group_id)

    def note_name(self, email: str, user_name: str) -> None:
        """Remember by which name a user can be found."""
        self._user_names[email.casefold()] = user_name

    # Checking

    def check(self) -> list[Finding]:
        """Say in words what the key can and cannot do; nothing is written."""
        sights = {
            "directory": lambda: self._directory.get("ServiceProviderConfig"),
            "users": lambda: self._directory.total("Users"),
            "groups": lambda: self._directory.total("Groups"),
        }
        found = checked(self.name, sights, CANNOT)
        if any(finding.level == "error" for finding in found):
            return found
        return [*found, *self._never_synced(), *self._near_limits()]

    def _never_synced(self) -> list[Finding]:
        """Groups that Atlassian accepts and silently leaves alone."""
        names, _ = self._groups()
        mine = sorted(name for name in names.values() if self._is_default(name))
        words = "is named like one of Atlassian's own, and such a group is never synced"
        remedy = "Push a group with another name, and give that one access to the product."
        return [Finding("warning", f"{self.name}: group {name}", f"{name} {words}", remedy) for name in mine]

    def _near_limits(self) -> list[Finding]:
        """Limits that are nearly reached."""
        limits, users = self._limits, self._directory.total("Users")
        largest = max(self._sizes.values(), default=0)
        told = (("users", users, limits.users), ("members of the largest group", largest, limits.members))
        return [
            Finding(
                "warning",
                f"{self.name}: limits",
                f"{number:,} {what} of {most:,}",
                "Ask Atlassian for a higher limit before it is reached.",
            )
            for what, number, most in told
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
