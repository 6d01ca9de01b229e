"""The groups of the tenant: those of the company, and around them groups that hold groups.

    all-tech ⊃ all-engineering ⊃ teams-engineering ⊃ team-engineering-00 ⊃ people
                               ⊃ dept-engineering ⊃ people

Only this face knows the outer ones; they follow from the company's groups and need no state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sandbox.company.company import Company
from sandbox.company.people import Group
from sandbox.company.usual import DEPARTMENTS
from sandbox.entra.ids import guid
from sandbox.kit.world import World

# Numbers of the outer groups start here, far beyond those of the company's.
OUTER = 1_000_000
TECH = ("all-engineering", "all-it", "all-product")


@dataclass(frozen=True, slots=True)
class Unit:
    """One group as the tenant has it.

    Attributes:
        number: Its identifier is made of it; pages are in its order.
        name: Display name.
        group: The company's group, None for an outer one.
        people: Numbers of the persons that are members themselves.
        groups: Names of the groups that are members.
    """

    number: int
    name: str
    group: Group | None
    people: dict[int, None]
    groups: tuple[str, ...]
    created: datetime

    @property
    def id(self) -> str:
        """Return the object identifier."""
        return guid("group", self.number)


def units(world: World) -> dict[str, Unit]:
    """Return every group by its name in the company."""
    return _kept(world)[0]


def numbered(world: World) -> dict[int, Unit]:
    """Return every group by its number."""
    return _kept(world)[1]


def _kept(world: World) -> tuple[dict[str, Unit], dict[int, Unit]]:
    """Return the groups by name and by number, made anew when the company or its groups are others."""
    company, cache = world.company, world.cache("entra tree")
    # A new name moves a group to the end: the names in their order tell every change of the groups.
    there = (list(company.groups), list(company.groups.values()))
    kept = cache.get("units")
    if kept is None or kept[0] is not company or kept[1] != there:
        every = list(_units(company))
        named = {unit.name if unit.group is None else unit.group.name: unit for unit in every}
        kept = cache["units"] = (company, there, named, {unit.number: unit for unit in every})
    return kept[2], kept[3]


def closure(world: World, outermost: Unit) -> tuple[dict[int, None], dict[str, None]]:
    """Return the persons and the names of the groups that are members directly or through groups."""
    every = units(world)
    people: dict[int, None] = {}
    groups: dict[str, None] = {}
    waiting = [outermost]
    while waiting:
        unit = waiting.pop()
        people |= unit.people
        fresh = [name for name in unit.groups if name not in groups and name != outermost.name]
        groups |= dict.fromkeys(fresh)
        waiting += [every[name] for name in fresh]
    return people, groups


def above(world: World, inner: Unit) -> dict[str, None]:
    """Return the names of the groups that hold a group, directly or through others."""
    every = units(world)
    name_of = {unit.number: name for name, unit in every.items()}
    found: dict[str, None] = {}
    waiting = [name_of[inner.number]]
    while waiting:
        below = waiting.pop()
        outer = [name for name, unit in every.items() if below in unit.groups and name not in found]
        found |= dict.fromkeys(outer)
        waiting += outer
    return found


def _units(company: Company) -> Iterator[Unit]:
    for group in company.groups.values():
        yield Unit(group.number, _shown(group), group, group.members, (), group.created)
    numbers = count(OUTER)
    created = min((group.created for group in company.groups.values()), default=company.founded)
    for name, inner in _outer(company):
        yield Unit(next(numbers), name, None, {}, inner, created)


def _shown(group: Group) -> str:
    """Return the name; of a group from another directory the common name."""
    return group.name.split(",")[0].removeprefix("CN=") if group.kind == "app" else group.name


def _outer(company: Company) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names of the outer groups and of what each holds."""
    for department in DEPARTMENTS:
        slug = department.name.lower()
        teams = tuple(sorted(name for name in company.groups if name.startswith(f"team-{slug}-")))
        yield f"teams-{slug}", teams
        yield (
            f"all-{slug}",
            (f"teams-{slug}", *([f"dept-{slug}"] if f"dept-{slug}" in company.groups else [])),
        )
    yield "all-tech", TECH
