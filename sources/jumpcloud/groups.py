"""JumpCloud's user groups: who is in each, by itself or through another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sources.jumpcloud.console import Console
from sources.kit.members import BETWEEN, Members
from transport.shape import Row


class Groups:
    """The user groups of an organisation.

    Args:
        console: where they are read.
        workers: groups read side by side.
    """

    def __init__(self, console: Console, workers: int) -> None:
        self._console, self._workers = console, workers

    def names(self) -> dict[str, str]:
        """Return the name of every group by its identifier."""
        rows = self._console.listed("/usergroups", "name")
        return {str(row["id"]): str(row.get("name") or row["id"]) for row in rows}

    def members(self, wanted: Callable[[str], bool], *, deep: bool) -> Iterator[Members]:
        """Yield the members of the groups whose names are wanted.

        Args:
            wanted: whether a group of some name is.
            deep: whether members of groups in groups count.
        """
        names = self.names()
        calls = (partial(self._list_members, key, names) for key, name in names.items() if wanted(name))
        for group in self._console.client.in_parallel(calls, workers=self._workers):
            yield group if deep else _direct(group)

    def _list_members(self, key: str, names: dict[str, str]) -> Members:
        rows = {row["id"]: row for row in self._console.listed(f"/usergroups/{key}/membership", "id")}
        users = [row for row in rows.values() if row.get("type") == "user"]
        odd = len(rows) - len(users)
        problem = f"{odd} members are no users" if odd else None
        paths = [_way(row, names) for row in users]
        return Members(key, names[key], [str(row["id"]) for row in users], paths, problem)


def _way(row: Row, names: dict[str, str]) -> str | None:
    """Return the names of the groups between, by the shortest way; None for a direct member."""
    paths = [path for path in row.get("paths") or [] if isinstance(path, list)]
    between = min(paths, key=len, default=[])[:-1]
    ids = [_end(edge) for edge in between]
    return BETWEEN.join(names.get(key, key) for key in ids) or None


def _end(edge: Any) -> str:
    to = edge.get("to") if isinstance(edge, dict) else None
    return str(to.get("id")) if isinstance(to, dict) else "?"


def _direct(group: Members) -> Members:
    """Return a group with those alone who are in it themselves."""
    pairs = zip(group.ids, group.paths or [], strict=True)
    return group._replace(ids=[str(key) for key, way in pairs if way is None], paths=None)
