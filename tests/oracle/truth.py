"""Who works at the simulated company, in which groups they are meant to be, and what their accounts hold.

Read from the sandbox itself, which knows whose account each is. Nothing here, nor beside it, comes from the
product: whoever judges by the code that is judged finds it right.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sandbox.company.people import ACTIVE, DEPARTED, SUSPENDED, Person
from sandbox.kit.world import World

MEANS = {
    "atl-jira-users": {"jira-software-users"},
    "atl-jira-dev": {"jira-software-users", "developers"},
    "atl-confluence-users": {"confluence-users"},
    "atl-jsm-agents": {"jsm-agents"},
}
"""Group at the identity provider → groups it stands for; the policy says the same in its own words."""
CITIES = frozenset({"loc-berlin", "loc-lisbon", "loc-london", "loc-new-york", "loc-sydney", "loc-tokyo"})
"""Groups that the scope of the services names: everybody is in one."""
GOVERNED = frozenset().union(*MEANS.values())
SEATS = GOVERNED - {"developers"}
"""Those that open a product; a leaver loses these at once, and all the rest with the account."""
IDLE, NEVER_USED = timedelta(days=90), timedelta(days=60)
DEACTIVATED, DELETED = timedelta(days=7), timedelta(days=90)
JIRA = "jira-software"
WORKS, EXISTS = "can work", "exists"


@dataclass(frozen=True)
class Account:
    """One account, and whose it truly is.

    Attributes:
        key: what names it in a plan.
        email: its address.
        person: whose it is; None where it is nobody's.
        things: its groups, whether it works and whether it exists.
        untouchable: whether the target lets nobody change it.
        last_used: when Jira was last used by it, as far as it was ever.
        since: when it was made, or given Jira.
    """

    key: str
    email: str
    person: Person | None
    things: frozenset[str]
    untouchable: bool
    last_used: datetime | None
    since: datetime


@dataclass
class Meaning:
    """What the groups of the identity provider are meant to hold, whatever they are called or hold just now.

    Attributes:
        names: number of a group → the name the policy knows it by.
        wronged: memberships that an accident removed: number of a person, name of a group.
        strangers: number of a person, group of the target: given by nothing but a second group of a name.
        gone: number of a person who is suspended or departed → since when they are one or the other.
        bore: address → who bore it last while they worked here, those included who were deleted since.
    """

    names: dict[int, str] = field(default_factory=dict)
    wronged: set[tuple[int, str]] = field(default_factory=set)
    strangers: set[tuple[int, str]] = field(default_factory=set)
    gone: dict[int, datetime] = field(default_factory=dict)
    bore: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Meaning:
        """The meaning of the groups as the company was founded."""
        groups = world.company.groups
        return cls({groups[name].number: name for name in MEANS})

    def note_day(self, world: World) -> None:
        """Note once a day who works here and who is gone, for a person tells only the last change."""
        people = world.company.people
        self.bore |= {one.email.lower(): one for one in people.values() if one.state == ACTIVE}
        away = {n: one.status_changed for n, one in people.items() if one.state in {SUSPENDED, DEPARTED}}
        self.gone = {n: self.gone.get(n, since) for n, since in away.items()}

    def owned(self, world: World, account: Account) -> Account:
        """The account with whose it is, also where an old list had it made for somebody deleted since."""
        person = self.bore.get(account.email.lower())
        if account.person is not None or person is None or person.number in world.company.people:
            return account
        made_for = person.activated is not None and account.since >= person.activated
        return replace(account, person=person) if made_for else account

    def of_person(self, world: World, person: Person) -> set[str]:
        """The groups of the target a person should be in."""
        groups = world.company.groups
        mine = {self.names.get(groups[name].number) for name in person.groups if name in groups}
        mine |= {name for number, name in self.wronged if number == person.number}
        return set().union(*(MEANS[name] for name in mine if name))


def cloud(world: World) -> list[Account]:
    """The accounts of the organisation."""
    org, now = world.held["atlassian"], world.company.now
    found = []
    for one in org.accounts:
        if one.kind != "atlassian" or one.status == "closed":
            continue
        uses = [use for resource, use in one.use.items() if JIRA in resource]
        last = max((at for use in uses if (at := use.last(now, one.left))), default=None)
        since = max([one.added_on, *(use.since for use in uses)])
        things = {org.groups[key].name for key in one.groups} | ({WORKS} if one.works else set())
        things |= set() if one.deletion_from else {EXISTS}
        fixed = not one.managed or one.account_id == org.caller or one.email.endswith("-svc@acme.test")
        found.append(Account(one.account_id, one.email, one.person, frozenset(things), fixed, last, since))
    return found


def jira(world: World) -> list[Account]:
    """The accounts of the Data Center installation."""
    made = world.held["jira"]
    found = []
    for one in made.accounts.values():
        things = {*one.groups, EXISTS} | ({WORKS} if one.active else set())
        fixed = one.read_only or one.shadows or bool(one.leads) or one.name == made.caller
        fixed = fixed or "-svc" in one.email
        found.append(Account(one.key, one.email, one.person, frozenset(things), fixed, None, one.created))
    return found
