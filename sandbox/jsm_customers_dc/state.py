"""Who is a user of the server, in which organisations, and of which desks a customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.company.company import Company
from sandbox.company.people import DEPARTED, Person
from sandbox.kit.datacenter_drift import CALLER
from sandbox.kit.datacenter_state import Account, Installation
from sandbox.kit.world import World

ORGANISATIONS = ("Sales", "Finance", "Legal", "Partners")
DESKS = (("SUP", True), ("IT", False))
_FIRST_ORGANISATION, _FIRST_DESK = 11, 3


@dataclass
class Circle:
    """An organisation or a desk, and the keys of who is in it; a `closed` one is for those who were added."""

    number: int
    name: str
    people: dict[str, None] = field(default_factory=dict)
    organisations: dict[int, None] = field(default_factory=dict)
    closed: bool = True


@dataclass
class Server:
    """The whole server."""

    jira: Installation
    organisations: dict[int, Circle] = field(default_factory=dict)
    desks: dict[int, Circle] = field(default_factory=dict)

    def organise(self, name: str) -> Circle:
        """Return the organisation of a name, made where there is none."""
        found = next((one for one in self.organisations.values() if one.name == name), None)
        if found is None:
            found = Circle(_FIRST_ORGANISATION + len(self.organisations), name)
            self.organisations[found.number] = found
        return found

    def with_address(self, email: str) -> list[Account]:
        """Return the accounts with an address."""
        return [one for one in self.jira.accounts.values() if one.email.lower() == email.lower()]


def server(world: World) -> Server:
    """Return the server of this world."""
    held: Server = world.hold("jsm_customers_dc", _found)
    return held


def _found(company: Company) -> Server:
    """The server as it was founded: most of three departments, leavers among them, partners, some staff."""
    made = Server(Installation(company))
    made.jira.caller = CALLER
    made.jira.create(CALLER, f"{CALLER}@acme.test", "Seatwise")
    for place, (key, closed) in enumerate(DESKS):
        made.desks[_FIRST_DESK + place] = Circle(_FIRST_DESK + place, key, closed=closed)
    for name in ORGANISATIONS:
        made.desks[_FIRST_DESK].organisations[made.organise(name).number] = None
    for person in company.people.values():
        if not person.email.split("@")[0].endswith("-svc"):
            _enrol(made, person)
    partner = made.jira.create("rosa@partner.test", "rosa@partner.test", "Rosa Partner")
    made.organise("Partners").people[partner.key] = None
    return made


def _enrol(made: Server, person: Person) -> None:
    """Make a user of somebody, most of three departments customers, too; some never had an account."""
    gone_long = person.leaves_on is not None and (made.jira.company.now - person.leaves_on).days > 90
    if person.number % 7 == 0 or (person.state == DEPARTED and gone_long) or made.with_address(person.email):
        return
    account = made.jira.create(person.email, person.email, person.display_name)
    if person.department not in ORGANISATIONS or person.number % 5 == 0:
        return
    made.organise(person.department).people[account.key] = None
    if person.number % 2:
        made.desks[_FIRST_DESK].people[account.key] = None
