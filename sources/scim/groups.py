"""Members of SCIM groups: shown in the list or by each group, users and groups, typed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sources.kit.members import Members
from sources.kit.nesting import DirectMembers, nested
from sources.scim.member_ids import MemberIds, read_members
from transport.shape import Row

TELLS_NONE = "the server shows no member of any group"
LOST = "{} of its groups are in no list of groups"


class ListedGroup(NamedTuple):
    """A group as a list shows it; `members` is None where it says nothing of them."""

    key: str
    name: str | None
    members: MemberIds | None


def read_groups(rows: Iterable[Row]) -> list[ListedGroup]:
    """Return the groups of a page."""
    return [
        ListedGroup(
            str(row.get("id") or row.get("displayName")),
            row.get("displayName"),
            read_members(row) if "members" in row else None,
        )
        for row in rows
    ]


class Groups:
    """The groups of a server.

    Args:
        one_by_one: reads groups by their identifiers, each as it stands alone.
        absent_is_empty: whether a group that is listed without members has none; else it is asked.

    Attributes:
        nests: whether one of the groups whose members were read holds another.
        tells_none: whether no group that was listed or asked shows a single member.
    """

    def __init__(
        self, one_by_one: Callable[[Iterable[str]], Iterator[Row]], *, absent_is_empty: bool
    ) -> None:
        self._one_by_one, self._absent_is_empty = one_by_one, absent_is_empty
        self._names: dict[str, str | None] = {}
        self._listed: dict[str, MemberIds] = {}
        self._inside: dict[str, DirectMembers] = {}
        self.nests, self.tells_none = False, True

    @property
    def ids(self) -> set[str]:
        """Identifiers of the groups."""
        return set(self._names)

    def add(self, page: Iterable[ListedGroup]) -> None:
        """Take over a page of the list."""
        for key, name, members in page:
            self._names[key] = name
            if members is not None or self._absent_is_empty:
                self._listed[key] = members or MemberIds([], [], [])
            self.tells_none = self.tells_none and (members is None or members.is_empty)

    def members(
        self, wanted: Callable[[str | None], bool], *, deep: bool, whole: bool = True
    ) -> Iterator[Members]:
        """Yield the members of the groups whose names are wanted, those through other groups last.

        Args:
            wanted: whether a group of some name is.
            deep: whether members of groups in groups count.
            whole: whether these are all the groups there are: where not one of them shows a member, the
                server may be one that never tells them, and no group is read.
        """
        keys = [key for key, name in self._names.items() if wanted(name)]
        self._read(keys)
        problem = TELLS_NONE if self._names and self.tells_none and whole else None
        for key in keys:
            inside = self._inside[key]
            yield Members(key, self._names[key], inside.users, problem=inside.problem or problem)
        if deep:
            yield from self._nested(keys)

    def show_members(self, most: int) -> bool:
        """Return whether a group shows a member; so many at most are asked that are listed without."""
        self._read(list(self._names)[:most])
        return not self.tells_none

    def _nested(self, keys: list[str]) -> Iterator[Members]:
        outer = keys
        while inner := {group for key in outer for group in self._inside[key].groups} - set(self._inside):
            outer = sorted(inner)
            self._read(outer)
        for key in keys:
            yield from nested(key, self._inside, self._names)

    def _read(self, keys: list[str]) -> None:
        """Settle what stands in groups; those that were listed without members are asked."""
        missing = [key for key in keys if key not in self._listed]
        for key, row in zip(missing, self._one_by_one(missing), strict=True):
            self._listed[key] = read_members(row)
            self.tells_none = self.tells_none and self._listed[key].is_empty
        for key in keys:
            self._inside[key] = self._sort(self._listed.pop(key))

    def _sort(self, members: MemberIds) -> DirectMembers:
        """Tell users from groups; a member of unknown kind is a group when a group bears its identifier.

        A group that is in no list cannot be read, so not all members are known.
        """
        inner = [value for value in members.unknown if value in self._names]
        others = [value for value in members.unknown if value not in self._names]
        groups = dict.fromkeys([*members.groups, *inner])
        self.nests = self.nests or bool(groups)
        users = list(dict.fromkeys([*members.users, *others])) if others else members.users
        lost = sum(value not in self._names for value in groups)
        problem = members.problem or (LOST.format(lost) if lost else None)
        return DirectMembers(users, [value for value in groups if value in self._names], problem)
