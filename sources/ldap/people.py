"""People of a directory: their columns, and the names by which groups and managers mean them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from provisioning.model.attributes import LAST, STALENESS
from provisioning.model.by_column import Page, batches
from provisioning.model.screening import Screened
from sources.kit.states import screen_people
from sources.ldap.directory import Directory, Entry, plain
from sources.ldap.options import LdapOptions
from sources.ldap.values import reader, text
from transport.prefetch import prefetch

AT_ONCE = 100
"""Identifiers one filter asks for."""
REPLICATED, INTERVAL, RENEWED_AFTER = "lastLogonTimestamp", "msDS-LogonTimeSyncInterval", 14
"""The sign-in that domain controllers tell each other, the attribute of a domain that says after how many
days it is renewed, and what holds where it says nothing."""
FEW = 200
"""Names that are looked up one by one; to look up more, everyone is listed."""


def first_of(entries: Sequence[Entry], attribute: str) -> list[bytes | None]:
    """Return the first value of an attribute in each entry, None where it has none."""
    name = _spelled(entries, attribute)
    found = [held.get(name) for _dn, held in entries]
    return [values[0] if values else None for values in found]


def _spelled(entries: Sequence[Entry], attribute: str) -> str:
    """Return the name of an attribute as the server spells it, which mostly is as we do."""
    if any(attribute in held for _dn, held in entries):
        return attribute
    names = set().union(*(held for _dn, held in entries))
    return next((name for name in names if name.casefold() == attribute.casefold()), attribute)


class Index:
    """Who is meant: identifiers by DN, by `uid`, and by the group that is somebody's primary one.

    Attributes:
        ids: identifier by plain DN.
        uids: identifier by uid.
        primary: identifiers by the SID of the group that `primaryGroupID` means.
    """

    def __init__(self, options: LdapOptions) -> None:
        self._profile = options.directory
        self.ids: dict[str, str] = {}
        self.uids: dict[str, str] = {}
        self.primary: dict[bytes, list[str]] = {}

    @property
    def attributes(self) -> list[str]:
        """What has to be asked for."""
        return [self._profile.id, *self._profile.index]

    def add(self, entries: Sequence[Entry], keys: Sequence[str | None]) -> None:
        """Take up entries with their identifiers."""
        for (dn, _held), key in zip(entries, keys, strict=True):
            if key is not None:
                self.ids[plain(dn)] = key
        if "uid" in self._profile.index:
            named = zip(first_of(entries, "uid"), keys, strict=True)
            self.uids.update((text(uid), key) for uid, key in named if uid and key)
        else:
            self._add_primary(entries, keys)

    def _add_primary(self, entries: Sequence[Entry], keys: Sequence[str | None]) -> None:
        """A SID is that of the domain and four bytes more, which `primaryGroupID` gives as a number."""
        told = zip(first_of(entries, "objectSid"), first_of(entries, "primaryGroupID"), keys, strict=True)
        for sid, number, key in told:
            if sid and number and key:
                group = sid[:-4] + int(number).to_bytes(4, "little")
                self.primary.setdefault(group, []).append(key)


class People:
    """Reads people.

    Args:
        name: of the connection.
        directory: where they are.
        options: of the connection.
    """

    def __init__(self, name: str, directory: Directory, options: LdapOptions) -> None:
        self._name, self._directory, self._options = name, directory, options
        self._profile = options.directory
        self._filter = options.people or self._profile.people
        self._readers = {column: reader(column, of) for column, of in options.fields.items()}
        self._readers["source_id"] = self._profile.identifier
        self._known: Index | None = None
        self._attributes = [*{*options.fields.values(), *self._profile.index}]

    def everyone(self) -> Iterator[Screened]:
        """Yield pages of Identities of everyone, and know from then on who they are."""
        index = Index(self._options)
        yield from self.changed("", index)
        self._known = index

    def known(self) -> Index:
        """Return who everyone is, of this reading where everyone was read before."""
        return self._known or self.index()

    def has_any(self) -> bool:
        """Return whether anybody is shown."""
        return next(self._directory.pages(self._filter, [self._profile.id], size=1), None) is not None

    def changed(self, narrowed: str, index: Index) -> Iterator[Screened]:
        """Yield pages of Identities of those a filter narrows people to, and take them into an index."""
        pages = (
            self._columns(page, index)
            for page in self._directory.pages(self._narrow(narrowed), self._attributes)
        )
        for columns in batches(prefetch(pages), key="source_id"):
            self._name_managers(columns, index)
            self._age_sign_ins(columns)
            meanings: Mapping[Any, Any] = {**self._profile.states, **self._options.states}
            yield screen_people(self._name, columns, columns["source_state"], meanings)

    def _age_sign_ins(self, columns: dict[str, list[Any]]) -> None:
        """Say how far behind last sign-ins may be; what is not renewed any more says nothing."""
        if self._options.fields[LAST].casefold() != REPLICATED.casefold():
            return
        interval = self._renewed_after
        columns[LAST] = [at if interval else None for at in columns[LAST]]
        columns[STALENESS] = [interval if at else None for at in columns[LAST]]

    @cached_property
    def _renewed_after(self) -> int:
        """Days after which a domain renews the sign-ins its controllers tell each other; 0 for never."""
        found = self._directory.entry(self._directory.domain, [INTERVAL])
        stated = first_of([found], INTERVAL)[0] if found else None
        return RENEWED_AFTER if stated is None else int(stated)

    def index(self, index: Index | None = None) -> Index:
        """Return who everyone is; entries of an index that is given stay in it."""
        index = index or Index(self._options)
        for page in self._directory.pages(self._filter, index.attributes):
            index.add(page, self._keys(page))
        return index

    def look_up(self, dns: Collection[str], index: Index) -> None:
        """Take people into an index whose names are not in it: they came, or were renamed, meanwhile."""
        missing = {dn for dn in dns if dn and plain(dn) not in index.ids}
        if len(missing) > FEW:
            self.index(index)
            return
        for dn in sorted(missing):
            if entry := self._directory.entry(dn, index.attributes, self._filter):
                found = [(dn, entry[1])]
                index.add(found, self._keys(found))

    def present(self, keys: Collection[str]) -> set[str]:
        """Return which of these identifiers are those of people who are there now."""
        return {key for entries in self._by_id(keys) for key in self._keys(entries) if key}

    def by_id(self, keys: Collection[str], index: Index) -> Iterator[Screened]:
        """Yield pages of Identities of these identifiers."""
        for some in _portions(keys):
            yield from self.changed(self._any_of(some), index)

    def _by_id(self, keys: Collection[str]) -> Iterator[list[Entry]]:
        for some in _portions(keys):
            yield from self._directory.pages(self._narrow(self._any_of(some)), [self._profile.id])

    def _any_of(self, keys: Iterable[str]) -> str:
        return "(|" + "".join(f"({self._profile.id}={self._profile.escaped(key)})" for key in keys) + ")"

    def _narrow(self, narrowed: str) -> str:
        return f"(&{self._filter}{narrowed})" if narrowed else self._filter

    def _keys(self, entries: Sequence[Entry]) -> list[str | None]:
        found = first_of(entries, self._profile.id)
        return [None if value is None else self._profile.identifier(value) for value in found]

    def _columns(self, entries: list[Entry], index: Index) -> Page:
        page: dict[str, list[str | None]] = {}
        for column, attribute in self._options.fields.items():
            read = self._readers[column]
            page[column] = [None if value is None else read(value) for value in first_of(entries, attribute)]
        index.add(entries, page["source_id"])
        return page

    def _name_managers(self, columns: dict[str, list[Any]], index: Index) -> None:
        """Put identifiers in place of the managers' DNs; of somebody who is not read the DN stays."""
        managers = columns["manager"]
        self.look_up({dn for dn in managers if dn}, index)
        columns["manager"] = [dn and index.ids.get(plain(dn), dn) for dn in managers]


def _portions(keys: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(keys)
    return (ordered[at : at + AT_ONCE] for at in range(0, len(ordered), AT_ONCE))
