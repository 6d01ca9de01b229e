"""What is usual at the company: names, departments, places, groups."""

from __future__ import annotations

import random
from typing import NamedTuple

from sandbox.company.people import Person


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
WEIGHTS = [d.weight for d in DEPARTMENTS]
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


def department_group(department: str) -> str:
    """Return the name of the group a department's people are in."""
    return "dept-" + department.lower().replace(" ", "-")
