"""Groups of a directory, and who is in them: long lists by their ranges, groups in groups, primary groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioning.model.text import matches
from sources.kit.members import Members
from sources.kit.nesting import DirectMembers, nested
from sources.ldap.directory import Directory, Entry, plain
from sources.ldap.options import LdapOptions
from sources.ldap.people import Index, People, first_of
from sources.ldap.values import text
from transport.errors import Malformed
from transport.prefetch import prefetch

RANGE = re.compile(r"member;range=(\d+)-(\d+|\*)", re.IGNORECASE)


@dataclass
class Group:
    """A group as its entry shows it.

    Attributes:
        key: its identifier.
        name: its common name.
        people: identifiers of people who are members, each once.
        others: plain DNs of members who are no people known so far.
    """

    key: str
    name: str
    people: dict[str, None] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


class Groups:
    """Reads groups.

    Args:
        directory: where they are.
        people: who may be members.
        options: of the connection.
    """

    def __init__(self, directory: Directory, people: People, options: LdapOptions) -> None:
        self._directory, self._people, self._options = directory, people, options
        self._profile = options.directory
        self.filter = options.group_filter or self._profile.groups

    def members(self, index: Index) -> Iterator[Members]:
        """Yield the members of each wanted group, direct ones first.

        Args:
            index: who everyone is; it is completed where a member is not in it.
        """
        # A group that is read twice, after a connection was lost, counts as it was the last time.
        groups = dict(prefetch(self._read(index)))
        self._people.look_up(
            [dn for group in groups.values() for dn in group.others if dn not in groups], index
        )
        inside = {group.key: self._direct(group, groups, index) for group in groups.values()}
        names: Mapping[str, str | None] = {group.key: group.name for group in groups.values()}
        for group in groups.values():
            if not matches(group.name, self._options.groups):
                continue
            yield Members(group.key, group.name, inside[group.key].users)
            if self._options.nested:
                yield from nested(group.key, inside, names)

    def has_any(self) -> bool:
        """Return whether any group is shown."""
        return next(self._directory.pages(self.filter, [self._profile.id], size=1), None) is not None

    def names(self) -> Iterator[str]:
        """Yield the names of all groups."""
        for page in self._directory.pages(self.filter, ["cn"]):
            yield from (text(name or b"") for name in first_of(page, "cn"))

    def ids(self) -> set[str]:
        """Return the identifiers of all groups."""
        pages = self._directory.pages(self.filter, [self._profile.id])
        return {
            self._profile.identifier(key) for page in pages for key in first_of(page, self._profile.id) if key
        }

    def _read(self, index: Index) -> Iterator[tuple[str, Group]]:
        attributes = [self._profile.id, "cn", "objectSid", *self._profile.members]
        for page in self._directory.pages(self.filter, attributes):
            told = zip(page, first_of(page, self._profile.id), first_of(page, "cn"), strict=True)
            for entry, key, name in told:
                if key is None:
                    raise Malformed(f"{entry[0]} shows no {self._profile.id}").about(
                        "search", self._options.url
                    )
                group = Group(self._profile.identifier(key), text(name or b""))
                self._sort_members(group, entry, index)
                yield plain(entry[0]), group

    def _sort_members(self, group: Group, entry: Entry, index: Index) -> None:
        """Tell the people among the members of a group from the others."""
        for dn in map(plain, map(text, self._dns(entry))):
            if person := index.ids.get(dn):
                group.people[person] = None
            elif dn:
                group.others.append(dn)
        uids = (index.uids.get(text(uid)) for uid in _held(entry, "memberUid"))
        group.people.update((person, None) for person in uids if person)
        sid = next(iter(_held(entry, "objectSid")), b"")
        group.people.update(dict.fromkeys(index.primary.get(sid, ())))

    def _dns(self, entry: Entry) -> Iterator[bytes]:
        """The members an entry names, the rest of a list too of which it shows a part.

        Raises:
            Malformed: the server says that there are more, and gives none of them.
        """
        dn, held = entry
        yield from _held(entry, "uniqueMember")
        yield from _held(entry, "member")  # Empty where a part is shown.
        while part := next(filter(None, map(RANGE.fullmatch, held)), None):
            yield from held[part[0]]
            if part[2] == "*":
                return
            following = int(part[2]) + 1
            again = self._directory.entry(dn, [f"member;range={following}-*"])
            if again is None:
                return  # The group is gone meanwhile, and with it whoever was its member.
            held = again[1]
            if not any(map(RANGE.fullmatch, held)):
                raise Malformed(f"{dn} has members from {following} on and shows none").about(
                    "read", self._options.url
                )

    def _direct(self, group: Group, groups: Mapping[str, Group], index: Index) -> DirectMembers:
        """Return who is a member; what is neither a person nor a group, such as a machine, is left out."""
        people = dict(group.people)
        people.update((index.ids[dn], None) for dn in group.others if dn in index.ids)
        return DirectMembers(list(people), [groups[dn].key for dn in group.others if dn in groups])


def _held(entry: Entry, attribute: str) -> Sequence[bytes]:
    """The values of an attribute in one entry, however the server spells it."""
    wanted = attribute.casefold()
    return next((values for name, values in entry[1].items() if name.casefold() == wanted), ())
