"""The books of a company: who is there, in which groups, and the log of what happened.

Whatever changes goes through here, for indexes, revisions, times and the event log are kept together.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, App, Event, Group, Person

DOMAIN = "acme.test"


class Books:
    """People and groups, and the moment it is.

    Attributes:
        people: Person by number, former staff included, deleted ones gone.
        groups: Group by name.
        apps: Applications.
        events: What happened in the last 90 days, oldest first.
        now: The virtual time (UTC).
    """

    def __init__(self, people: int, seed: int, now: datetime, *, odd: bool) -> None:
        """Open empty books for a company of that size."""
        self.size, self.seed, self.odd = people, seed, odd
        self.now = self.founded = now
        self.day = 0
        self.people: dict[int, Person] = {}
        self.groups: dict[str, Group] = {}
        self.apps: list[App] = []
        self.events: list[Event] = []
        self.emails: dict[str, int] = {}
        self.numbers = 0
        self._groups_made = 0
        self._ticks = 0

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

    # One person

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
        self.numbers += 1
        return self.numbers

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

    def reports_changed(self, boss: Person, manager: int | None) -> None:
        """Write down who someone's people report to, anew: their records name the manager."""
        for report in [p for p in self.people.values() if p.manager == boss.number]:
            report.manager = manager
            self.touch(report)
            self.record("updated", report)

    def forget(self, person: Person) -> None:
        """Take the addresses of a person out of the index."""
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
