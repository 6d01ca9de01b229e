"""Who is in which group, directly or through other groups, and who is assigned to an application.

Direct members alone are read, of the wanted groups and of those inside them; what follows from
groups in groups is worked out here, because Graph's own flat answer does not say by which way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import compress, repeat
from operator import eq, itemgetter
from typing import Any

from provisioning.model.text import matches
from provisioning.model.unread import say_nobody
from sources.entra.batch import chunks
from sources.entra.fields import NO_ROLE
from sources.entra.graph import Graph
from sources.kit.members import Members
from sources.kit.nesting import DirectMembers
from sources.kit.nesting import nested as through
from transport.parallel import in_parallel
from transport.shape import Row

MEMBER_COST, ASSIGNED_COST, AROUND_COST = 2, 1, 1
Assigned = tuple[Row, list[Row]]
"""An application, and its assignments to users and groups."""
USER, GROUP = "#microsoft.graph.user", "#microsoft.graph.group"
PRINCIPALS = ("User", "Group", "ServicePrincipal")
_ID, _KIND = itemgetter("id"), "@odata.type"


class Groups:
    """The groups of a tenant.

    Args:
        graph: where they are read.
        page_size: groups a page.
        member_page_size: members a page.
        workers: batches under way at the same time.
    """

    def __init__(self, graph: Graph, *, page_size: int, member_page_size: int, workers: int) -> None:
        self._graph = graph
        self._page_size, self._member_page_size, self._workers = page_size, member_page_size, workers
        self._inside: dict[str, DirectMembers] = {}
        self._ids: dict[str, str] = {}

    def select(self, patterns: Iterable[str]) -> list[str]:
        """Return the groups whose names match one of the patterns."""
        globs = tuple(patterns)
        return [key for key, name in self.names.items() if matches(name or "", globs)]

    @cached_property
    def names(self) -> dict[str, str | None]:
        """The name of every group there is."""
        return dict(self._listed())

    def members(self, keys: Iterable[str], *, nested: bool) -> Iterator[Members]:
        """Yield the members of these groups, nested ones last."""
        wanted = list(keys)
        for key in self._read(wanted):
            yield Members(key, self.names[key], self._inside[key].users, problem=self._inside[key].problem)
        if nested:
            self._read_inner(wanted)
            for key in wanted:
                yield from through(key, self._inside, self.names)

    def around(self, keys: Iterable[str]) -> set[str]:
        """Return the groups that hold one of these, directly or through others."""
        paths = [f"/groups/{key}/transitiveMemberOf?$select=id&$top=999" for key in keys]
        rows = self._graph.gather_all(paths, AROUND_COST, self._workers)
        return {row["id"] for row in rows if row.get("@odata.type") == GROUP}

    def assignments(self, patterns: Iterable[str]) -> Iterator[Assigned]:
        """Yield the applications whose names match, and who is assigned to each."""
        apps = list(self._applications(patterns))
        for some in chunks(apps):
            paths = [f"/servicePrincipals/{app['id']}/appRoleAssignedTo?$top=999" for app in some]
            yield from zip(some, self._graph.gather(paths, ASSIGNED_COST), strict=True)

    def group_names(self) -> Iterable[str | None]:
        """Return the names of all groups."""
        return self.names.values()

    def app_names(self) -> Iterator[str]:
        """Yield the names of all applications."""
        return (app.get("displayName") or "" for app in self._applications(["*"]))

    def assigned(self, assignments: Iterable[Assigned]) -> Iterator[Members]:
        """Yield the users of applications; groups in groups do not count."""
        for app, rows in assignments:
            yield from self._assigned(app, rows)

    def _listed(self) -> Iterator[tuple[str, str | None]]:
        params = {"$select": "id,displayName", "$top": self._page_size}
        for page in self._graph.pages("/groups", params):
            for group in page:
                yield group["id"], group.get("displayName")

    def _read(self, keys: Iterable[str]) -> Iterator[str]:
        """Read the direct members of groups that were not read yet; yield each key when it is there."""
        missing = (key for key in keys if key not in self._inside)
        calls = (partial(self._batch, some) for some in chunks(missing))
        for batch in in_parallel(calls, self._workers):
            for key, inside in batch:
                self._inside[key] = inside
                yield key

    def _batch(self, keys: list[str]) -> list[tuple[str, DirectMembers]]:
        query = f"$select=id&$top={self._member_page_size}"
        listings = self._graph.gather([f"/groups/{key}/members?{query}" for key in keys], MEMBER_COST)
        return [(key, self._sort(rows)) for key, rows in zip(keys, listings, strict=True)]

    def _sort(self, rows: list[Row]) -> DirectMembers:
        """Tell users from groups; devices and the like are neither. One identifier is one object.

        A member whose type is not said is a group where one bears its identifier, else taken for a user:
        one who is in no user list is reported.
        """
        ids, kinds = list(map(_ID, rows)), [row.get(_KIND) for row in rows]
        if None in kinds:
            kinds = [
                kind or (GROUP if key in self.names else USER) for key, kind in zip(ids, kinds, strict=True)
            ]
        users, groups = (list(compress(ids, map(eq, kinds, repeat(wanted)))) for wanted in (USER, GROUP))
        known = map(self._ids.setdefault, users, users)
        return DirectMembers(list(dict.fromkeys(known)), list(dict.fromkeys(groups)))

    def _read_inner(self, keys: Iterable[str]) -> None:
        """Read every group that stands anywhere inside these."""
        outer = list(keys)
        while inner := {group for key in outer for group in self._inside[key].groups} - set(self._inside):
            outer = list(self._read(sorted(inner)))

    def _applications(self, patterns: Iterable[str]) -> Iterator[Row]:
        params = {"$select": "id,displayName,appRoles", "$top": self._page_size}
        seen, globs = set[str](), tuple(patterns)
        for page in self._graph.pages("/servicePrincipals", params):
            for app in page:
                if app["id"] not in seen and matches(app.get("displayName") or "", globs):
                    yield app
                seen.add(app["id"])

    def _assigned(self, app: Row, rows: list[Row]) -> Iterator[Members]:
        """Yield one application's users, role by role: those assigned themselves, then those of groups."""
        roles = {
            role["id"]: role.get("value") or role.get("displayName") for role in app.get("appRoles") or ()
        }
        by_role: dict[str, list[Row]] = {}
        for row in rows:
            by_role.setdefault(row.get("appRoleId") or NO_ROLE, []).append(row)
        for role, held in by_role.items():
            key, name = app["id"], f"app:{app.get('displayName')}"
            if role != NO_ROLE:
                key, name = f"{key}/{role}", f"{name}/{roles.get(role) or role}"
            users = dict.fromkeys(row["principalId"] for row in held if row.get("principalType") == "User")
            odd = sum(row.get("principalType") not in PRINCIPALS for row in held)
            problem = say_nobody(odd, "without principalType") if odd else None
            yield Members(key, name, list(users), problem=problem)
            yield from self._through_groups(key, name, held, set(users))

    def _through_groups(self, key: str, name: str, held: list[Row], seen: set[str]) -> Iterator[Members]:
        names = {row["principalId"]: row.get("principalDisplayName") for row in held if _of_group(row)}
        list(self._read(names))
        for group, shown in sorted(names.items(), key=lambda pair: (pair[1] or "", pair[0])):
            fresh = [user for user in self._inside[group].users if user not in seen]
            seen.update(fresh)
            yield _through(key, name, fresh, shown or group)


def _through(group_id: str, name: str | None, ids: list[str], path: str) -> Members:
    """Return members that are in a group by way of others."""
    return Members(group_id, name, ids, [path] * len(ids))


def _of_group(row: Mapping[str, Any]) -> bool:
    return bool(row.get("principalType") == "Group")
