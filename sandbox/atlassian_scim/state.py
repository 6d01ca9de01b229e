"""The user-provisioning directory: records and groups that an identity provider pushes, and what they do.

A record is linked to the account with its address, which it makes where there is none; from then on it
writes the account's name, title, department, address and whether it is active. A synced group is a group of
the organisation whose members are those of the directory. Both may arrive late.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.kit.cloud_model import DOMAIN, Account, Group
from sandbox.kit.cloud_state import Organisation

DIRECTORY = "5e1f0a52-0000-4000-8000-0000000000f1"
USERS, MEMBERS = 150_000, 35_000
# Names of groups that products make for themselves; one so named is taken and never synced.
BUILT_IN = (
    "jira-software-users",
    "confluence-users",
    "jsm-agents",
    "jira-administrators",
    "site-admins",
    "org-admins",
    "administrators",
    "system-administrators",
)


class ScimError(Exception):
    """The directory says no: status, keyword and sentence."""

    def __init__(self, status: int, keyword: str | None, detail: str) -> None:
        super().__init__(detail)
        self.status, self.keyword, self.detail = status, keyword, detail


@dataclass(slots=True, eq=False)
class Record:
    """A user of the directory; `data` holds its attributes as SCIM has them."""

    scim_id: str
    data: dict[str, Any]
    created: datetime
    modified: datetime
    account_id: str | None = None
    groups: set[str] = field(default_factory=set)

    @property
    def email(self) -> str:
        """The primary address."""
        emails: list[dict[str, Any]] = self.data["emails"]
        return str(next((e for e in emails if e.get("primary")), emails[0])["value"])


@dataclass(slots=True, eq=False)
class ScimGroup:
    """A group of the directory; without `group_id` it is not synced."""

    scim_id: str
    name: str
    external_id: str | None
    created: datetime
    modified: datetime
    group_id: str | None = None
    members: dict[str, None] = field(default_factory=dict)


class Directory:
    """Records, groups, and the organisation they write into.

    Attributes:
        org: The organisation.
        records: Record by identifier, in the order they came.
        groups: Group by identifier.
        lag: Real seconds until the organisation sees a write.
        locks: Whether the organisation itself may no longer write what is linked.
        users, members: How many a directory and a group may hold.
    """

    def __init__(self, org: Organisation) -> None:
        self.org = org
        self.records: dict[str, Record] = {}
        self.groups: dict[str, ScimGroup] = {}
        self.by_user_name: dict[str, Record] = {}
        self.by_name: dict[str, ScimGroup] = {}
        self.by_account: dict[str, Record] = {}
        self.lag = 0.0
        self.locks = False
        self.users, self.members = USERS, MEMBERS
        self._coming: list[tuple[float, str, tuple[Any, ...]]] = []
        self._made = 0

    def fresh_id(self) -> str:
        self._made += 1
        return str(uuid.uuid5(uuid.UUID(DIRECTORY), f"{self.org.company.seed} {self._made}"))

    @property
    def now(self) -> datetime:
        """The company's clock."""
        return self.org.company.now

    # Users

    def record(self, scim_id: str) -> Record:
        found = self.records.get(scim_id)
        if found is None:
            raise ScimError(404, None, f"Resource {scim_id} not found.")
        return found

    def create(self, data: dict[str, Any]) -> Record:
        """Take a new user in.

        Raises:
            ScimError: 400 for what is malformed, 409 for who is there.
        """
        self._valid(data)
        if len(self.records) >= self.users:
            raise ScimError(400, "tooMany", f"The directory holds {self.users} users, and may hold no more.")
        self._unique(data, None)
        record = Record(self.fresh_id(), data, self.now, self.now)
        self.enter(record)
        self._push("_write_account", record.scim_id)
        return record

    def enter(self, record: Record) -> None:
        self.records[record.scim_id] = record
        self.by_user_name[record.data["userName"].lower()] = record

    def change(self, record: Record, data: dict[str, Any]) -> None:
        """Give a record other attributes."""
        self._valid(data)
        self._unique(data, record)
        self.by_user_name.pop(record.data["userName"].lower(), None)
        record.data, record.modified = data, self.now
        self.by_user_name[data["userName"].lower()] = record
        self._push("_write_account", record.scim_id)

    def delete(self, record: Record) -> None:
        """Take a user out for good: the account is deactivated and knows the directory no more."""
        for group_id in list(record.groups):
            self.leave(self.groups[group_id], [record.scim_id])
        del self.records[record.scim_id], self.by_user_name[record.data["userName"].lower()]
        if record.account_id:
            self.by_account.pop(record.account_id, None)
            self._push("_let_go", record.account_id)

    def _valid(self, data: Mapping[str, Any]) -> None:
        if not isinstance(data.get("userName"), str) or not data["userName"]:
            raise ScimError(400, "invalidValue", "userName is required.")
        emails = data.get("emails")
        if not isinstance(emails, list) or not emails or not all(isinstance(e, dict) for e in emails):
            raise ScimError(400, "invalidValue", "emails is required.")
        primary = [e for e in emails if e.get("primary") is True]
        if len(primary) != 1 or "@" not in str(primary[0].get("value")):
            raise ScimError(400, "invalidValue", "Exactly one email must be primary.")
        if not str(primary[0]["value"]).lower().endswith(f"@{DOMAIN}"):
            raise ScimError(400, "invalidValue", f"{primary[0]['value']} is not on a verified domain.")
        if not isinstance(data.get("active", True), bool):
            raise ScimError(400, "invalidValue", "active must be a boolean.")

    def _unique(self, data: Mapping[str, Any], mine: Record | None) -> None:
        named = self.by_user_name.get(data["userName"].lower())
        email = next(str(e["value"]) for e in data["emails"] if e.get("primary"))
        account = self.org.by_email.get(email.lower())
        linked = self.by_account.get(account.account_id) if account else None
        if any(other is not None and other is not mine for other in (named, linked)):
            raise ScimError(409, "uniqueness", f"User {data['userName']} already exists.")

    # Groups

    def group(self, scim_id: str) -> ScimGroup:
        found = self.groups.get(scim_id)
        if found is None:
            raise ScimError(404, None, f"Resource {scim_id} not found.")
        return found

    def create_group(self, name: str, external_id: str | None = None) -> ScimGroup:
        """Take a new group in; one that is named like a product's own is taken too, and never synced."""
        if not name:
            raise ScimError(400, "invalidValue", "displayName is required.")
        if name.lower() in self.by_name:
            raise ScimError(409, "uniqueness", f"Group {name} already exists.")
        group = ScimGroup(self.fresh_id(), name, external_id, self.now, self.now)
        self.groups[group.scim_id] = self.by_name[name.lower()] = group
        if name.lower() not in BUILT_IN:
            same = self.org.by_name.get(name.lower()) or self.org.create_group(name)
            same.synced = True
            group.group_id = same.group_id
        return group

    def delete_group(self, group: ScimGroup) -> None:
        """Take a group away here and in the organisation, with the products it gave."""
        self.leave(group, list(group.members))
        del self.groups[group.scim_id], self.by_name[group.name.lower()]
        if group.group_id in self.org.groups:
            self.org.groups[group.group_id].synced = False
            self.org.groups[group.group_id].deletable = True
            self.org.delete_group(group.group_id)

    def join(self, group: ScimGroup, scim_ids: Iterable[str], *, missing: int = 404) -> None:
        """Add members; all of them or none."""
        added = [self._there(key, missing) for key in scim_ids if key not in group.members]
        if len(group.members) + len(added) > self.members:
            raise ScimError(400, "tooMany", f"A group may hold {self.members} members.")
        for record in added:
            group.members[record.scim_id] = None
            record.groups.add(group.scim_id)
        group.modified = self.now
        self._push("_join", group.scim_id, [record.scim_id for record in added])

    def leave(self, group: ScimGroup, scim_ids: Iterable[str]) -> None:
        """Take members out; who is none is passed over."""
        gone = [key for key in scim_ids if key in group.members]
        for key in gone:
            del group.members[key]
            self.records[key].groups.discard(group.scim_id)
        group.modified = self.now
        accounts = [self.records[key].account_id for key in gone]
        self._push("_leave", group.group_id, [key for key in accounts if key])

    def _there(self, scim_id: str, missing: int) -> Record:
        if scim_id not in self.records:
            raise ScimError(missing, "noTarget", f"User {scim_id} does not exist.")
        return self.records[scim_id]

    # What the organisation sees of it

    def _push(self, act: str, *what: Any) -> None:
        if self.lag:
            self._coming.append((time.monotonic() + self.lag, act, what))
        else:
            getattr(self, act)(*what)

    def arrive(self) -> None:
        """Let what was written some time ago take effect."""
        while self._coming and self._coming[0][0] <= time.monotonic():
            _, act, what = self._coming.pop(0)
            getattr(self, act)(*what)

    def _write_account(self, scim_id: str) -> None:
        record = self.records.get(scim_id)
        if record is None:
            return
        account = self._linked(record)
        if account.status == "closed":
            return
        data, org = record.data, self.org
        with org.changing(account):
            if account.email.lower() != record.email.lower():
                org.readdress(account, record.email)
            account.name = data.get("displayName") or account.name
            account.job_title = data.get("title")
            account.department = data.get("department")
            account.organization = data.get("organization")
            account.time_zone = data.get("timezone") or account.time_zone
            active = data.get("active", True)
            if active and account.status == "inactive":
                account.status, account.deactivated_on, account.deletion_from = "active", None, None
            elif not active and account.status == "active":
                account.status, account.deactivated_on = "inactive", self.now

    def _linked(self, record: Record) -> Account:
        """The account of a record, linked now where it was not."""
        if record.account_id is not None:
            return self.org.by_id[record.account_id]
        account = self.org.invite(record.email)
        self.link(record, account)
        return account

    def link(self, record: Record, account: Account) -> None:
        """Say that a record is whose account."""
        record.account_id = account.account_id
        self.by_account[account.account_id] = record
        account.source, account.synced = "synced", self.locks

    def _let_go(self, account_id: str) -> None:
        account = self.org.by_id[account_id]
        with self.org.changing(account):
            account.synced = False
            if account.status == "active":
                account.status, account.deactivated_on = "inactive", self.now

    def _join(self, scim_group: str, scim_ids: list[str]) -> None:
        group = self._synced(scim_group)
        for key in scim_ids:
            record = self.records.get(key)
            if group is not None and record is not None and record.account_id:
                self.org.join(group, self.org.by_id[record.account_id])

    def _leave(self, group_id: str | None, account_ids: list[str]) -> None:
        group = self.org.groups.get(group_id or "")
        for account_id in account_ids:
            if group is not None:
                self.org.leave(group, self.org.by_id[account_id])

    def _synced(self, scim_group: str) -> Group | None:
        group = self.groups.get(scim_group)
        return self.org.groups.get(group.group_id or "") if group else None
