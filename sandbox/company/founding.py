"""How a company comes to be: names, departments, groups, applications, and one person's facts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, App, Person

if TYPE_CHECKING:
    from sandbox.company.company import Company


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Ada Adil Aiko Alma Amir Ana Anders Anouk Ben Bianca Bo Carla Chen Chloe Clara Dana Daniel Diego Ebba
    Eli Elif Emil Emma Eric Esra Eva Farid Felix Fiona Gael Grace Hana Hans Hugo Ines Ingrid Isaac Ivan
    Jamal Jana Jin Joana Jonas Jose Julia Kai Karim Katja Kofi Lars Laura Lea Leo Lina Lucas Luis Maja
    Marco Maria Mark Maya Mei Mia Milan Mina Nadia Nico Nina Noah Nora Olga Omar Oscar Paula Pavel Pia
    Priya Rafael Ravi Rosa Ruth Sam Sara Selma Sofia Sven Tara Teo Tim Uma Vera Victor Wei Yara Yuki Zoe
    """
)
FAMILY = _words(
    """
    Abbott Adeyemi Ahmed Alvarez Andersson Baker Bauer Becker Berg Bianchi Brown Carter Castro Chen Costa
    Dahl Davies Diaz Dubois Eriksen Evans Farah Fischer Fontaine Garcia Gomez Green Gruber Haddad Hall
    Hansen Haas Huang Ito Ivanova Jansen Jensen Johnson Jones Kaya Keller Khan Kim Klein Kowalski Kumar
    Lang Larsen Lee Lopez Lund Martin Mendes Meyer Moreau Moretti Nakamura Ng Nguyen Novak Nowak Okafor
    Olsen Ortiz Patel Perez Peters Popescu Quinn Ramos Rao Reid Ricci Roberts Rossi Roy Sato Schmidt Silva
    Singh Smith Sousa Suzuki Takahashi Tanaka Taylor Torres Tran Turner Vasquez Vogel Wagner Walker Wang
    Weber White Wilson Wood Wright Yamada Yilmaz Young Zhang
    """
)


class Department(NamedTuple):
    """What is usual in one department: its share of the staff and the odds of each Atlassian group."""

    name: str
    weight: int
    cost_center: str
    titles: tuple[str, ...]
    jira: float
    confluence: float
    jsm: float = 0.0
    dev: float = 0.0


DEPARTMENTS = (
    Department(
        "Engineering", 34, "CC-1100", ("Engineer", "Senior Engineer", "Staff Engineer"), 0.96, 0.95, dev=0.86
    ),
    Department("Product", 8, "CC-1200", ("Product Manager", "Designer", "Researcher"), 0.9, 0.95, dev=0.15),
    Department("Support", 14, "CC-2100", ("Support Agent", "Support Lead"), 0.55, 0.8, jsm=0.85),
    Department("IT", 6, "CC-2200", ("System Administrator", "Service Desk Analyst"), 0.8, 0.9, 0.6, 0.2),
    Department("Sales", 15, "CC-3100", ("Account Executive", "Sales Engineer"), 0.2, 0.6),
    Department("Marketing", 8, "CC-3200", ("Marketing Manager", "Content Writer"), 0.35, 0.75),
    Department("Finance", 5, "CC-4100", ("Accountant", "Controller"), 0.25, 0.55),
    Department("People", 4, "CC-4200", ("People Partner", "Recruiter"), 0.3, 0.7, 0.1),
    Department("Legal", 2, "CC-4300", ("Counsel", "Paralegal"), 0.2, 0.6),
    Department("Operations", 4, "CC-5100", ("Operations Manager", "Analyst"), 0.5, 0.7),
)
BY_NAME = {d.name: d for d in DEPARTMENTS}
COST_CENTERS = {d.name: d.cost_center for d in DEPARTMENTS}
_WEIGHTS = [d.weight for d in DEPARTMENTS]
CITIES = (
    ("Berlin", "DE", "Europe/Berlin"),
    ("Lisbon", "PT", "Europe/Lisbon"),
    ("London", "GB", "Europe/London"),
    ("New York", "US", "America/New_York"),
    ("Sydney", "AU", "Australia/Sydney"),
    ("Tokyo", "JP", "Asia/Tokyo"),
)
BY_CITY = {c[0]: c for c in CITIES}
USER_TYPES = ("Employee", "Contractor", "Intern")
SERVICES = ("backup", "ci", "monitoring")

JIRA, CONFLUENCE, JSM, DEV = "atl-jira-users", "atl-confluence-users", "atl-jsm-agents", "atl-jira-dev"
TEAM_SIZE = 24
FLAWS = ("activating", "integer_number", "country_code", "no_given_name", "nulls")


def found(company: Company, rng: random.Random) -> None:
    """Fill an empty company: groups, staff, managers, former staff, odd records, applications."""
    _found_groups(company)
    born = company.now - timedelta(days=2000)
    services = SERVICES[: max(0, min(len(SERVICES), company.size // 20))]
    for _ in range(company.size - len(services)):
        _past_hire(company, rng)
    _appoint_managers(company, rng)
    for name in services:
        _service(company, rng, name, born)
    _former_staff(company, rng, round(company.size * 0.06) if company.size >= 10 else 0)
    if company.odd:
        _make_odd(company, rng)
    _found_apps(company, born)
    _past_sign_ins(company)


def recruit(company: Company, rng: random.Random, facts: Mapping[str, Any], *, log: bool = True) -> Person:
    """Make, enrol and group one person; the caller logs the creation, `log` the groups joined."""
    department = str(facts.get("department") or rng.choices(DEPARTMENTS, _WEIGHTS)[0].name)
    usual = BY_NAME.get(department, DEPARTMENTS[-1])
    city, country, zone = BY_CITY.get(str(facts.get("city")), rng.choice(CITIES))
    given = str(facts.get("given_name", rng.choice(GIVEN)))
    family = str(facts.get("family_name", rng.choice(FAMILY)))
    email = str(facts.get("email") or company.free_email(given, family))
    state = str(facts.get("state", ACTIVE))
    at = company.now
    hired = facts.get("hired_on")
    person = Person(
        number=company.next_number(),
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
        manager=company.find(facts["manager"]).number if facts.get("manager") else None,
    )
    company.enrol(person)
    company.touch(person)
    groups = facts.get("groups")
    names = usual_groups(person, rng) if groups is None else dict.fromkeys(["everyone", *groups])
    company.join(person, names, log=log)
    return person


def usual_groups(person: Person, rng: random.Random) -> list[str]:
    """Return the groups a person of that department is usually in."""
    usual = BY_NAME.get(person.department, DEPARTMENTS[-1])
    slug = person.department.lower().replace(" ", "-")
    names = ["everyone", f"dept-{slug}", "loc-" + person.city.lower().replace(" ", "-")]
    odds = ((JIRA, usual.jira), (CONFLUENCE, usual.confluence), (JSM, usual.jsm), (DEV, usual.dev))
    names += [name for name, chance in odds if rng.random() < chance]
    if DEV in names and JIRA not in names:
        names.append(JIRA)
    if person.user_type == "Contractor":
        names.append("contractors")
    return names


def _day(value: Any, default: datetime) -> datetime:
    if value is None:
        return default
    given = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return given if given.tzinfo else given.replace(tzinfo=default.tzinfo)


def _found_groups(company: Company) -> None:
    at = company.now - timedelta(days=2000)
    company.add_group("everyone", "All users in your organization", kind="builtin", created=at)
    for name, text in (
        (JIRA, "Jira"),
        (CONFLUENCE, "Confluence"),
        (JSM, "Jira Service Management agents"),
        (DEV, "Jira projects of the developers"),
    ):
        company.add_group(name, f"Access to {text}", created=at)
    for department in DEPARTMENTS:
        company.add_group(f"dept-{department.name.lower()}", f"Everyone in {department.name}", created=at)
    for city in CITIES:
        company.add_group("loc-" + city[0].lower().replace(" ", "-"), city[0], created=at)
    company.add_group("contractors", "External staff", created=at)
    company.add_group("atl-archived", "Was used until 2019", created=at)
    company.add_group("zz-empty", None, created=at)
    if company.odd:
        company.add_group('R&D / "Büro" <ß>, 50%', "A name with every trap", created=at)
        company.add_group("CN=Legacy,OU=Groups,DC=acme,DC=test", None, kind="app", created=at)


def _past_hire(company: Company, rng: random.Random) -> Person:
    person = _enrolled_in_the_past(company, rng)
    dice = rng.random()
    if dice < 0.015:
        person.state, person.activated, person.last_sign_in = STAGED, None, None
        person.hired_on = company.now + timedelta(days=rng.randrange(1, 21))
    elif dice < 0.03:
        person.state = SUSPENDED
        person.status_changed = _later(person.created, company.now, rng)
    elif dice < 0.05:
        person.snag = rng.choice(("locked_out", "password_expired", "recovery", "provisioned"))
    if person.state == ACTIVE and dice > 0.97:
        _past_move(person, rng)
    return person


def _enrolled_in_the_past(company: Company, rng: random.Random) -> Person:
    """Make a person hired at some time in the last five years."""
    now = company.now
    company.now = now - timedelta(days=rng.randrange(3, 1800), minutes=rng.randrange(600))
    person = recruit(company, rng, {}, log=False)
    company.now = now
    team = f"team-{person.department.lower()}-{person.number // (TEAM_SIZE * 10):02}"
    company.join(person, [team], at=person.created, log=False)
    person.updated = _later(person.created, now, rng)
    person.last_sign_in = _signed_in(person, now, rng)
    person.mobile = f"+1 555 {person.number:07}" if rng.random() < 0.3 else None
    if rng.random() < 0.03:
        company.emails.pop(person.login, None)
        person.login = f"u{person.number:06}@acme.test"
        company.enrol(person).personal_email = None
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


def _appoint_managers(company: Company, rng: random.Random) -> None:
    """Give every department one manager in twelve; the others report to one of them."""
    for department in DEPARTMENTS:
        staff = [
            p for p in company.members(f"dept-{department.name.lower()}") if p.department == department.name
        ]
        bosses = [p for p in staff if p.state == ACTIVE][: max(1, len(staff) // 12)]
        numbers = [p.number for p in bosses]
        for boss in bosses:
            boss.title, boss.user_type = f"Head of {department.name}", "Employee"
            boss.manager = numbers[0] if boss.number != numbers[0] else None
            company.quit(boss, ["contractors"])
        for person in staff:
            if numbers and person.title != f"Head of {department.name}":
                person.manager = rng.choice(numbers)


def _service(company: Company, rng: random.Random, name: str, at: datetime) -> None:
    now, company.now = company.now, at
    facts = {
        "given_name": name.capitalize(),
        "family_name": "Service",
        "email": f"{name}-svc@acme.test",
        "department": "IT",
        "title": "Service account",
        "user_type": "Service",
        "groups": ["dept-it", JIRA],
    }
    person = recruit(company, rng, facts)
    company.now = now
    person.last_sign_in = now - timedelta(hours=1)


def _former_staff(company: Company, rng: random.Random, count: int) -> None:
    for _ in range(count):
        person = _enrolled_in_the_past(company, rng)
        for name in sorted(person.groups):
            del company.groups[name].members[person.number]
        person.former["groups"] = ",".join(sorted(person.groups))
        person.groups.clear()
        left = company.now - timedelta(days=rng.randrange(1, 300), minutes=rng.randrange(600))
        left = max(left, person.created + timedelta(days=1))
        person.state, person.leaves_on = DEPARTED, left
        person.status_changed = person.updated = left
        if person.last_sign_in is not None:
            person.last_sign_in = max(person.created, min(person.last_sign_in, left))


def _make_odd(company: Company, rng: random.Random) -> None:
    staff = (p for p in company.people.values() if p.state == ACTIVE and p.user_type == "Employee")
    ordinary = [p for p in staff if not p.snag]
    chosen = rng.sample(ordinary, min(len(FLAWS), len(ordinary) // 10))
    for person, flaw in zip(chosen, FLAWS, strict=False):
        person.flaw = flaw
        if flaw == "no_given_name":
            person.given_name = ""


def _found_apps(company: Company, at: datetime) -> None:
    for label, name, sign_on, active, groups in (
        ("Atlassian Cloud", "atlassian", "SAML_2_0", True, (JIRA, CONFLUENCE, JSM)),
        ("Expenses", "expensify", "SAML_2_0", True, ("everyone",)),
        ("Payroll", "payroll", "BOOKMARK", True, ("dept-finance", "dept-people")),
        ("Old Wiki", "bookmark", "BOOKMARK", False, ()),
    ):
        company.apps.append(App(len(company.apps) + 1, label, name, sign_on, at, at, active, groups))


def _past_sign_ins(company: Company) -> None:
    """Log the last sign-in of everyone who signed in within the last 90 days."""
    since = company.now - timedelta(days=90)
    recent = [p for p in company.people.values() if p.last_sign_in and p.last_sign_in > since]
    company.events.clear()
    for person in sorted(recent, key=lambda p: (p.last_sign_in, p.number)):
        company.record("sign_in", person, at=person.last_sign_in)
