"""How one person comes into the books."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.company.books import Books
from sandbox.company.people import ACTIVE, Person
from sandbox.company.usual import (
    BY_CITY,
    BY_NAME,
    CITIES,
    DEPARTMENTS,
    FAMILY,
    GIVEN,
    USER_TYPES,
    WEIGHTS,
    usual_groups,
)


def recruit(books: Books, rng: random.Random, facts: Mapping[str, Any], *, log: bool = True) -> Person:
    """Make, enrol and group one person; the caller logs the creation, `log` the groups joined."""
    department = str(facts.get("department") or rng.choices(DEPARTMENTS, WEIGHTS)[0].name)
    usual = BY_NAME.get(department, DEPARTMENTS[-1])
    city, country, zone = BY_CITY.get(str(facts.get("city")), rng.choice(CITIES))
    given = str(facts.get("given_name", rng.choice(GIVEN)))
    family = str(facts.get("family_name", rng.choice(FAMILY)))
    email = str(facts.get("email") or books.free_email(given, family))
    state = str(facts.get("state", ACTIVE))
    at = books.now
    hired = facts.get("hired_on")
    person = Person(
        number=books.next_number(),
        given_name=given,
        family_name=family,
        email=email,
        login=str(facts.get("login", email)),
        department=department,
        cost_center=str(facts.get("cost_center", usual.cost_center)),
        title=str(facts.get("title", rng.choice(usual.titles))),
        user_type=str(facts.get("user_type", rng.choices(USER_TYPES, (86, 11, 3))[0])),
        city=city,
        country=country,
        timezone=zone,
        hired_on=_day(hired, at),
        created=at,
        updated=at,
        status_changed=at,
        state=state,
        activated=at if state == ACTIVE else None,
        mobile=facts.get("mobile"),
        manager=books.find(facts["manager"]).number if facts.get("manager") else None,
    )
    books.enrol(person)
    books.touch(person)
    groups = facts.get("groups")
    names = usual_groups(person, rng) if groups is None else dict.fromkeys(["everyone", *groups])
    books.join(person, names, log=log)
    return person


def _day(value: Any, default: datetime) -> datetime:
    if value is None:
        return default
    given = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return given if given.tzinfo else given.replace(tzinfo=default.tzinfo)
