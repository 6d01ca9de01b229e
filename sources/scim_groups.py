"""Members of SCIM groups: told in the list or by each group, users and groups, typed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sources.members import Members
from sources.nesting import Inside, nested
from sources.scim_dialect import Row

Told = list[tuple[str, bool | None]]


class Groups:
    """The groups of a server.

    Args:
        one_by_one: reads groups by their identifiers, each as it stands alone.
        absent_is_empty: whether a group that a list tells without members has none; else it is asked.

    Attributes:
        nests: whether one of the groups whose members were told holds another.
    """

    def __init__(
        self, one_by_one: Callable[[Iterable[str]], Iterator[Row]], *, absent_is_empty: bool
    ) -> None:
        self._one_by_one, self._absent_is_empty = one_by_one, absent_is_empty
        self._names: dict[str, str | None] = {}
        self._told: dict[str, Told] = {}
        self._inside: dict[str, Inside] = {}
        self.nests = False

    @property
    def ids(self) -> set[str]:
        """Identifiers of the groups."""
        return set(self._names)

    def add(self, rows: Iterable[Row]) -> None:
        """Take over a page of the list."""
        for row in rows:
            key = str(row.get("id") or row.get("displayName"))
            self._names[key] = row.get("displayName")
            if "members" in row or self._absent_is_empty:
                self._told[key] = _told(row)

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
        """Settle what stands in groups; those that told no members are asked."""
        missing = [key for key in keys if key not in self._told]
        for key, row in zip(missing, self._one_by_one(missing), strict=True):
            self._told[key] = _told(row)
        for key in keys:
            self._inside[key] = self._sorted(self._told.pop(key))

    def _sorted(self, told: Told) -> Inside:
        """Tell users from groups; what does not say which it is, is a group when one is called so.

        A group that is in no list cannot be read and counts for nobody.
        """
        groups = {value: group if group is not None else value in self._names for value, group in told}
        users = [value for value, group in groups.items() if not group]
        self.nests = self.nests or len(users) < len(groups)
        return Inside(users, [value for value, group in groups.items() if group and value in self._names])


def _told(row: Row) -> Told:
    """The identifiers of members, and whether each is a group, if that is said."""
    return [
        (str(member["value"]), _is_group(member))
        for member in row.get("members") or ()
        if isinstance(member, dict) and member.get("value")
    ]


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
