"""Groups of an identity provider as one read after another tells them: their size, and whose each name is.

A name belongs to whichever group bore it first and is still told. Another that takes it, made anew or
renamed, bears it second, and means nothing by it as long as the first is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from provisioning.model.text import name_key


class GroupSize(NamedTuple):
    """A group as a read told it: its name, its people, and what it was called before.

    Of a group that is told no more the names stay, so that it is known again when it returns.
    """

    name: str
    people: int
    earlier: tuple[str, ...] = ()
    """Earlier names that were its own, the latest first."""
    second: bool = False
    """Whether its name is that of another group that is told."""

    @property
    def own(self) -> tuple[str, ...]:
        """The names that are or were its own, the latest first."""
        return self.earlier if self.second else (self.name, *self.earlier)

    @property
    def names(self) -> tuple[str, ...]:
        """The names it bears or bore, the latest first."""
        return (self.name, *self.earlier)


class ToldGroup(NamedTuple):
    """A group of one read; of one that could not be read the name may not be known."""

    group_id: str
    name: str | None
    people: int


def list_groups(memberships: pd.DataFrame, unread: Mapping[str, str]) -> list[ToldGroup]:
    """The groups of a read, those included whose members could not all be told.

    Args:
        memberships: Memberships.
        unread: identifier → name of the groups that could not be read; the identifier where that is all.
    """
    told = memberships.drop_duplicates("group_id")[["group_id", "group_name"]]
    people = memberships["group_id"].value_counts().reindex(told["group_id"])
    rows = zip(told["group_id"], told["group_name"], people, strict=True)
    groups = {key: ToldGroup(key, name, int(number)) for key, name, number in rows}
    silent = [ToldGroup(key, None if name == key else name, 0) for key, name in unread.items()]
    return [*groups.values(), *(group for group in silent if group.group_id not in groups)]


def measure_groups(told: Iterable[ToldGroup], before: Mapping[str, GroupSize]) -> dict[str, GroupSize]:
    """Size and names of every group that is told or was told before.

    Args:
        told: the groups of a read.
        before: what the read before it came to.
    """
    now = {group.group_id: _name(group, before) for group in told}
    owners = _list_owners(before, now)
    sizes = {key: size._replace(people=0) for key, size in before.items()}
    for group in told:
        key, name = group.group_id, now[group.group_id]
        own = before[key].own if key in before else ()
        shared = {name for name in own if _others(owners, name, key)}
        second = bool(_others(owners, name, key)) and name_key(name) not in map(name_key, own)
        earlier = tuple(old for old in dict.fromkeys(own) if old != name and old not in shared)
        sizes[key] = GroupSize(name, group.people, earlier, second)
    return sizes


def _name(group: ToldGroup, before: Mapping[str, GroupSize]) -> str:
    """Its name; the one it had, or else its identifier, where the read does not tell it."""
    return group.name or (before[group.group_id].name if group.group_id in before else group.group_id)


def _others(owners: Mapping[str, set[str]], name: str, key: str) -> set[str]:
    """Whose a name is beside one group; a list of names alone may spell the same group in several ways."""
    return {other for other in owners.get(name_key(name), ()) if name_key(other) != name_key(key)}


def _list_owners(before: Mapping[str, GroupSize], told: Iterable[str]) -> dict[str, set[str]]:
    """Whose each name was, as it is compared, of the groups that are told again."""
    owners: dict[str, set[str]] = {}
    for key in told:
        for name in before[key].own if key in before else ():
            owners.setdefault(name_key(name), set()).add(key)
    return owners
