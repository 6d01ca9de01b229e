"""Groups of the identity providers, known by their identifier: a new name is no new group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from provisioning.decide.context import Context
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.snapshots import GroupSize, Sizes, SourceSnapshot, measure_groups
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
    """

    source: str
    group_id: str
    name: str
    meant: str
    people: int
    before: int
    most: int
    unread: bool

    @property
    def in_words(self) -> str:
        """Its name, and the one the policy knows it by where that is another."""
        return (
            self.name
            if name_key(self.name) == name_key(self.meant)
            else f"{self.name}, which was {self.meant},"
        )


def silent_group(source: str, name: str) -> IdpGroup:
    """A group that the policy names and the source never told."""
    return IdpGroup(source, "", name, name, 0, 0, 0, unread=False)


def list_idp_groups(
    context: Context, scope: SourceRules, has_meaning: Callable[[str], bool]
) -> list[IdpGroup]:
    """Every group that a source tells, or told before, sorted by identifier.

    A group that was renamed keeps its meaning: unless `groups.map` names its new name, it counts under the
    latest of its names that `groups.map` names, else under the latest that means anything.

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
    return [
        IdpGroup(
            source=scope.origin,
            group_id=key,
            name=size.name,
            meant=_find_meaning(size, stated, has_meaning),
            people=size.people,
            before=_most(key, past[-1:] if before else []),
            most=_most(key, past),
            unread=key in unread,
        )
        for key, size in sorted(
            _with_unread(
                snapshot, measure_groups(snapshot.memberships, before.groups if before else {})
            ).items()
        )
    ]


def _with_unread(snapshot: SourceSnapshot, groups: Mapping[str, GroupSize]) -> dict[str, GroupSize]:
    """The groups, and those of which nothing but their name could be told."""
    rejects = snapshot.rejects[snapshot.rejects["field"] == MEMBERS].dropna(subset=["key"])
    names = rejects["value"].fillna(rejects["key"])
    unread = {key: GroupSize(name, 0) for key, name in zip(rejects["key"], names, strict=True)}
    return {**unread, **groups}


def _find_meaning(size: GroupSize, stated: set[str], has_meaning: Callable[[str], bool]) -> str:
    names = (size.name, *size.earlier)
    mapped = (name for name in names if name_key(name) in stated)
    return next(mapped, None) or next((name for name in names if has_meaning(name)), size.name)


def _most(key: str, sizes: Iterable[Sizes]) -> int:
    """The most people a group had."""
    return max((size.groups[key].people for size in sizes if key in size.groups), default=0)
