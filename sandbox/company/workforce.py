"""Hiring, moving, letting go and taking back single people."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from sandbox.company.books import Books, dice
from sandbox.company.hiring import recruit
from sandbox.company.people import ACTIVE, DEPARTED, SUSPENDED, Person
from sandbox.company.usual import COST_CENTERS, department_group, usual_groups

EVERYONE = "everyone"
_NAMES = ("given_name", "family_name")
_OWN = ("department", "cost_center", "title", "user_type", "city", "email", "login", "mobile", *_NAMES)


class Workforce(Books):
    """The people of the books, and what a personnel department does with them."""

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
        facts = dict(facts or {})
        unknown = set(facts) - {*_OWN, "groups", "manager", "state", "hired_on"}
        if unknown:
            raise ValueError(f"unknown facts {sorted(unknown)}; known are {sorted(_OWN)} and groups, manager")
        if str(facts.get("email", "")).lower() in self.emails:
            raise ValueError(f"{facts['email']} is already somebody's address; use rehire or another one")
        person = recruit(self, rng or dice(f"hire {self.seed} {self.numbers}"), facts)
        self.record("created", person)
        if person.state == ACTIVE:
            self.record("activated", person)
        return person

    def move(self, key: str | int, facts: Mapping[str, Any] | None = None) -> Person:
        """Change department, title, names, address or groups of one person.

        A new department brings its cost centre and its `dept-` group. `groups` replaces all others;
        `add_groups` and `remove_groups` change single ones.
        """
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
            self.forget(person)
            self.reports_changed(person, person.manager)
        return person

    def rehire(self, key: str | int, facts: Mapping[str, Any] | None = None) -> Person:
        """Take one former (or suspended) person back, into the groups of the department."""
        person = self.find(key)
        person.leaves_on, person.hired_on = None, self.now
        self.set_state(person, ACTIVE)
        rng = dice(f"rehire {self.seed} {person.number}")
        self.join(person, usual_groups(person, rng))
        return self.move(person.number, facts) if facts else person

    def _amend(self, person: Person, facts: Mapping[str, Any]) -> None:
        changed = {k: str(v) for k, v in facts.items() if getattr(person, k) != v}
        if not changed:
            return
        if changed.get("email", person.email).lower() in {*self.emails} - {person.email.lower()}:
            raise ValueError(f"{changed['email']} is already somebody's address")
        self.forget(person)
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
            self.reports_changed(person, person.number)
