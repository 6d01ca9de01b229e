"""How a company comes to be: groups, staff, former staff, odd records, applications."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sandbox.company.books import Books
from sandbox.company.hiring import recruit
from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, App, Person
from sandbox.company.usual import (
    CITIES,
    CONFLUENCE,
    DEPARTMENTS,
    DEV,
    FAMILY,
    JIRA,
    JSM,
    SERVICES,
)

TEAM_SIZE = 24
FLAWS = ("activating", "integer_number", "country_code", "no_given_name", "nulls")


def found(books: Books, rng: random.Random) -> None:
    """Fill an empty company: groups, staff, managers, former staff, odd records, applications."""
    _found_groups(books)
    born = books.now - timedelta(days=2000)
    services = SERVICES[: max(0, min(len(SERVICES), books.size // 20))]
    for _ in range(books.size - len(services)):
        _past_hire(books, rng)
    _appoint_managers(books, rng)
    for name in services:
        _service(books, rng, name, born)
    _former_staff(books, rng, round(books.size * 0.06) if books.size >= 10 else 0)
    if books.odd:
        _make_odd(books, rng)
    _found_apps(books, born)
    _past_sign_ins(books)


def _found_groups(books: Books) -> None:
    at = books.now - timedelta(days=2000)
    books.add_group("everyone", "All users in your organization", kind="builtin", created=at)
    for name, text in (
        (JIRA, "Jira"),
        (CONFLUENCE, "Confluence"),
        (JSM, "Jira Service Management agents"),
        (DEV, "Jira projects of the developers"),
    ):
        books.add_group(name, f"Access to {text}", created=at)
    for department in DEPARTMENTS:
        books.add_group(f"dept-{department.name.lower()}", f"Everyone in {department.name}", created=at)
    for city in CITIES:
        books.add_group("loc-" + city[0].lower().replace(" ", "-"), city[0], created=at)
    books.add_group("contractors", "External staff", created=at)
    books.add_group("atl-archived", "Was used until 2019", created=at)
    books.add_group("zz-empty", None, created=at)
    if books.odd:
        books.add_group('R&D / "Büro" <ß>, 50%', "A name with every trap", created=at)
        books.add_group("CN=Legacy,OU=Groups,DC=acme,DC=test", None, kind="app", created=at)


def _past_hire(books: Books, rng: random.Random) -> Person:
    person = _enrolled_in_the_past(books, rng)
    dice = rng.random()
    if dice < 0.015:
        person.state, person.activated, person.last_sign_in = STAGED, None, None
        person.hired_on = books.now + timedelta(days=rng.randrange(1, 21))
    elif dice < 0.03:
        person.state = SUSPENDED
        person.status_changed = _later(person.created, books.now, rng)
    elif dice < 0.05:
        person.snag = rng.choice(("locked_out", "password_expired", "recovery", "provisioned"))
    if person.state == ACTIVE and dice > 0.97:
        _past_move(person, rng)
    return person


def _enrolled_in_the_past(books: Books, rng: random.Random) -> Person:
    """Make a person hired at some time in the last five years."""
    now = books.now
    books.now = now - timedelta(days=rng.randrange(3, 1800), minutes=rng.randrange(600))
    person = recruit(books, rng, {}, log=False)
    books.now = now
    team = f"team-{person.department.lower()}-{person.number // (TEAM_SIZE * 10):02}"
    books.join(person, [team], at=person.created, log=False)
    person.updated = _later(person.created, now, rng)
    person.last_sign_in = _signed_in(person, now, rng)
    person.mobile = f"+1 555 {person.number:07}" if rng.random() < 0.3 else None
    if rng.random() < 0.03:
        books.emails.pop(person.login, None)
        person.login = f"u{person.number:06}@acme.test"
        books.enrol(person).personal_email = None
    elif rng.random() < 0.1:
        person.personal_email = f"{person.given_name}.{person.number}@mail.test".lower()
    return person


def _signed_in(person: Person, now: datetime, rng: random.Random) -> datetime | None:
    """Return a last sign-in: mostly recent, sometimes long ago, rarely never."""
    dice = rng.random()
    if dice < 0.02:
        return None
    if dice < 0.85:
        days = rng.random() * 4
    else:
        days = rng.randrange(5, 50) if dice < 0.93 else rng.randrange(60, 400)
    return max(person.created, now - timedelta(days=days)).replace(microsecond=0)


def _later(start: datetime, end: datetime, rng: random.Random) -> datetime:
    return (start + (end - start) * rng.random()).replace(microsecond=0)


def _past_move(person: Person, rng: random.Random) -> None:
    """Let a person have had another department, or another family name and address."""
    if rng.random() < 0.6:
        person.former["department"] = rng.choice([d.name for d in DEPARTMENTS if d.name != person.department])
    else:
        family = rng.choice([f for f in FAMILY if f != person.family_name])
        person.former["family_name"] = family
        person.former["email"] = f"{person.given_name}.{family}.{person.number}@acme.test".lower()


def _appoint_managers(books: Books, rng: random.Random) -> None:
    """Give every department one manager in twelve; the others report to one of them."""
    for department in DEPARTMENTS:
        staff = [
            p for p in books.members(f"dept-{department.name.lower()}") if p.department == department.name
        ]
        bosses = [p for p in staff if p.state == ACTIVE][: max(1, len(staff) // 12)]
        numbers = [p.number for p in bosses]
        for boss in bosses:
            boss.title, boss.user_type = f"Head of {department.name}", "Employee"
            boss.manager = numbers[0] if boss.number != numbers[0] else None
            books.quit(boss, ["contractors"])
        for person in staff:
            if numbers and person.title != f"Head of {department.name}":
                person.manager = rng.choice(numbers)


def _service(books: Books, rng: random.Random, name: str, at: datetime) -> None:
    now, books.now = books.now, at
    facts = {
        "given_name": name.capitalize(),
        "family_name": "Service",
        "email": f"{name}-svc@acme.test",
        "department": "IT",
        "title": "Service account",
        "user_type": "Service",
        "groups": ["dept-it", JIRA],
    }
    person = recruit(books, rng, facts)
    books.now = now
    person.last_sign_in = now - timedelta(hours=1)


def _former_staff(books: Books, rng: random.Random, count: int) -> None:
    for _ in range(count):
        person = _enrolled_in_the_past(books, rng)
        for name in sorted(person.groups):
            del books.groups[name].members[person.number]
        person.former["groups"] = ",".join(sorted(person.groups))
        person.groups.clear()
        left = books.now - timedelta(days=rng.randrange(1, 300), minutes=rng.randrange(600))
        left = max(left, person.created + timedelta(days=1))
        person.state, person.leaves_on = DEPARTED, left
        person.status_changed = person.updated = left
        if person.last_sign_in is not None:
            person.last_sign_in = max(person.created, min(person.last_sign_in, left))


def _make_odd(books: Books, rng: random.Random) -> None:
    staff = (p for p in books.people.values() if p.state == ACTIVE and p.user_type == "Employee")
    ordinary = [p for p in staff if not p.snag]
    chosen = rng.sample(ordinary, min(len(FLAWS), len(ordinary) // 10))
    for person, flaw in zip(chosen, FLAWS, strict=False):
        person.flaw = flaw
        if flaw == "no_given_name":
            person.given_name = ""


def _found_apps(books: Books, at: datetime) -> None:
    for label, name, sign_on, active, groups in (
        ("Atlassian Cloud", "atlassian", "SAML_2_0", True, (JIRA, CONFLUENCE, JSM)),
        ("Expenses", "expensify", "SAML_2_0", True, ("everyone",)),
        ("Payroll", "payroll", "BOOKMARK", True, ("dept-finance", "dept-people")),
        ("Old Wiki", "bookmark", "BOOKMARK", False, ()),
    ):
        books.apps.append(App(len(books.apps) + 1, label, name, sign_on, at, at, active, groups))


def _past_sign_ins(books: Books) -> None:
    """Log the last sign-in of everyone who signed in within the last 90 days."""
    since = books.now - timedelta(days=90)
    recent = [p for p in books.people.values() if p.last_sign_in and p.last_sign_in > since]
    books.events.clear()
    for person in sorted(recent, key=lambda p: (p.last_sign_in, p.number)):
        books.record("sign_in", person, at=person.last_sign_in)
