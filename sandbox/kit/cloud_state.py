"""The state of one Atlassian organisation and the rules of every write.

Positions, addresses and groups are indexed, so that a write or a search costs what it touches and
not what the organisation holds. A write that Atlassian would refuse raises `RefusedError`.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sandbox.company.company import Company
from sandbox.company.people import DEPARTED, SUSPENDED, Person
from sandbox.kit.cloud_log import CHANGED, AuditLog, Object, resource_entry
from sandbox.kit.cloud_model import (
    ACCESS_ROLES,
    ALIASES,
    BILLED_ROLES,
    DOMAIN,
    GRACE,
    ORG_ID,
    ORG_RESOURCE,
    PLATFORM_ROLES,
    PRODUCTS,
    SITE_RESOURCE,
    USER,
    Account,
    Group,
    RefusedError,
    Use,
)


class Organisation:
    """Accounts, groups, roles and seats of the company's organisation.

    Attributes:
        company: The company; its clock is the organisation's.
        accounts: Account by position, closed ones included.
        groups: Group by id.
        capacity: Resource → seats that were bought; None where there is no limit.
        billed: Resource → seats that are billed now.
        caller: Account the key belongs to.
        log: What was done to whom.
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self.accounts: list[Account] = []
        self.by_id: dict[str, Account] = {}
        self.by_email: dict[str, Account] = {}
        self.groups: dict[str, Group] = {}
        self.by_name: dict[str, Group] = {}
        self.capacity: dict[str, int | None] = dict.fromkeys(PRODUCTS)
        self.billed: Counter[str] = Counter()
        self.caller = ""
        self.log = AuditLog()
        self._expiring: set[int] = set()
        self._made = self._heard = 0

    # Reading

    def account(self, account_id: str) -> Account:
        found = self.by_id.get(account_id)
        if found is None or found.status == "closed":
            raise RefusedError(404, "ADMIN-404-8", "User not found")
        return found

    def member(self, account_id: str) -> Account:
        """An account that is in the directory."""
        found = self.account(account_id)
        if found.membership == "no_membership":
            raise RefusedError(404, "ADMIN-404-8", "User not found in the directory")
        return found

    def group(self, group_id: str) -> Group:
        found = self.groups.get(group_id)
        if found is None:
            raise RefusedError(404, "ADMIN-404-10", "Group not found")
        return found

    def resource(self, resource: str) -> str:
        """The ARI under its usual name."""
        known = ALIASES.get(resource, resource)
        if known not in PRODUCTS and known not in (SITE_RESOURCE, ORG_RESOURCE):
            raise RefusedError(404, "ADMIN-UAM-404-1", "Unknown Resource")
        return known

    def roles(self, account: Account) -> dict[str, dict[str, set[str]]]:
        """Resource → role → the ways it is held, `direct` and `group_direct`."""
        held: dict[str, dict[str, set[str]]] = {}
        for resource, names in account.direct.items():
            for name in names:
                held.setdefault(resource, {}).setdefault(name, set()).add("direct")
        for group_id in account.groups:
            for resource, names in self.groups[group_id].roles.items():
                for name in names:
                    held.setdefault(resource, {}).setdefault(name, set()).add("group_direct")
        return held

    def opened(self, account: Account) -> list[str]:
        """Resources of the products the account's roles open, in a fixed order."""
        held = self._holding(account, ACCESS_ROLES)
        return [resource for resource in PRODUCTS if resource in held]

    def seats(self, account: Account) -> set[str]:
        """Resources of the products the account is billed for now."""
        if not account.works or account.kind != "atlassian":
            return set()
        return self._holding(account, BILLED_ROLES) & PRODUCTS.keys()

    def _holding(self, account: Account, roles: frozenset[str]) -> set[str]:
        """Resources on which the account holds one of the roles, directly or through a group."""
        held = {resource for resource, names in account.direct.items() if not roles.isdisjoint(names)}
        for group_id in account.groups:
            for resource, names in self.groups[group_id].roles.items():
                if not roles.isdisjoint(names):
                    held.add(resource)
        return held

    def platform_roles(self, account: Account) -> list[str]:
        names = {name for held in self.roles(account).values() for name in held}
        return [role for role in PLATFORM_ROLES if role in names]

    def used(self, account: Account) -> dict[str, datetime]:
        """Resource → latest activity, of the products that were used at all."""
        now = self.today()
        found = ((resource, use.last(now, account.left)) for resource, use in account.use.items())
        return {resource: at for resource, at in found if at is not None}

    def today(self) -> datetime:
        """Midnight of the company's day; activity is told by the day, and lags up to one."""
        return self.company.now.replace(hour=0, minute=0, second=0, microsecond=0)

    # Time

    def settle(self) -> None:
        """Let time and the identity provider do their work, where something happened."""
        for position in list(self._expiring):
            account = self.accounts[position]
            if account.deletion_from and self.company.now - account.deletion_from >= GRACE:
                self._close(account)
        latest = self.company.events[-1].number if self.company.events else 0
        if latest != self._heard:
            self._heard = latest
            for account in self.accounts:
                if account.synced and account.person and account.status == "active":
                    self._sync(account, account.person)

    def _sync(self, account: Account, person: Person) -> None:
        """Copy what the identity provider says of an account it provisions."""
        title, gone = person.title, person.state in (SUSPENDED, DEPARTED)
        shown = (account.name, account.email, account.job_title)
        if gone or shown != (person.display_name, person.email, title):
            with self.changing(account):
                self.readdress(account, person.email)
                account.name, account.job_title = person.display_name or person.email, title
                account.department = person.department
                if gone:
                    account.status, account.deactivated_on = "inactive", self.company.now

    def readdress(self, account: Account, email: str) -> None:
        """Give an account another address."""
        self.by_email.pop(account.email.lower(), None)
        account.email = email
        self.by_email[email.lower()] = account

    def _close(self, account: Account) -> None:
        with self.changing(account, "user_account_deleted"):
            self._expiring.discard(account.position)
            self._leave_groups(account)
            self.by_email.pop(account.email.lower(), None)
            account.status, account.membership, account.deletion_from = "closed", "no_membership", None
            account.name = account.nickname = "Former user"
            account.email = ""
            account.direct.clear()

    # Writing

    @contextmanager
    def changing(self, account: Account, action: str = CHANGED, *others: Object) -> Iterator[None]:
        """Keep billed seats, revision and log true across a change of one account."""
        self.billed.subtract(self.seats(account))
        try:
            yield
        finally:
            self.billed.update(self.seats(account))
            account.revision += 1
            self.log.add(self.company.now, action, account.entry, *others)

    def recount(self) -> None:
        """Count the billed seats anew, after a change of many accounts at once."""
        self.billed = Counter(resource for account in self.accounts for resource in self.seats(account))

    def enrol(self, account: Account) -> Account:
        """Enter an account that holds nothing yet."""
        self.accounts.append(account)
        self.by_id[account.account_id] = account
        self.by_email[account.email.lower()] = account
        self.log.add(self.company.now, "user_added_to_org", account.entry)
        return account

    def create_group(
        self, name: str, description: str = "", *, group_id: str | None = None, lag: float = 0.0
    ) -> Group:
        """Make a group; a search does not see it for `lag` real seconds."""
        if not name.strip() or len(name) > 255:
            raise RefusedError(400, "ADMIN-400-24", "Invalid request body: name must be 1 to 255 characters")
        if name.lower() in self.by_name:
            raise RefusedError(409, "ADMIN-409-28", f"A group named {name} already exists")
        group = Group(group_id or self._fresh_id(), name, description)
        group.visible_from = time.monotonic() + lag if lag else 0.0
        self.groups[group.group_id] = self.by_name[name.lower()] = group
        self.log.add(self.company.now, "group_created", group.entry)
        return group

    def delete_group(self, group_id: str) -> None:
        group = self._modifiable(group_id)
        if any(role in PLATFORM_ROLES for names in group.roles.values() for role in names):
            raise RefusedError(403, "ADMIN-403-7", "Not allowed to delete a group which grants admin access")
        if not group.deletable:
            raise RefusedError(403, "ADMIN-403-6", "Not allowed to delete a group with a default role")
        for position in group.ordered():
            with self.changing(account := self.accounts[position], "user_removed_from_group", group.entry):
                account.groups.discard(group_id)
        del self.groups[group_id], self.by_name[group.name.lower()]
        self.log.add(self.company.now, "group_deleted", group.entry)

    def add_member(self, group_id: str, account_id: str) -> None:
        group, account = self._modifiable(group_id), self.member(account_id)
        if account.position in group.members:
            raise RefusedError(409, "ADMIN-409-28", f"User {account_id} is already in the group")
        self._room(account, {r for r, names in group.roles.items() if BILLED_ROLES & names})
        self.join(group, account)

    def remove_member(self, group_id: str, account_id: str) -> None:
        group, account = self._modifiable(group_id), self.account(account_id)
        if account.position not in group.members:
            raise RefusedError(404, "ADMIN-404-8", "User is not a member of the group")
        self.leave(group, account)

    def leave(self, group: Group, account: Account) -> None:
        with self.changing(account, "user_removed_from_group", group.entry):
            group.drop(account.position)
            account.groups.discard(group.group_id)

    def suspend(self, account_id: str) -> None:
        with self.changing(account := self.member(account_id), "user_suspended"):
            account.membership = "suspended"

    def restore(self, account_id: str) -> None:
        with self.changing(account := self.member(account_id), "user_restored"):
            account.membership = "active"

    def remove(self, account_id: str) -> None:
        """Take an account out of the directory: its groups and roles are gone for good."""
        with self.changing(account := self.member(account_id), "user_removed_from_org"):
            account.membership, account.source = "no_membership", None
            account.direct.clear()
            self._leave_groups(account)

    def assign(self, account_id: str, role: str, resource: str) -> None:
        account = self.account(account_id)
        if account.status != "active":
            raise RefusedError(400, "ADMIN-UAM-400-2", "The user is inactive")
        for place in self._places(role, resource):
            if role in BILLED_ROLES:
                self._room(account, {place}, code="ADMIN-UAM-409-3")
            with self.changing(account, "user_role_granted", resource_entry(place)):
                account.direct.setdefault(place, set()).add(role)
                self._first_use(account, [place])

    def revoke(self, account_id: str, role: str, resource: str) -> None:
        account = self.account(account_id)
        with self.changing(account, "user_role_revoked", resource_entry(resource)):
            for place in self._places(role, resource):
                account.direct.get(place, set()).discard(role)

    def assign_group(self, group_id: str, role: str, resource: str) -> None:
        group, resource = self._modifiable(group_id), self.resource(resource)
        fresh = [self.accounts[p] for p in group.ordered() if resource not in self.seats(self.accounts[p])]
        room = self.capacity.get(resource)
        needed = sum(account.works for account in fresh)
        if role in BILLED_ROLES and room is not None and self.billed[resource] + needed > room:
            raise RefusedError(409, "ADMIN-409-3", "You have exceeded your user limit for the app")
        self._regroup(group, lambda: group.roles.setdefault(resource, set()).add(role))
        self.log.add(self.company.now, "group_role_granted", group.entry, resource_entry(resource))

    def revoke_group(self, group_id: str, role: str, resource: str) -> None:
        group, resource = self._modifiable(group_id), self.resource(resource)
        if role not in group.roles.get(resource, set()):
            raise RefusedError(404, "ADMIN-UAM-404-1", "The group does not hold the role")
        self._regroup(group, lambda: group.roles[resource].discard(role))
        self.log.add(self.company.now, "group_role_revoked", group.entry, resource_entry(resource))

    def invite(self, email: str) -> Account:
        """The account of an address, created or taken back into the directory."""
        account = self.by_email.get(email.lower())
        if account is None:
            return self.enrol(self._newcomer(email))
        if account.membership == "no_membership":
            with self.changing(account, "user_added_to_org"):
                account.membership, account.source = "active", "invited"
        return account

    def schedule_deletion(self, account: Account) -> None:
        with self.changing(account):
            account.status, account.deactivated_on = "inactive", self.company.now
            account.deletion_from = self.company.now
            self._expiring.add(account.position)

    def cancel_deletion(self, account: Account) -> None:
        with self.changing(account):
            account.status, account.deactivated_on, account.deletion_from = "active", None, None
            self._expiring.discard(account.position)

    def room_for(self, account: Account, resources: set[str]) -> bool:
        """Whether the capacity lets the account take seats of the products."""
        extra = resources - self.seats(account) if account.works else set()
        return all(
            (limit := self.capacity.get(resource)) is None or self.billed[resource] < limit
            for resource in extra
        )

    def _room(self, account: Account, resources: set[str], *, code: str = "ADMIN-409-3") -> None:
        if not self.room_for(account, resources):
            raise RefusedError(409, code, "You have exceeded your user limit for an app")

    def join(self, group: Group, account: Account) -> None:
        with self.changing(account, "user_added_to_group", group.entry):
            group.add(account.position)
            account.groups.add(group.group_id)
            self._first_use(account, [r for r, names in group.roles.items() if ACCESS_ROLES & names])

    def _first_use(self, account: Account, resources: list[str]) -> None:
        """People given a product start to use it two days later."""
        if account.person is None:
            return
        for resource in resources:
            if resource in PRODUCTS and resource not in account.use:
                account.use[resource] = Use(self.today() + timedelta(days=2), account.position % 9)

    def _leave_groups(self, account: Account) -> None:
        for group_id in account.groups:
            self.groups[group_id].drop(account.position)
        account.groups.clear()

    def _modifiable(self, group_id: str) -> Group:
        group = self.group(group_id)
        if group.synced:
            raise RefusedError(403, "ADMIN-403-5", "Not allowed to manage a synced group")
        return group

    def _places(self, role: str, resource: str) -> list[str]:
        """Where a role lands: a product, the organisation, or all products of the site."""
        if role in PLATFORM_ROLES:
            return [ORG_RESOURCE if role != "atlassian/site-admin" else SITE_RESOURCE]
        place = self.resource(resource)
        if place == ORG_RESOURCE:
            raise RefusedError(400, "ADMIN-UAM-400-3", "Invalid role for resource")
        return list(PRODUCTS) if place == SITE_RESOURCE and role == USER else [place]

    def _regroup(self, group: Group, change: Callable[[], object]) -> None:
        members = [self.accounts[position] for position in group.ordered()]
        for account in members:
            self.billed.subtract(self.seats(account))
        change()
        for account in members:
            self.billed.update(self.seats(account))
            account.revision += 1

    def _newcomer(self, email: str) -> Account:
        """An account that was never seen; a person of the company gave the name on accepting."""
        person = self._person(email)
        name = person.display_name if person else email.partition("@")[0].replace(".", " ").title()
        return Account(
            position=len(self.accounts),
            account_id=f"712020:{self._fresh_id()}",
            email=email,
            name=name,
            nickname=name.partition(" ")[0],
            added_on=self.company.now,
            person=person,
            managed=email.lower().endswith(f"@{DOMAIN}"),
        )

    def _person(self, email: str) -> Person | None:
        """Whom an address belongs to, so that a newcomer begins to use what was granted."""
        number = self.company.emails.get(email.lower())
        return None if number is None else self.company.people.get(number)

    def _fresh_id(self) -> str:
        self._made += 1
        return str(uuid.uuid5(uuid.UUID(ORG_ID), f"{self.company.seed} {self._made}"))
