"""Members of SCIM groups: shown in the list or by each group, users and groups, typed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from sources.kit.members import Members
from sources.kit.nesting import DirectMembers, nested
from transport.shape import Row

_KIND, _VALUE = itemgetter("type"), itemgetter("value")


class MemberIds(NamedTuple):
    """Identifiers of the members of a group; of `unknown` it is not said whether they are users or groups."""

    users: list[str]
    groups: list[str]
    unknown: list[str]


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
            _member_ids(row) if "members" in row else None,
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
    """

    def __init__(
        self, one_by_one: Callable[[Iterable[str]], Iterator[Row]], *, absent_is_empty: bool
    ) -> None:
        self._one_by_one, self._absent_is_empty = one_by_one, absent_is_empty
        self._names: dict[str, str | None] = {}
        self._listed: dict[str, MemberIds] = {}
        self._inside: dict[str, DirectMembers] = {}
        self.nests = False

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

    def members(self, wanted: Callable[[str | None], bool], *, deep: bool) -> Iterator[Members]:
        """Yield the members of the groups whose names are wanted, those through other groups last."""
        keys = [key for key, name in self._names.items() if wanted(name)]
        self._read(keys)
        for key in keys:
            yield Members(key, self._names[key], self._inside[key].users)
        if deep:
            yield from self._nested(keys)

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
            self._listed[key] = _member_ids(row)
        for key in keys:
            self._inside[key] = self._sort(self._listed.pop(key))

    def _sort(self, members: MemberIds) -> DirectMembers:
        """Tell users from groups; a member of unknown kind is a group when a group bears its identifier.

        A group that is in no list cannot be read and counts for nobody.
        """
        inner = [value for value in members.unknown if value in self._names]
        others = [value for value in members.unknown if value not in self._names]
        groups = dict.fromkeys([*members.groups, *inner])
        self.nests = self.nests or bool(groups)
        users = list(dict.fromkeys([*members.users, *others])) if others else members.users
        return DirectMembers(users, [value for value in groups if value in self._names])


def _member_ids(row: Row) -> MemberIds:
    """Return the identifiers of members, by what they are said to be."""
    members = row.get("members") or []
    if (users := _users_alone(members)) is not None:
        return MemberIds(users, [], [])
    ids = MemberIds([], [], [])
    by_kind = {False: ids.users, True: ids.groups, None: ids.unknown}
    for member in members:
        if isinstance(member, dict) and member.get("value"):
            by_kind[_is_group(member)].append(str(member["value"]))
    return MemberIds(*(list(dict.fromkeys(some)) for some in ids))


def _users_alone(members: Any) -> list[str] | None:
    """The identifiers, where all members are said to be users, as in most groups; else None."""
    try:
        kinds, values = set(map(_KIND, members)), dict.fromkeys(map(_VALUE, members))
    except (KeyError, TypeError):
        return None
    usual = kinds <= {"User"} and set(map(type, values)) <= {str} and "" not in values
    return list(values) if usual else None


def _is_group(member: dict[str, Any]) -> bool | None:
    kind = member.get("type")
    if kind in ("User", "Group"):
        return bool(kind == "Group")
    kind = str(kind or "").casefold()
    if kind in ("user", "group"):
        return kind == "group"
    reference = str(member.get("$ref") or "")
    if "/Groups/" in reference or "/Users/" in reference:
        return "/Groups/" in reference
    return None
