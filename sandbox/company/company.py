"""The one company every face shows: people, groups, a virtual clock and a calendar of changes.

    company = Company(people=500, seed=1)
    company.advance(days=3)                     # hires, moves, leaves, rehires, sign-ins
    company.hire({"given_name": "Ada"}); company.leave("ada.smith@acme.test")

`people` counts those present (staged, active, suspended); former staff come on top. The same seed
gives the same company, and `advance(2)` the same as twice `advance(1)`. Change it only by its
methods: they keep indexes, revisions, times and the event log together.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, App, Event, Group, Person

DOMAIN = "acme.test"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVERYONE = "everyone"
RETENTION = timedelta(days=90)
_NAMES = ("given_name", "family_name")
_OWN = ("department", "cost_center", "title", "user_type", "city", "email", "login", "mobile", *_NAMES)


class Company:
    """A company with a virtual clock.

    Attributes:
        people: Person by number, former staff included, deleted ones gone.
        groups: Group by name.
        apps: Applications.
        events: What happened in the last 90 days, oldest first.
        now: The virtual time (UTC).
    """

    def __init__(self, people: int = 500, seed: int = 1, *, now: datetime = START, odd: bool = True) -> None:
        """Found the company.

        Args:
            people: How many are present at the start.
            seed: Decides everything random.
            now: The virtual time to start at.
            odd: Whether a handful of records are malformed the way real directories' are.
        """
        from sandbox.company.founding import found

        self.size, self.seed, self.odd = people, seed, odd
        self.now = self.founded = now
        self.day = 0
        self.people: dict[int, Person] = {}
        self.groups: dict[str, Group] = {}
        self.apps: list[App] = []
        self.events: list[Event] = []
        self.emails: dict[str, int] = {}
        self._numbers = 0
        self._groups_made = 0
        self._ticks = 0
        found(self, dice(f"found {seed}"))

    # Reading

    def find(self, key: str | int) -> Person:
        """Return the person with that number, e-mail address or login; raise LookupError if none."""
        number = key if isinstance(key, int) else self.emails.get(key.lower())
        if number is None or number not in self.people:
            raise LookupError(f"nobody in the company is called {key!r}")
        return self.people[number]

    def present(self) -> list[Person]:
        """Return everyone who has not left."""
        return [p for p in self.people.values() if p.state != DEPARTED]

    def in_state(self, *states: str) -> list[Person]:
        """Return everyone in one of the states."""
        return [p for p in self.people.values() if p.state in states]

    def members(self, group: str) -> list[Person]:
        """Return the members of a group."""
        return [self.people[n] for n in self.groups[group].members]

    def assigned(self, app: App) -> list[Person]:
        """Return everyone assigned to an application, each once, in order of number."""
        numbers = {n for name in app.groups for n in self.groups[name].members}
        return [self.people[n] for n in sorted(numbers)]

    # The clock

    def advance(self, days: int = 1) -> dict[str, int]:
        """Live through some days and return how many of each kind of change they brought."""
        from sandbox.company.daily import live

        counts: dict[str, int] = {}
        for _ in range(days):
            self.day += 1
            self.now += timedelta(days=1)
            for kind, n in live(self, dice(f"day {self.seed} {self.day}")).items():
                counts[kind] = counts.get(kind, 0) + n
        first = bisect.bisect_left(self.events, self.now - RETENTION, key=lambda e: e.at)
        del self.events[:first]
        return counts

    # Changing one person

    def hire(self, facts: Mapping[str, Any] | None = None, *, rng: random.Random | None = None) -> Person:
        """Add one active person; facts override what the dice would say.

        Args:
            facts: Any of given_name, family_name, email, login, department, cost_center, title,
                user_type, city, mobile, groups (a list of names, created where missing), manager
                (e-mail), state (active or staged) and hired_on (ISO date).
            rng: Dice; by default they depend on the seed and the next number alone.

        Raises:
            ValueError: The e-mail is taken or a fact is unknown.
        """
        from sandbox.company.founding import recruit

        facts = dict(facts or {})
        unknown = set(facts) - {*_OWN, "groups", "manager", "state", "hired_on"}
        if unknown:
            raise ValueError(f"unknown facts {sorted(unknown)}; known are {sorted(_OWN)} and groups, manager")
        if str(facts.get("email", "")).lower() in self.emails:
            raise ValueError(f"{facts['email']} is already somebody's address; use rehire or another one")
        person = recruit(self, rng or dice(f"hire {self.seed} {self._numbers}"), facts)
        self.record("created", person)
        if person.state == ACTIVE:
            self.record("activated", person)
        return person

    def move(self, key: str | int, facts: Mapping[str, Any] | None = None) -> Person:
        """Change department, title, names, address or groups of one person.

        A new department brings its cost centre and its `dept-` group. `groups` replaces all others;
        `add_groups` and `remove_groups` change single ones.
        """
        from sandbox.company.founding import COST_CENTERS

        person = self.find(key)
        facts = dict(facts or {})
        adding, removing = facts.pop("add_groups", ()), facts.pop("remove_groups", ())
        groups = facts.pop("groups", None)
        if unknown := set(facts) - set(_OWN):
            raise ValueError(f"unknown facts {sorted(unknown)}; known are {sorted(_OWN)} and groups")
        if "department" in facts:
            facts.setdefault("cost_center", COST_CENTERS.get(facts["department"], person.cost_center))
            removing = [*removing, department_group(person.department)]
            adding = [*adding, department_group(facts["department"])]
        self._amend(person, facts)
        if groups is not None:
            removing, adding = [*removing, *(person.groups - set(groups) - {EVERYONE})], [*adding, *groups]
        self.quit(person, removing)
        self.join(person, adding)
        return person

    def leave(self, key: str | int, *, how: str = "departed") -> Person:
        """Let one person go: `departed` (deactivated), `suspended` (first step) or `deleted`."""
        person = self.find(key)
        if how not in ("departed", "suspended", "deleted"):
            raise ValueError(f"leave how={how!r}: expected departed, suspended or deleted")
        person.leaves_on = min(person.leaves_on or self.now, self.now)
        if how == "suspended":
            self.set_state(person, SUSPENDED)
            return person
        self.quit(person, sorted(person.groups))
        self.set_state(person, DEPARTED)
        if how == "deleted":
            self.record("deleted", person)
            del self.people[person.number]
            self._forget(person)
            self._reports_changed(person, person.manager)
        return person

    def rehire(self, key: str | int, facts: Mapping[str, Any] | None = None) -> Person:
        """Take one former (or suspended) person back, into the groups of the department."""
        from sandbox.company.founding import usual_groups

        person = self.find(key)
        person.leaves_on, person.hired_on = None, self.now
        self.set_state(person, ACTIVE)
        rng = dice(f"rehire {self.seed} {person.number}")
        self.join(person, usual_groups(person, rng))
        return self.move(person.number, facts) if facts else person

    def set_state(self, person: Person, state: str) -> None:
        """Move a person to a lifecycle state and log it."""
        before, person.state = person.state, state
        if before == state:
            return
        person.status_changed = self.now
        if state == ACTIVE:
            person.activated = self.now
        self.touch(person)
        back = {STAGED: "activated", DEPARTED: "reactivated", SUSPENDED: "unsuspended"}
        self.record({SUSPENDED: "suspended", DEPARTED: "deactivated"}.get(state) or back[before], person)

    def sign_in(self, person: Person, at: datetime) -> None:
        """Note a sign-in; it moves the last sign-in, not the time of the last change."""
        person.last_sign_in = at
        self._ticks += 1
        person.revision = self._ticks
        self.record("sign_in", person, at=at)

    # Groups

    def add_group(
        self,
        name: str,
        description: str | None = None,
        *,
        kind: str = "normal",
        created: datetime | None = None,
    ) -> Group:
        """Create a group, or return the one of that name."""
        if name not in self.groups:
            at = created or self.now
            self._groups_made += 1
            self.groups[name] = Group(self._groups_made, name, description, kind, at, at, at)
        return self.groups[name]

    def rename_group(self, name: str, new: str) -> Group:
        """Give a group another name; its members and applications go along."""
        if new in self.groups:
            raise ValueError(f"there is a group called {new} already")
        group = self.groups[new] = self.groups.pop(name)
        group.name = new
        for person in self.members(new):
            person.groups.remove(name)
            person.groups.add(new)
        for app in self.apps:
            app.groups = tuple(new if held == name else held for held in app.groups)
        self._ticks += 1
        group.revision, group.updated = self._ticks, self.now
        self.record("renamed_group", None, group)
        return group

    def remove_group(self, name: str) -> None:
        """Delete a group; its members leave it first."""
        for person in self.members(name):
            self.quit(person, [name])
        for app in self.apps:
            app.groups = tuple(held for held in app.groups if held != name)
        group = self.groups.pop(name)
        self.record("removed_import" if group.kind == "app" else "removed_group", None, group)

    def join(
        self, person: Person, names: Iterable[str], *, at: datetime | None = None, log: bool = True
    ) -> None:
        """Put a person into groups, creating those that are missing."""
        for name in names:
            if name not in person.groups:
                group = self.add_group(name, created=at)
                person.groups.add(name)
                group.members[person.number] = None
                self._group_changed(group, person, "joined_group", at, log)

    def quit(self, person: Person, names: Iterable[str]) -> None:
        """Take a person out of groups."""
        for name in names:
            if name in person.groups:
                person.groups.discard(name)
                del self.groups[name].members[person.number]
                self._group_changed(self.groups[name], person, "left_group", None, log=True)

    # Bookkeeping

    def enrol(self, person: Person) -> Person:
        """Enter a new person into the books."""
        self.people[person.number] = person
        for address in (person.email, person.login):
            self.emails.setdefault(address.lower(), person.number)
        return person

    def next_number(self) -> int:
        """Return a number no person has had."""
        self._numbers += 1
        return self._numbers

    def free_email(self, given: str, family: str) -> str:
        """Return an unused address for a name."""
        stem = f"{given}.{family}".lower().replace(" ", "-").replace("'", "")
        address, n = f"{stem}@{DOMAIN}", 1
        while address in self.emails:
            n += 1
            address = f"{stem}{n}@{DOMAIN}"
        return address

    def touch(self, person: Person, at: datetime | None = None) -> None:
        """Mark a person as changed."""
        self._ticks += 1
        person.revision, person.updated = self._ticks, at or self.now

    def record(
        self, kind: str, person: Person | None, group: Group | None = None, at: datetime | None = None
    ) -> None:
        """Append an event to the log."""
        number = self.events[-1].number + 1 if self.events else 1
        who = (person.number, person.login, person.display_name) if person else (0, "", "")
        what = (group.name, group.number) if group else (None, None)
        self.events.append(Event(number, at or self.now, kind, *who, *what))

    def _amend(self, person: Person, facts: Mapping[str, Any]) -> None:
        changed = {k: str(v) for k, v in facts.items() if getattr(person, k) != v}
        if not changed:
            return
        if changed.get("email", person.email).lower() in {*self.emails} - {person.email.lower()}:
            raise ValueError(f"{changed['email']} is already somebody's address")
        self._forget(person)
        if "email" in changed and person.login == person.email:
            changed.setdefault("login", changed["email"])
        for name, value in changed.items():
            if name in ("department", "title", "email", *_NAMES):
                person.former[name] = getattr(person, name)
            setattr(person, name, value)
        self.enrol(person)
        self.touch(person)
        self.record("updated", person)
        if "login" in changed:
            self._reports_changed(person, person.number)

    def _reports_changed(self, boss: Person, manager: int | None) -> None:
        """Write down who someone's people report to, anew: their records name the manager."""
        for report in [p for p in self.people.values() if p.manager == boss.number]:
            report.manager = manager
            self.touch(report)
            self.record("updated", report)

    def _forget(self, person: Person) -> None:
        for address in (person.email, person.login):
            if self.emails.get(address.lower()) == person.number:
                del self.emails[address.lower()]

    def _group_changed(self, group: Group, person: Person, kind: str, at: datetime | None, log: bool) -> None:
        self._ticks += 1
        group.revision, group.members_updated = self._ticks, at or self.now
        if log:
            self.record(kind, person, group, at)


def dice(seed: str) -> random.Random:
    """Return dice that fall the same way for the same seed."""
    return random.Random(seed)


def department_group(department: str) -> str:
    """Return the name of the group a department's people are in."""
    return "dept-" + department.lower().replace(" ", "-")
