"""Keycloak's groups: a tree, each known by its path, and the members of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from provisioning.model.unread import say_nobody
from sources.keycloak.realm import Realm
from sources.kit.members import Members
from sources.kit.nesting import DirectMembers, nested
from transport.shape import Row

NEEDED = ("id", "path")


class Group(NamedTuple):
    """A group: its path without the first slash is its name, for names alone are not unique."""

    key: str
    name: str
    inner: list[str]


class Groups:
    """The groups of a realm.

    Args:
        realm: where they are read.
        workers: groups read side by side.
    """

    def __init__(self, realm: Realm, workers: int) -> None:
        self._realm, self._workers = realm, workers

    def tree(self) -> dict[str, Group]:
        """Return every group by its identifier, read level after level from the top."""
        found: dict[str, Group] = {}
        level = list(self._realm.listed("/groups", *NEEDED))
        while level:
            below = self._children(level)
            found |= {group.key: group for group, _ in below}
            level = [row for _, rows in below for row in rows]
        return found

    def members(self, wanted: Callable[[str], bool], *, deep: bool) -> Iterator[Members]:
        """Yield the members of the groups whose names are wanted, those of groups inside them last.

        Args:
            wanted: whether a group of some name is.
            deep: whether members of groups in groups count.
        """
        tree = self.tree()
        keys = [key for key, group in tree.items() if wanted(group.name)]
        asked = dict.fromkeys(key for top in keys for key in (self._below(top, tree) if deep else [top]))
        calls = (partial(self._direct, tree[key]) for key in asked)
        read = self._realm.client.in_parallel(calls, workers=self._workers)
        inside = dict(zip(asked, read, strict=True))
        for key in keys:
            yield Members(key, tree[key].name, inside[key].users, problem=inside[key].problem)
        if deep:
            names = {key: group.name for key, group in tree.items()}
            for key in keys:
                yield from nested(key, inside, names)

    def _below(self, top: str, tree: dict[str, Group]) -> list[str]:
        """A group and all inside it."""
        found = [top]
        for key in found:
            found += tree[key].inner
        return found

    def _children(self, level: list[Row]) -> list[tuple[Group, list[Row]]]:
        """The groups of a level, each with the rows of those right below it."""
        calls = (partial(self._inner, row) for row in level)
        return list(self._realm.client.in_parallel(calls, workers=self._workers))

    def _inner(self, row: Row) -> tuple[Group, list[Row]]:
        children = f"/groups/{row['id']}/children"
        rows = list(self._realm.listed(children, *NEEDED)) if row.get("subGroupCount", 1) else []
        inner = [str(child["id"]) for child in rows]
        return Group(str(row["id"]), str(row["path"]).removeprefix("/"), inner), rows

    def _direct(self, group: Group) -> DirectMembers:
        """Read who is in a group itself."""
        rows = list(self._realm.listed(f"/groups/{group.key}/members"))
        users = [*dict.fromkeys(str(row["id"]) for row in rows if row.get("id"))]
        odd = sum(not row.get("id") for row in rows)
        return DirectMembers(users, group.inner, say_nobody(odd, "without an id") if odd else None)
