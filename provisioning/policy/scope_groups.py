"""Which IdP groups the patterns of a scope mean, known by identifier: a new name is no new group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from provisioning.model.group_sizes import GroupSize
from provisioning.model.text import matches, name_key


class ScopeGroups(NamedTuple):
    """The groups that a list of patterns and identifiers names.

    Attributes:
        meant: identifiers of those whose members are in what is named.
        doubtful: identifiers of those that may not be meant: nobody enters or leaves a scope by them.
    """

    meant: frozenset[str]
    doubtful: frozenset[str]


def find_asked(globs: Collection[str], groups: Mapping[str, GroupSize]) -> ScopeGroups:
    """The groups one of which people must be in.

    One that was renamed counts as before. One that bears another's name is in doubt, unless a pattern fits
    that is more than that name.

    Args:
        globs: patterns of names, and identifiers.
        groups: every group by its identifier, as `measure_groups` gives them.
    """
    return _sort(globs, groups, _is_asked)


def find_excluded(globs: Collection[str], groups: Mapping[str, GroupSize]) -> ScopeGroups:
    """The groups whose members are left out, whatever else they are in.

    One that was renamed is in doubt: nobody in it is brought in, and nobody who joins it is thrown out. One
    made anew under the name of another leaves people out as well; one that was called otherwise before it
    took the name of another is in doubt.

    Args:
        globs: patterns of names, and identifiers.
        groups: every group by its identifier, as `measure_groups` gives them.
    """
    return _sort(globs, groups, _is_excluded)


def _sort(
    globs: Collection[str],
    groups: Mapping[str, GroupSize],
    is_sure: Callable[[Collection[str], GroupSize], bool],
) -> ScopeGroups:
    """The groups that are named, those apart of which one cannot be sure."""
    identifiers = {name_key(glob) for glob in globs} & {name_key(key) for key in groups}
    # What is the identifier of a group is no other group's name.
    names = [glob for glob in globs if name_key(glob) not in identifiers]
    fitting = {key for key, size in groups.items() if any(matches(name, names) for name in size.names)}
    meant = {key for key in fitting if is_sure(names, groups[key])}
    meant |= {key for key in groups if name_key(key) in identifiers}
    return ScopeGroups(frozenset(meant), frozenset(fitting - meant))


def _is_asked(globs: Collection[str], size: GroupSize) -> bool:
    """Whether a name fits that is or was the group's own, or a pattern that is more than one name."""
    if any(matches(name, globs) for name in size.own):
        return True
    return matches(size.name, [glob for glob in globs if name_key(glob) != name_key(size.name)])


def _is_excluded(globs: Collection[str], size: GroupSize) -> bool:
    """Whether its name fits, and it did not take that from another after it was called something else."""
    took = size.second and size.earlier and not any(matches(name, globs) for name in size.earlier)
    return matches(size.name, globs) and not took
