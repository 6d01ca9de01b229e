"""Who and what a company is made of: persons, groups, applications and the events that befall them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

STAGED, ACTIVE, SUSPENDED, DEPARTED = "staged", "active", "suspended", "departed"


@dataclass(slots=True)
class Person:
    """One person (or service) of the company, in no vendor's words.

    `number` never changes and is never used twice: faces derive their identifiers from it. `state` is
    one of staged, active, suspended, departed. `flaw` names an oddity that a face shows in its own
    way, `snag` a passing sign-in trouble. `former` holds what a move or a new name replaced (keys
    department, title, given_name, family_name, email). `revision` grows with every change and lets
    faces keep serialised rows.
    """

    number: int
    given_name: str
    family_name: str
    email: str
    login: str
    department: str
    cost_center: str
    title: str
    user_type: str
    city: str
    country: str
    timezone: str
    hired_on: datetime
    created: datetime
    updated: datetime
    status_changed: datetime
    state: str = ACTIVE
    manager: int | None = None
    activated: datetime | None = None
    leaves_on: datetime | None = None
    last_sign_in: datetime | None = None
    personal_email: str | None = None
    mobile: str | None = None
    flaw: str | None = None
    snag: str | None = None
    former: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    revision: int = 0

    @property
    def display_name(self) -> str:
        """Return the name as shown."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def present(self) -> bool:
        """Whether the person has not left."""
        return self.state != DEPARTED


@dataclass(slots=True)
class Group:
    """One group of the identity provider; `members` holds person numbers in the order they joined.

    `kind` is normal, builtin or app (imported from another directory, read-only there).
    """

    number: int
    name: str
    description: str | None
    kind: str
    created: datetime
    updated: datetime
    members_updated: datetime
    members: dict[int, None] = field(default_factory=dict)
    revision: int = 0


@dataclass(slots=True)
class App:
    """One application people sign in to; everyone in one of its `groups` is assigned."""

    number: int
    label: str
    name: str
    sign_on: str
    created: datetime
    updated: datetime
    active: bool = True
    groups: tuple[str, ...] = ()


class Event(NamedTuple):
    """Something that happened; person and group are named so that the event outlives them.

    An event of a group alone has nobody, which is person 0.
    """

    number: int
    at: datetime
    kind: str
    person: int
    login: str
    display_name: str
    group: str | None = None
    group_number: int | None = None
