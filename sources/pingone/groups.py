"""PingOne's groups: each user names those it is in, so the listing of users is turned round.

An attribute that PingOne does not know is left out without a word. So where not one user names a group,
nobody can say whether the groups are empty, and none is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sources.kit.members import Members
from sources.pingone.environment import Environment, decode_members
from transport.prefetch import prefetch
from transport.shape import Row

IN_GROUPS = "memberOfGroupIDs"
TELLS_NONE = "no user of the environment names a group it is in"


def list_groups(environment: Environment) -> dict[str, Row]:
    """Return every group by its identifier."""
    return {str(row["id"]): row for page in environment.listed("groups", {}) for row in page}


def read_members(environment: Environment, wanted: Callable[[str], bool]) -> Iterator[Members]:
    """Yield the members of the groups whose names are wanted, whichever way they are in them."""
    groups = list_groups(environment)
    held: dict[str, list[str]] = defaultdict(list)
    for page in prefetch(environment.listed("users", {"include": IN_GROUPS}, decode_members)):
        for user in page:
            for key in dict.fromkeys(user.get(IN_GROUPS) or ()):
                held[str(key)].append(str(user["id"]))
    for key, group in groups.items():
        if wanted(name_of(group)):
            ids = list(dict.fromkeys(held.get(key, ())))
            yield Members(key, name_of(group), ids, problem=_problem(group, len(ids)) if held else TELLS_NONE)


def name_of(group: Row) -> str:
    """Return the name of a group."""
    return str(group.get("name") or group["id"])


def _problem(group: Row, came: int) -> str | None:
    """Say that fewer members came than the group counts, where it counts them."""
    counts: Any = group.get("directMemberCounts")
    counted = counts.get("users") if isinstance(counts, dict) else None
    if not isinstance(counted, int) or came >= counted:
        return None
    return f"PingOne counts {counted} members and {came} users name the group"
