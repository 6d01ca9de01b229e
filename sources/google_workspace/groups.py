"""Members of Google's groups: people, groups, and a whole customer at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

from provisioning.model.unread import say_nobody
from sources.google_workspace.directory import Directory
from sources.kit.members import Members
from sources.kit.nesting import DirectMembers, nested
from transport.reply import Reply
from transport.shape import Row, number_in_text, object_of, text_in, values_of

OUTSIDE = "EXTERNAL"
"""Type of a member from elsewhere: no user of this directory, and known as such."""
FOREIGN = "it holds everyone of another customer, who are not told"
LOST = "{} of its groups are in no list of groups"


class Group(NamedTuple):
    """A group as the list shows it; `counted` are the users Google says are in it themselves."""

    key: str
    name: str
    counted: int


class Told(NamedTuple):
    """The members of a group as they are listed, and how many Google counts."""

    group: Group
    rows: list[Row]
    counted: int


@dataclass(frozen=True)
class Everyone:
    """The customer, and the identifiers of its users but those who left."""

    customer: str | None
    ids: list[str]


class Groups:
    """The groups of one customer.

    Args:
        directory: where they are read.
        page_size: groups and members a page.
        workers: groups read side by side.
    """

    def __init__(self, directory: Directory, *, page_size: int, workers: int) -> None:
        self._directory, self._page_size, self._workers = directory, page_size, workers

    def listed(self) -> Iterator[Group]:
        """Yield every group, each once."""
        seen: set[str] = set()
        params = {"maxResults": self._page_size}
        for page in self._directory.customers("groups", params, "id,name,email,directMembersCount"):
            for row in page.rows:
                group = _group(row, page.reply)
                if group.key not in seen:
                    yield group
                seen.add(group.key)

    def members(self, wanted: Callable[[str], bool], *, deep: bool) -> Iterator[Members]:
        """Yield the members of the groups whose names are wanted, those through other groups last.

        Args:
            wanted: whether a group of some name is.
            deep: whether members of groups in groups count.
        """
        known = {group.key: group for group in self.listed()}
        keys = [group.key for group in known.values() if wanted(group.name)]
        inside: dict[str, DirectMembers] = {}
        for key, members in self._read(keys, known):
            inside[key] = members
            yield Members(key, known[key].name, members.users, problem=members.problem)
        if deep:
            yield from self._nested(keys, inside, known)

    def _nested(
        self, keys: Sequence[str], inside: dict[str, DirectMembers], known: dict[str, Group]
    ) -> Iterator[Members]:
        outer = keys
        while inner := {group for key in outer for group in inside[key].groups} - set(inside):
            outer = sorted(inner)
            inside.update(self._read(outer, known))
        names = {key: group.name for key, group in known.items()}
        return chain.from_iterable(nested(key, inside, names) for key in keys)

    def _read(self, keys: Sequence[str], known: dict[str, Group]) -> Iterator[tuple[str, DirectMembers]]:
        calls = (partial(self._list_members, known[key]) for key in keys)
        for told in self._directory.client.in_parallel(calls, workers=self._workers):
            yield told.group.key, self._sort(told, known)

    def _list_members(self, group: Group) -> Told:
        """Read one group; where fewer are listed than were counted, ask for the count of now."""
        path = f"groups/{group.key}"
        params = {"maxResults": self._page_size}
        pages = self._directory.pages(f"{path}/members", "members", params, "id,email,type")
        told = Told(group, [row for page in pages for row in page.rows], group.counted)
        if len(told.rows) >= told.counted:
            return told
        reply = self._directory.get(path, {"fields": "id,name,directMembersCount"})
        return told._replace(counted=_count(object_of(reply), reply))

    def _sort(self, told: Told, known: dict[str, Group]) -> DirectMembers:
        """Tell users from groups, and say why not all members are known, if they are not."""
        by_type: dict[str, list[Row]] = {}
        for row in told.rows:
            by_type.setdefault(str(row.get("type")), []).append(row)
        people, groups = by_type.pop("USER", []), by_type.pop("GROUP", [])
        by_type.pop(OUTSIDE, None)
        whole = by_type.pop("CUSTOMER", [])
        users = [row["id"] for row in people if row.get("id")]
        inner = [str(row.get("id")) for row in groups]
        problems = _problems(told, nameless=len(people) - len(users), odd=by_type)
        if whole:
            users += self._everyone.ids
            problems += [FOREIGN] * any(row.get("id") != self._everyone.customer for row in whole)
        if lost := sum(key not in known for key in inner):
            problems.append(LOST.format(lost))
        found = [key for key in dict.fromkeys(inner) if key in known]
        return DirectMembers([*dict.fromkeys(users)], found, "; ".join(problems) or None)

    @cached_property
    def _everyone(self) -> Everyone:
        """Read who the customer's users are, once a group that holds them all was met."""
        pages = list(self._directory.customers("users", {"maxResults": 500}, "id,customerId,archived"))
        rows = [row for page in pages for row in page.rows]
        keys = [key for page in pages for key in values_of(page.rows, "id", page.reply)]
        ids = [str(key) for row, key in zip(rows, keys, strict=True) if row.get("archived") is not True]
        return Everyone(next((row.get("customerId") for row in rows), None), ids)


def _problems(told: Told, *, nameless: int, odd: dict[str, list[Row]]) -> list[str]:
    """Return what speaks against the members that were listed being all there are."""
    found = []
    if len(told.rows) < told.counted:
        found.append(f"Google counts {told.counted} members and lists {len(told.rows)}")
    if nameless:
        found.append(say_nobody(nameless, "without an id"))
    found += [f"{len(rows)} members are of the unknown type {kind}" for kind, rows in sorted(odd.items())]
    return found


def _group(row: Row, reply: Reply) -> Group:
    return Group(text_in(row, "id", reply), str(row.get("name") or row.get("email")), _count(row, reply))


def _count(row: Row, reply: Reply) -> int:
    """Return how many users are in a group themselves; Google writes the number as text."""
    stated = values_of([row], "directMembersCount", reply)
    return number_in_text(stated[0], "`directMembersCount`", reply)
