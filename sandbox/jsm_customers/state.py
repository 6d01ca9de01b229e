"""Who is a customer of the site, in which organisations, and of which desks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.people import DEPARTED, Person
from sandbox.kit.service_desk import FIRST_DESK, ORGANISATIONS, ServiceDesk
from sandbox.kit.world import World

ADMIN_ID = "5b10ac8d82e05b22cc7d4ef5"


@dataclass
class User:
    """An account of the site; a customer of the portal alone has an identifier that begins with `qm:`."""

    account_id: str
    email: str
    name: str
    kind: str = "customer"


@dataclass
class Portal(ServiceDesk):
    """The whole site."""

    users: dict[str, User] = field(default_factory=dict)
    made: int = 0

    def add(self, email: str, name: str) -> User:
        """Make a customer."""
        self.made += 1
        user = User(f"qm:2b7c0a4e-{self.made:08x}:{self.made:06}", email, name)
        self.users[user.account_id] = user
        return user

    def with_address(self, email: str) -> list[User]:
        """Return the accounts with an address."""
        return [user for user in self.users.values() if user.email.lower() == email.lower()]


def portal(world: World) -> Portal:
    """Return the site of this world."""
    held: Portal = world.hold("jsm_customers", _found)
    return held


def _found(company: Company) -> Portal:
    """The site as it was founded: most of three departments, leavers among them, partners, and some staff."""
    site = Portal()
    site.users[ADMIN_ID] = User(ADMIN_ID, "admin@acme.test", "Admin", "atlassian")
    for person in company.people.values():
        if not person.email.split("@")[0].endswith("-svc"):
            _enrol(site, person, company.now)
    partner = site.add("rosa@partner.test", "Rosa Partner")
    site.organise("Partners").people[partner.account_id] = None
    return site


def _enrol(site: Portal, person: Person, now: datetime) -> None:
    """Make a customer of somebody in one of the departments, and let others be known to the site alone."""
    gone_long = (
        person.state == DEPARTED and person.leaves_on is not None and (now - person.leaves_on).days > 90
    )
    if person.department not in ORGANISATIONS or person.number % 5 == 0 or gone_long:
        staff = f"5f1c00aa{person.number:016x}"
        site.users[staff] = User(staff, person.email, person.display_name, "atlassian")
        return
    user = site.add(person.email, person.display_name)
    site.organise(person.department).people[user.account_id] = None
    if person.number % 2:
        site.desks[FIRST_DESK].people[user.account_id] = None


def row(user: User) -> dict[str, Any]:
    """Return a user as Jira shows it."""
    return {
        "accountId": user.account_id,
        "accountType": user.kind,
        "emailAddress": user.email,
        "displayName": user.name,
        "active": True,
        "timeZone": "Europe/Berlin",
    }


def short_row(user: User) -> dict[str, Any]:
    """Return a user as the service desk shows it, without its type."""
    return {name: value for name, value in row(user).items() if name != "accountType"}
