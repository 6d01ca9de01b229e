"""Which groups a change is about, and who is in them now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain

import pandas as pd

from provisioning.model.frames import Memberships, Rejects, concat
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from sources.entra.groups import Assigned, Groups
from sources.entra.options import EntraOptions
from sources.kit.members import batched


class GroupChanges:
    """Reads groups that changed again, over a complete read.

    Args:
        groups: reads them.
        options: of the connection.
        before: the complete read the feed goes on from.
    """

    def __init__(self, groups: Groups, options: EntraOptions, before: SourceSnapshot) -> None:
        self._groups, self._options, self._before = groups, options, before
        self.touched: set[str] = set()
        self._pages: list[Screened] = []

    def read(self, named: Collection[str], apps: Iterable[Assigned]) -> None:
        """Read the groups a feed names and those around them, and the users of applications."""
        again = self._around(named) if named else set()
        wanted = [key for key in self._groups.select(self._options.groups) if key in again] if again else []
        members = self._groups.members(wanted, nested=self._options.nested)
        self._take(again.union(named), list(batched(self._before.source, members)))
        for app in apps:
            self._take(self._keys(app[0]["id"]), self._of_app(app))

    def drop(self, apps: Iterable[str]) -> None:
        """Take out the users of applications that are there no more."""
        for app in apps:
            self._take(self._keys(app), [])

    def remove_people(self, left: Collection[str]) -> None:
        """Take people out of whatever was not read again."""
        before = self._before.memberships
        of_those_gone = before["source_id"].isin(list(left))
        keys = set(before.loc[of_those_gone, "group_id"]) - self.touched
        rest = before[before["group_id"].isin(list(keys)) & ~of_those_gone]
        self._take(keys, [Screened(rest, concat(Rejects, []))])

    def result(self) -> Screened:
        """Return all Memberships of the touched groups."""
        frame = concat(Memberships, [page.frame for page in self._pages])
        return Screened(frame, concat(Rejects, [page.rejects for page in self._pages]))

    def _take(self, keys: Iterable[str], pages: Iterable[Screened]) -> None:
        self.touched.update(keys)
        self._pages += pages

    def _around(self, named: Collection[str]) -> set[str]:
        """Return the named groups that exist, and the groups whose members they change."""
        there = [key for key in named if key in self._groups.names]
        if not self._options.nested:
            return set(there)
        vanished = set(named).difference(there)
        return self._groups.around(there).union(there, self._nested_through(vanished) if vanished else ())

    def _nested_through(self, vanished: Collection[str]) -> set[str]:
        """Return the groups whose paths may lead through one that vanished.

        A group that was not wanted has no rows that could tell its name: then any path may.
        """
        before = self._before.memberships
        nested = before.loc[~before["direct"], ["group_id", "path"]].drop_duplicates()
        is_gone = before["group_id"].isin(list(vanished))
        gone = before.loc[is_gone, ["group_id", "group_name"]].drop_duplicates()
        if set(gone["group_id"]) != set(vanished) and "*" not in self._options.groups:
            return set(nested["group_id"])
        through = [any(name in path for name in gone["group_name"]) for path in nested["path"]]
        return set(nested.loc[through, "group_id"])

    def _keys(self, app: str) -> set[str]:
        """Return the groups an application was, one for each role."""
        known: pd.Series[str] = self._before.memberships["group_id"].drop_duplicates()
        return set(known[(known == app) | known.str.startswith(f"{app}/")])

    def _of_app(self, app: Assigned) -> list[Screened]:
        pages = list(batched(self._before.source, self._groups.assigned([app])))
        self.touched.update(chain.from_iterable(page.frame["group_id"] for page in pages))
        return pages
