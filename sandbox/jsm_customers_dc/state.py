"""Who is a user of the server, in which organisations, and of which desks a customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.company.company import Company
from sandbox.company.people import DEPARTED, Person
from sandbox.kit.datacenter_drift import CALLER
from sandbox.kit.datacenter_state import Account, Installation
from sandbox.kit.service_desk import FIRST_DESK, ORGANISATIONS, ServiceDesk
from sandbox.kit.world import World


@dataclass
class Server(ServiceDesk):
    """The whole server."""

    jira: Installation = field(kw_only=True)

    def with_address(self, email: str) -> list[Account]:
        """Return the accounts with an address."""
        return [one for one in self.jira.accounts.values() if one.email.lower() == email.lower()]


def server(world: World) -> Server:
    """Return the server of this world."""
    held: Server = world.hold("jsm_customers_dc", _found)
    return held


def _found(company: Company) -> Server:
    """The server as it was founded: most of three departments, leavers among them, partners, some staff."""
    made = Server(jira=Installation(company))
    made.jira.caller = CALLER
    made.jira.create(CALLER, f"{CALLER}@acme.test", "Seatwise")
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
        made.desks[FIRST_DESK].people[account.key] = None
