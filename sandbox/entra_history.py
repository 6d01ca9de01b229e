"""What became of the tenant's groups: who came and went, new names, and groups that are no more.

The company's log tells neither of a renamed nor of a deleted group, nor of groups in groups. So the
groups are compared with what they were at the last look, and every delta token stands for a look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.entra_ids import guid
from sandbox.entra_tree import Unit, units
from sandbox.world import World

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
    """Every look so far."""

    looks: int = 0
    known: dict[int, Known] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


def look(world: World) -> int:
    """Compare the groups with what they were; return the number of this look."""
    history: History = world.hold("entra groups", lambda _company: History())
    first, now = not history.looks, world.company.now
    history.looks += 1
    history.changes = [change for change in history.changes if now - change.at <= LIFE]
    every = units(world)
    numbers = set(history.known)
    for unit in every.values():
        numbers.discard(unit.number)
        known = history.known.get(unit.number)
        groups = frozenset(every[name].id for name in unit.groups)
        if known is None or (known.revision, known.name, known.groups) != (
            _revision(unit),
            unit.name,
            groups,
        ):
            history.known[unit.number] = fresh = _known(unit, groups)
            before = known.people | known.groups if known else frozenset()
            moved = before ^ (fresh.people | fresh.groups)
            if not first:
                history.changes.append(Change(history.looks, now, unit.number, moved))
    for number in numbers:
        del history.known[number]
        history.changes.append(Change(history.looks, now, number, frozenset()))
    return history.looks


def moved(world: World, since: int) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the number of each group that changed after a look, and whose membership did."""
    history: History = world.hold("entra groups", lambda _company: History())
    found: dict[int, frozenset[str]] = {}
    for change in history.changes:
        if change.look > since:
            found[change.number] = found.get(change.number, frozenset()) | change.members
    yield from sorted(found.items())


def _known(unit: Unit, groups: frozenset[str]) -> Known:
    people = frozenset(guid("user", number) for number in unit.people)
    return Known(_revision(unit), unit.name, people, groups)


def _revision(unit: Unit) -> int:
    return unit.group.revision if unit.group else 0
