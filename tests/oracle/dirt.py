"""What goes wrong at a company: answers that are none, groups renamed or emptied, rows that contradict."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from sandbox.company.people import ACTIVE, Person
from sandbox.kit.shapes import SHAPES
from sandbox.kit.world import World
from tests.oracle.truth import CITIES, MEANS, Meaning

Undo = Callable[[], None]
Table = list[list[str]]


class Dirt(NamedTuple):
    """Something wrong: what, how it is put right again, and whether every way to the company shows it."""

    what: str
    undo: Undo
    everywhere: bool = False


def _nothing() -> None:
    return None


def odd_answer(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """One listing answers in another shape."""
    path = chance.choice(
        ("/okta/api/v1/users", "/okta/api/v1/groups", "/atlassian/admin", "/okta/api/v1/logs")
    )
    fault: dict[str, Any] = {"kind": "reshape", "shape": chance.choice(sorted(SHAPES)), "path": path}
    world.faults.add(**fault, skip=chance.randrange(8), times=chance.randrange(2))
    return Dirt(f"{fault}", world.faults.clear)


def failing(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """One listing fails for good."""
    path = chance.choice(("/okta/api/v1", "/atlassian/admin"))
    status = chance.choice((500, 503, 403, 404, 401))
    world.faults.add(kind="status", status=status, path=path, method="GET", skip=chance.randrange(8), times=0)
    return Dirt(f"{status} for {path}", world.faults.clear)


def renamed(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """A mapped group gets another name."""
    company, name = world.company, chance.choice(sorted(MEANS))
    company.rename_group(name, f"{name}-2027")

    back = partial(_name_back, world, f"{name}-2027", name)
    return Dirt(f"{name} renamed {name}-2027", back, everywhere=True)


def _name_back(world: World, renamed: str, name: str) -> None:
    """Give a group its old name again; whoever was put into a new group of that name goes along."""
    company = world.company
    meanwhile = list(company.members(name)) if name in company.groups else []
    if name in company.groups:
        company.remove_group(name)
    company.rename_group(renamed, name)
    for person in meanwhile:
        company.join(person, [name])


def emptied(world: World, meaning: Meaning, chance: random.Random) -> Dirt:
    """A mapped group loses all or nearly all its members by mistake."""
    company, name = world.company, chance.choice(sorted(MEANS))
    members = list(company.members(name))
    lost = members[: len(members) - chance.choice((0, 0, 1, 2))]
    for person in lost:
        meaning.wronged.add((person.number, name))
        company.quit(person, [name])

    def back() -> None:
        for person in lost:
            meaning.wronged.discard((person.number, name))
            if person.number in company.people and person.present:
                company.join(person, [name])

    return Dirt(f"{name} lost {len(lost)} of {len(members)} members", back, everywhere=True)


def twin(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """Somebody who left bears the address of somebody who works here."""
    company = world.company
    here = chance.choice(_staff(world))
    other = company.hire({"groups": []})
    address = other.email
    company.leave(other.number)
    other.email = here.email
    company.touch(other)

    def back() -> None:
        other.email = address
        company.touch(other)

    return Dirt(f"a departed identity has the address {here.email}", back, everywhere=True)


def _staff(world: World) -> list[Person]:
    return [
        p for p in world.company.in_state(ACTIVE) if p.user_type == "Employee" and not p.flaw and p.groups
    ]


def namesake(world: World, meaning: Meaning, chance: random.Random) -> Dirt:
    """Somebody makes a second group of the name of a mapped one, for other people."""
    company, name = world.company, chance.choice(sorted(MEANS))
    others = [one for one in _staff(world) if not MEANS[name] <= meaning.of_person(world, one)][:3]
    for person in others:
        company.join(person, [name.upper()])
        meaning.strangers |= {(person.number, group) for group in MEANS[name]}

    def back() -> None:
        meaning.strangers.clear()
        if name.upper() in company.groups:
            company.remove_group(name.upper())

    return Dirt(f"a second group {name.upper()} of {len(others)}", back, everywhere=True)


def _city(world: World, chance: random.Random) -> str:
    """A group that the scope names and that holds somebody who works here."""
    staffed = {name for one in _staff(world) for name in one.groups if name in CITIES}
    return chance.choice(sorted(staffed))


def scope_renamed(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """A group of the scope gets another name; now and then somebody makes the old one anew."""
    company, name = world.company, _city(world, chance)
    company.rename_group(name, f"{name}-old")
    if chance.random() < 0.5:
        for person in chance.sample(_staff(world), 2):
            company.join(person, [name])

    back = partial(_name_back, world, f"{name}-old", name)
    return Dirt(f"{name} of the scope renamed {name}-old", back, everywhere=True)


def scope_emptied(world: World, _meaning: Meaning, chance: random.Random) -> Dirt:
    """A group of the scope loses everybody by mistake."""
    company, name = world.company, _city(world, chance)
    lost = list(company.members(name))
    for person in lost:
        company.quit(person, [name])

    def back() -> None:
        for person in lost:
            if person.number in company.people and person.present:
                company.join(person, [name])

    return Dirt(f"{name} of the scope lost its {len(lost)} members", back, everywhere=True)


CLOUD = (odd_answer, failing, renamed, emptied, twin, namesake, scope_renamed, scope_emptied)
"""What goes wrong with services."""


def two_rows(table: Table, world: World, chance: random.Random) -> str:
    """Somebody who works here has a second row that says they left."""
    number, row = _somebody(table, world, chance)
    again = _with(table, row, Status="Departed", Groups="")
    table.insert(chance.choice((1, number + 1)), again)
    return f"two rows of {row[0]}, one departed"


def same_address(table: Table, world: World, chance: random.Random) -> str:
    """Another number, the same address, and departed."""
    _, row = _somebody(table, world, chance)
    table.append(
        _with(table, row, **{"Employee ID": "E999999", "Login": "old.one@acme.test"}, Status="Departed")
    )
    return f"the address {row[2]} under a second number, departed"


def no_groups(table: Table, _world: World, _chance: random.Random) -> str:
    """The column of groups is there and blank."""
    at = table[0].index("Groups")
    for row in table[1:]:
        row[at] = ""
    return "the column Groups is blank"


def no_group_column(table: Table, _world: World, _chance: random.Random) -> str:
    """The column of groups was left out of the export."""
    for row in table:
        del row[-1]
    return "the column Groups is left out"


def unknown_words(table: Table, _world: World, chance: random.Random) -> str:
    """Many states are written in words nobody knows."""
    at = table[0].index("Status")
    word = chance.choice(("X", "", "07", "see HR"))
    for row in table[1::2]:
        row[at] = word
    return f"half of the states are {word!r}"


def cut(table: Table, _world: World, chance: random.Random) -> str:
    """The file ends early."""
    keep = int(len(table) * chance.choice((0.3, 0.6, 0.85)))
    del table[keep:]
    return f"only the first {keep} lines"


def _somebody(table: Table, world: World, chance: random.Random) -> tuple[int, list[str]]:
    emails = {person.email for person in _staff(world)}
    return chance.choice([(n, row) for n, row in enumerate(table) if row[2] in emails])


def _with(table: Table, row: list[str], **facts: str) -> list[str]:
    return [facts.get(name, value) for name, value in zip(table[0], row, strict=True)]


FILES = (two_rows, same_address, no_groups, no_group_column, unknown_words, cut)
"""What goes wrong with a table; that it is old is seen to by whoever writes it."""
