"""Groups in groups: who is in a group by way of others, and by which way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sources.kit.members import BETWEEN, Members


@dataclass
class DirectMembers:
    """The users and groups that are members of a group themselves, by identifier, each once.

    `problem` says why there are further members who are not known.
    """

    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    problem: str | None = None


def nested(
    outermost: str, inside: Mapping[str, DirectMembers], names: Mapping[str, str | None]
) -> Iterator[Members]:
    """Yield who is in a group through others and not directly, each once and by the shortest way.

    Args:
        outermost: identifier of the group.
        inside: the direct members of it and of every group inside it; a circle of groups does no harm.
        names: names of the groups; one without a name goes by its identifier.
    """
    seen = set(inside[outermost].users)
    visited = {outermost}
    level: list[tuple[str, str]] = [(outermost, "")]
    while level:
        below = [(inner, way) for key, way in level for inner in inside[key].groups]
        below.sort(key=lambda pair: (pair[1], names.get(pair[0]) or pair[0], pair[0]))
        level = []
        for key, way in below:
            if key in visited:
                continue
            visited.add(key)
            own = names.get(key) or key
            path = f"{way}{BETWEEN}{own}" if way else own
            level.append((key, path))
            fresh = [user for user in inside[key].users if user not in seen]
            seen.update(fresh)
            problem = inside[key].problem
            if problem:
                problem = f"{problem}, in {path}"
            if fresh or problem:
                yield Members(outermost, names.get(outermost), fresh, [path] * len(fresh), problem)
