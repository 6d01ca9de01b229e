"""What became of the tenant's groups: who came and went, new names, and groups that are no more.

The company's log tells neither of a renamed nor of a deleted group, nor of groups in groups. So the
groups are compared with what they were at the last look, and every delta token stands for a look.

Option of the world: `entra_delta_silent` (a deletion takes users and groups out of groups, and a
restoration puts them back, without a word on those groups).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.entra.ids import guid, number_of
from sandbox.entra.tree import Unit, numbered, units
from sandbox.kit.world import World

LIFE = timedelta(days=7)
"""How long a delta token lives, and so how long changes are remembered."""


class Known(NamedTuple):
    """A group at the last look: its revision, its name, and its members by identifier."""

    revision: int
    name: str
    people: frozenset[str]
    groups: frozenset[str]


class Change(NamedTuple):
    """What a look found of one group: whose membership is another one than before."""

    look: int
    at: datetime
    number: int
    members: frozenset[str]


@dataclass
class History:
    """Every look so far, and whom a deletion took out of which group without a word."""

    looks: int = 0
    known: dict[int, Known] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    silent: set[tuple[int, str]] = field(default_factory=set)


def look(world: World) -> int:
    """Compare the groups with what they were; return the number of this look."""
    history, now = _history(world), world.company.now
    first = not history.looks
    history.looks += 1
    history.changes = [change for change in history.changes if now - change.at <= LIFE]
    every = units(world)
    gone = history.known.keys() - {unit.number for unit in every.values()}
    found = [Change(history.looks, now, number, frozenset()) for number in gone]
    for unit in every.values():
        groups = frozenset(every[name].id for name in unit.groups)
        known = history.known.get(unit.number)
        if known is None or known._replace(people=frozenset()) != _known(unit, frozenset(), groups):
            people = frozenset(guid("user", number) for number in unit.people)
            history.known[unit.number] = fresh = _known(unit, people, groups)
            members = _differing(world, unit.number, known, fresh)
            if members or known is None or known.name != fresh.name:
                found.append(Change(history.looks, now, unit.number, members))
    for number in gone:
        del history.known[number]
    history.changes += [] if first else found
    return history.looks


def moved(world: World, since: int) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the number of each group that changed after a look, and whose membership did."""
    history = _history(world)
    found: dict[int, frozenset[str]] = {}
    for change in history.changes:
        if change.look > since:
            found[change.number] = found.get(change.number, frozenset()) | change.members
    yield from sorted(found.items())


def _history(world: World) -> History:
    kept: History = world.hold("entra groups", lambda _company: History())
    return kept


def _known(unit: Unit, people: frozenset[str], groups: frozenset[str]) -> Known:
    return Known(unit.group.revision if unit.group else 0, unit.name, people, groups)


def _differing(world: World, number: int, known: Known | None, fresh: Known) -> frozenset[str]:
    """Return who came to a group or went, as far as it is told."""
    then = known.people | known.groups if known else frozenset()
    now = fresh.people | fresh.groups
    if not world.options.get("entra_delta_silent"):
        return then ^ now
    silent = _history(world).silent
    left = {key for key in then - now if not _exists(world, key)}
    back = {key for key in now - then if (number, key) in silent}
    silent |= {(number, key) for key in left}
    silent -= {(number, key) for key in back}
    return (then ^ now) - left - back


def _exists(world: World, key: str) -> bool:
    """Whether a user or a group lives."""
    person = number_of("user", key)
    if person is None:
        return number_of("group", key) in numbered(world)
    return person in world.company.people and world.company.people[person].present
