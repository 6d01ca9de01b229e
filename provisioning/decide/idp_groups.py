"""Groups of the identity providers, known by their identifier: a new name is no new group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from provisioning.decide.context import Context
from provisioning.model.group_sizes import GroupSize, measure_groups
from provisioning.model.snapshots import Sizes
from provisioning.model.text import name_key
from provisioning.policy.rules import SourceRules


class IdpGroup(NamedTuple):
    """One group of an identity provider, now and in the last complete read.

    Attributes:
        source: the source that tells it.
        group_id: its identifier there.
        name: what it is called now, or was when it was last told.
        meant: the name under which the policy knows it: that of today, unless it was renamed.
        people: how many are in it.
        before: how many were in it in the last complete read.
        most: the most that were in it in the last 30 days.
        unread: whether who is in it could not all be told.
        rivals: identifiers of other groups that mean the same by their names; nobody knows which is meant.
        counts: whether its members get what it means; of rivals only the one that was there first does.
    """

    source: str
    group_id: str
    name: str
    meant: str
    people: int
    before: int
    most: int
    unread: bool
    rivals: tuple[str, ...] = ()
    counts: bool = True

    @property
    def is_renamed(self) -> bool:
        """Whether the policy knows it by a name that it bears no more; an identifier is no name."""
        return name_key(self.meant) not in (name_key(self.name), name_key(self.group_id))

    @property
    def in_words(self) -> str:
        """Its name, and the one the policy knows it by where that is another."""
        return f"{self.name}, which was {self.meant}," if self.is_renamed else self.name


def silent_group(source: str, name: str) -> IdpGroup:
    """A group that the policy names and the source never told."""
    return IdpGroup(source, "", name, name, 0, 0, 0, unread=False)


def list_idp_groups(
    context: Context, scope: SourceRules, has_meaning: Callable[[str], bool]
) -> list[IdpGroup]:
    """Every group that a source tells, or told before, sorted by identifier.

    A group that `groups.map` names by its identifier means that, whatever it is called. One that was renamed
    keeps its meaning: unless `groups.map` names its new name, it counts under the latest of its names that
    `groups.map` names, else under the latest that means anything.

    Args:
        context: what is known.
        scope: rules of the source.
        has_meaning: whether a rule other than `groups.map` makes something of a name.
    """
    before = context.memory.previous.get(scope.origin)
    past = [*context.memory.sizes_30d.get(scope.origin, ()), *([before] if before else [])]
    snapshot = context.sources[scope.origin]
    unread = snapshot.unread_groups
    stated = {name_key(name) for name in context.rules.groups.map}
    sizes = measure_groups(snapshot.groups, before.groups if before else {})
    known = stated & {name_key(key) for key in sizes}
    groups = [
        IdpGroup(
            source=scope.origin,
            group_id=key,
            name=size.name,
            meant=_find_meaning(key, size, stated, known, has_meaning),
            people=size.people,
            before=_most(key, past[-1:] if before else []),
            most=_most(key, past),
            unread=key in unread,
        )
        for key, size in sorted(sizes.items())
    ]
    second = {key for key, size in sizes.items() if size.second}
    return _with_rivals([_counted(group, second) for group in groups])


def _counted(group: IdpGroup, second: set[str]) -> IdpGroup:
    """The group; one whose name is another's counts under one of its own or its identifier alone."""
    by_name = name_key(group.meant) == name_key(group.name) != name_key(group.group_id)
    return group._replace(counts=not (by_name and group.group_id in second))


def _with_rivals(groups: list[IdpGroup]) -> list[IdpGroup]:
    """The groups, with the others that mean the same by name; a list of names spells some in two ways."""
    alike: dict[str, list[IdpGroup]] = {}
    for group in groups:
        if group.people or group.unread:
            alike.setdefault(name_key(group.meant), []).append(group)
    rivals = {}
    for several in alike.values():
        if len({name_key(group.group_id) for group in several}) > 1:
            known = [group.group_id for group in several if group.counts]
            for group in several:
                others = tuple(one.group_id for one in several if one is not group)
                rivals[group.group_id] = group._replace(rivals=others, counts=known == [group.group_id])
    return [rivals.get(group.group_id, group) for group in groups]


def _find_meaning(
    key: str, size: GroupSize, stated: set[str], known: set[str], has_meaning: Callable[[str], bool]
) -> str:
    """The name or identifier a group counts under; a name that is another's identifier is none."""
    if name_key(key) in stated:
        return key
    # Under a name that is another's it means what it meant before.
    own = (*size.earlier, size.name) if size.second else size.names
    names = [name for name in own if name_key(name) not in known]
    mapped = (name for name in names if name_key(name) in stated)
    return next(mapped, None) or next((name for name in names if has_meaning(name)), [*names, key][0])


def _most(key: str, sizes: Iterable[Sizes]) -> int:
    """The most people a group had."""
    return max((size.groups[key].people for size in sizes if key in size.groups), default=0)
