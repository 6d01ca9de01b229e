"""The members of a SCIM group, in every spelling that holds an identifier.

Servers write a member as an object with `value`, as one with `$ref` alone, as a bare identifier, or the
only member without a list around it. Where a member shows nothing but a name nobody can say who that is.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

from provisioning.model.unread import say_nobody
from transport.shape import Row

_KIND, _VALUE = itemgetter("type"), itemgetter("value")
_USERS, _GROUPS = "/Users/", "/Groups/"


class MemberIds(NamedTuple):
    """Identifiers of the members of a group; of `unknown` it is not said whether they are users or groups.

    `problem` says of further members why they cannot be told; None where there are none.
    """

    users: list[str]
    groups: list[str]
    unknown: list[str]
    problem: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no member at all, not even one who cannot be told."""
        return not (self.users or self.groups or self.unknown or self.problem)


def read_members(row: Row) -> MemberIds:
    """Return the identifiers of the members of a group, by what they are said to be."""
    stated = row.get("members")
    members: list[Any] = stated if type(stated) is list else [] if stated in (None, "") else [stated]
    if (users := _users_alone(members)) is not None:
        return MemberIds(users, [], [])
    users, groups, unknown = list[str](), list[str](), list[str]()
    by_kind = {False: users, True: groups, None: unknown}
    nameless: list[str] = []
    for member in members:
        identifier = _identifier(member)
        if identifier is None:
            nameless.append(_spelling(member))
        else:
            by_kind[_is_group(member)].append(identifier)
    problem = say_nobody(len(nameless), " or ".join(sorted(set(nameless)))) if nameless else None
    users, groups, unknown = (list(dict.fromkeys(some)) for some in by_kind.values())
    return MemberIds(users, groups, unknown, problem)


def _users_alone(members: list[Any]) -> list[str] | None:
    """The identifiers, where all members are said to be users, as in most groups; else None."""
    try:
        kinds, values = set(map(_KIND, members)), dict.fromkeys(map(_VALUE, members))
    except (KeyError, TypeError):
        return None
    usual = kinds <= {"User"} and set(map(type, values)) <= {str} and "" not in values
    return list(values) if usual else None


def _identifier(member: Any) -> str | None:
    """Return who a member is; None where only a name is told, or nothing."""
    if isinstance(member, dict):
        value = member.get("value")
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
        return _end_of(member.get("$ref"))
    if isinstance(member, int) and not isinstance(member, bool):
        return str(member)
    if not isinstance(member, str) or not member.strip():
        return None
    return _end_of(member) or member.strip()


def _end_of(reference: Any) -> str | None:
    """Return the identifier at the end of the address of a user or group."""
    address = str(reference or "")
    kind = next((kind for kind in (_USERS, _GROUPS) if kind in address), None)
    return address.rpartition(kind)[2].strip("/") or None if kind else None


def _spelling(member: Any) -> str:
    """Return how a member is written who cannot be told."""
    if isinstance(member, dict):
        return " and ".join(name for name in ("display", "type", "$ref", "value") if name in member) or "{}"
    return "null" if member is None else type(member).__name__


def _is_group(member: Any) -> bool | None:
    if not isinstance(member, dict):
        return _GROUPS in str(member) or None
    kind = member.get("type")
    if kind in ("User", "Group"):
        return bool(kind == "Group")
    kind = str(kind or "").casefold()
    if kind in ("user", "group"):
        return kind == "group"
    reference = str(member.get("$ref") or "")
    if _GROUPS in reference or _USERS in reference:
        return _GROUPS in reference
    return None
