"""Accounts and groups of one Data Center installation, and the rules every product's writes share.

Accounts are found by name, which is lower case; groups by name too, for Data Center has no other
identifier of a group. What only one product knows (permissions, tasks) stays in its own module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.company.company import Company
from sandbox.company.people import ACTIVE, Person
from sandbox.kit.cloud_model import Use

INTERNAL, READ_ONLY = "Internal Directory", "Corporate LDAP (read only)"


class WrongError(Exception):
    """A product says no: HTTP status, a word for the reason, and a sentence."""

    def __init__(self, status: int, reason: str, words: str) -> None:
        super().__init__(words)
        self.status, self.reason, self.words = status, reason, words


@dataclass(slots=True, eq=False)
class Group:
    """A group, the products it opens, and the names of its members in the order they joined."""

    name: str
    opens: tuple[str, ...] = ()
    admin: bool = False
    description: str = ""
    members: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Account:
    """An account; `person` is the truth only the sandbox knows.

    `key` never changes where the product has one. `leads` is a project the account leads, `shadows`
    whether a second directory holds an account of the same name, `direct` the products that are opened
    to the account itself, each with its permission.
    """

    number: int
    name: str
    key: str
    email: str
    display_name: str
    given_name: str
    family_name: str
    created: datetime
    person: Person | None = None
    active: bool = True
    directory: str = INTERNAL
    leads: str | None = None
    shadows: bool = False
    use: Use | None = None
    groups: dict[str, None] = field(default_factory=dict)
    direct: dict[str, str] = field(default_factory=dict)

    @property
    def read_only(self) -> bool:
        """Whether its directory refuses changes."""
        return self.directory == READ_ONLY


class Installation:
    """One product's accounts and groups.

    Attributes:
        company: The company; its clock is the installation's.
        accounts: Account by name.
        groups: Group by name, in the order they were made.
        capacity: Product → seats that were bought; None where there is no limit.
        caller: Name of the account the tokens belong to.
        tasks: What the product does later: number → how many times it was asked about.
    """

    def __init__(self, company: Company, prefix: str = "JIRAUSER") -> None:
        self.company, self.prefix = company, prefix
        self.accounts: dict[str, Account] = {}
        self.by_key: dict[str, Account] = {}
        self.groups: dict[str, Group] = {}
        self.capacity: dict[str, int | None] = {}
        self.caller = ""
        self.tasks: dict[str, list[str | int]] = {}
        self._numbers = 10000

    # Reading

    def account(self, name: str | None = None, key: str | None = None) -> Account:
        """The account of a name or key; 404 where there is none."""
        found = self.by_key.get(key) if key else self.accounts.get((name or "").lower())
        if found is None:
            raise WrongError(404, "USER_NOT_FOUND", f"User <{key or name}> does not exist")
        return found

    def group(self, name: str | None) -> Group:
        """The group of a name, whatever its case; 404 where there is none."""
        found = self.groups.get(name or "") or self.groups.get((name or "").lower())
        if found is None:
            raise WrongError(404, "GROUP_NOT_FOUND", f"Group <{name}> does not exist")
        return found

    def members(self, group: Group, *, inactive: bool = True) -> list[Account]:
        found = [self.accounts[name] for name in group.members]
        return [account for account in found if inactive or account.active]

    def opened(self, account: Account) -> list[str]:
        """Products that the account or its groups open."""
        through = {product for name in account.groups for product in self.groups[name].opens}
        return sorted(through | account.direct.keys())

    def counted(self, product: str) -> list[Account]:
        """Accounts that count for the licence of a product."""
        return [a for a in self.accounts.values() if a.active and product in self.opened(a)]

    def last_login(self, account: Account) -> datetime | None:
        """When the account last signed in; None when it never did."""
        if account.use is None:
            return None
        person = account.person
        left = None if person is None or person.state == ACTIVE else person.leaves_on or person.status_changed
        return account.use.last(self.company.now.replace(hour=0, minute=0, second=0, microsecond=0), left)

    # Writing

    def create(self, name: str, email: str, display_name: str, **facts: object) -> Account:
        """Make an account that holds nothing; 409 where the name is taken."""
        if name.lower() in self.accounts:
            raise WrongError(409, "INVALID_USER", f"User <{name}> already exists")
        given, _, family = display_name.partition(" ")
        number = self.next_number()
        account = Account(
            number=number,
            name=name.lower(),
            key=f"{self.prefix}{number}",
            email=email,
            display_name=display_name,
            given_name=given,
            family_name=family,
            created=self.company.now,
            person=self._person(email),
        )
        for field_name, value in facts.items():
            setattr(account, field_name, value)
        self.accounts[account.name] = self.by_key[account.key] = account
        return account

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def rename(self, account: Account, name: str) -> None:
        if name.lower() != account.name and name.lower() in self.accounts:
            raise WrongError(409, "INVALID_USER", f"User <{name}> already exists")
        self.writable(account)
        for group in account.groups:
            members = self.groups[group].members
            del members[account.name]
            members[name.lower()] = None
        del self.accounts[account.name]
        account.name = name.lower()
        self.accounts[account.name] = account

    def delete(self, account: Account) -> None:
        self.writable(account)
        for group in list(account.groups):
            self.quit(account, self.groups[group])
        del self.accounts[account.name], self.by_key[account.key]

    def writable(self, account: Account) -> None:
        """Refuse a change of an account whose directory is kept elsewhere."""
        if account.read_only:
            words = f"Cannot change user {account.name}: the user's directory is read-only."
            raise WrongError(400, "OPERATION_FAILED", words)

    def add_group(self, name: str, **facts: object) -> Group:
        """Make a group; 409 where the name is taken."""
        if name in self.groups:
            raise WrongError(409, "INVALID_GROUP", f"Group <{name}> already exists")
        group = self.groups[name] = Group(name)
        for field_name, value in facts.items():
            setattr(group, field_name, value)
        return group

    def drop_group(self, group: Group) -> None:
        for account in self.members(group):
            account.groups.pop(group.name, None)
        del self.groups[group.name]

    def join(self, account: Account, group: Group) -> bool:
        """Put an account into a group; whether it was not there before."""
        fresh = group.name not in account.groups
        if fresh:
            account.groups[group.name] = group.members[account.name] = None
            self._first_use(account, group.opens)
        return fresh

    def quit(self, account: Account, group: Group) -> bool:
        """Take an account out of a group; whether it was there."""
        held = group.name in account.groups
        if held:
            del account.groups[group.name], group.members[account.name]
        return held

    def has_room(self, account: Account, products: Iterable[str]) -> bool:
        """Whether the licence lets the account take seats of the products."""
        extra = set(products) - set(self.opened(account)) if account.active else set()
        limits = ((product, self.capacity.get(product)) for product in extra)
        return all(limit is None or len(self.counted(product)) < limit for product, limit in limits)

    def _first_use(self, account: Account, products: Iterable[str]) -> None:
        """People given a product start to use it two days later."""
        if account.person is not None and account.use is None and any(products):
            day = self.company.now.replace(hour=0, minute=0, second=0, microsecond=0)
            account.use = Use(day + timedelta(days=2), account.number % 9)

    def _person(self, email: str) -> Person | None:
        """Whom an address belongs to, so that a newcomer begins to use what was granted."""
        number = self.company.emails.get(email.lower())
        return None if number is None else self.company.people.get(number)
