"""Which header of a table fills which column, whatever the vendor calls it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from provisioning.model.attributes import ATTRIBUTES
from provisioning.model.findings import Unreadable
from provisioning.model.text import fold, nearest

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "source_id": ("user id", "id", "source id", "object id", "external id", "uid"),
    "user_name": ("login", "user name", "username", "user principal name", "upn", "sign in name"),
    "email": ("email", "e mail", "mail", "email address", "e mail address", "primary email", "work email"),
    "state": ("state", "status", "user status", "account status", "active", "enabled", "account enabled"),
    "given_name": ("given name", "first name", "firstname", "forename"),
    "family_name": ("family name", "last name", "lastname", "surname"),
    "display_name": ("display name", "displayname", "full name", "name"),
    "department": ("department", "dept", "team"),
    "cost_center": ("cost center", "cost centre", "costcenter"),
    "organization": ("organization", "organisation", "company", "company name", "division", "business unit"),
    "title": ("title", "job title", "position", "jobtitle"),
    "user_type": ("user type", "usertype", "employee type", "worker type"),
    "employee_number": ("employee number", "employee id", "personnel number", "employeenumber"),
    "manager": ("manager", "manager email", "supervisor"),
    "hired_on": ("hired on", "hire date", "start date", "hiredate", "employee hire date"),
    "leaves_on": ("leaves on", "termination date", "end date", "last day", "employee leave date time"),
    "created_on": ("created", "created on", "created at", "creation date", "created date time"),
    "last_sign_in": ("last sign in", "last login", "lastlogin", "last logon"),
}
"""Headers that are understood without a mapping, as `spell` writes them."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINTS = re.compile(r"[\s_.-]+")


def spell(header: str) -> str:
    """Return a header as small words: `accountEnabled`, `Account-Enabled` and `account_enabled` are one."""
    return _JOINTS.sub(" ", fold(_HUMP.sub(" ", header.strip()))).strip()


class Header:
    """The first row of a table.

    Args:
        names: its headers.
        where: what the table is called in messages.
        connection: whose options remedies speak of.
    """

    def __init__(self, names: list[str], *, where: str, connection: str) -> None:
        self.names, self._where, self._connection = names, where, connection
        self._folded = [fold(name) for name in names]
        self._spelt = [spell(name) for name in names]

    def place(self, own: str) -> int:
        """Return where a header stands that the connection names.

        Raises:
            Unreadable: it is not there.
        """
        if fold(own) in self._folded:
            return self._folded.index(fold(own))
        raise Unreadable(
            f"{self._where} has no column '{own}'{self._hint([own])}",
            remedy=f"Correct the header under `columns` or `groups` of connection {self._connection}.",
        )

    def places(
        self, mapping: Mapping[str, str], empty: Collection[int], *, state_is_told: bool
    ) -> dict[str, int]:
        """Return the position of the header that fills each column, in the order of the columns.

        Args:
            mapping: column to header, as the connection states it.
            empty: positions that hold nothing, which fill a column only where no other does.
            state_is_told: whether the connection says which state rows without one have.

        Raises:
            Unreadable: a header that is named is not there, or nobody could be told by the others.
        """
        places = {name: self.place(own) for name, own in mapping.items()}
        for name, known in NAMES.items():
            found = [self._spelt.index(word) for word in known if word in self._spelt]
            place = min(found, key=lambda at: at in empty, default=None)
            if name not in places and place is not None and place not in places.values():
                places[name] = place
        if "state" not in places and not state_is_told:
            raise self._missing("state", "status", ", or say which `state` all its rows have")
        if not {"source_id", "user_name", "email"} & set(places):
            raise self._missing("email", "email", "")
        return {name: places[name] for name in ATTRIBUTES if name in places}

    def refuse_twins(self, rows: pd.DataFrame, used: Sequence[int]) -> None:
        """Refuse a table in which a header that is used stands over two columns that differ.

        Raises:
            Unreadable: one does.
        """
        for place in used:
            for twin in (n for n, name in enumerate(self._folded) if name == self._folded[place]):
                if not rows[twin].equals(rows[place]):
                    raise Unreadable(
                        f"{self._where} has two columns '{self.names[place]}', "
                        f"number {min(place, twin) + 1} and number {max(place, twin) + 1}",
                        remedy="Rename or remove one of them, so that it is certain which is meant.",
                    )

    def rivals(self, places: Mapping[str, int], stated: Collection[int]) -> Iterator[tuple[str, int]]:
        """Yield each column that is filled by its usual name, with a place whose header is one of them, too.

        Args:
            places: position of the header that fills each column.
            stated: positions of the headers that the connection names, which leave no doubt.
        """
        for name, place in places.items():
            others = (n for n, spelt in enumerate(self._spelt) if spelt in NAMES[name] and n != place)
            if place not in stated:
                yield from ((name, other) for other in others if other not in {*places.values(), *stated})

    def refuse_rivals(self, doubted: Mapping[str, Sequence[int]]) -> Unreadable:
        """Return the error of headers that may each fill a column and whose cells differ, by column."""
        named = {column: [f"'{self.names[at]}'" for at in places] for column, places in doubted.items()}
        told = "; ".join(f"{column}, {' and '.join(headers)}" for column, headers in named.items())
        choices = [[f"columns: {{{column}: {own}}}" for own in headers] for column, headers in named.items()]
        remedy = f"Say in connection {self._connection} which it is: {'; '.join(map(' or '.join, choices))}."
        if len(named) > 1:
            first = ", ".join(f"{column}: {headers[0]}" for column, headers in named.items())
            remedy += f" All of them stand in one line, such as columns: {{{first}}}."
        return Unreadable(
            f"{self._where} has several columns that may be {told}, and they differ", remedy=remedy
        )

    def unused(self, used: Sequence[int]) -> list[str]:
        """Return the headers that feed nothing."""
        return [name for place, name in enumerate(self.names) if name and place not in set(used)]

    def _missing(self, column: str, usual: str, otherwise: str) -> Unreadable:
        near = self._nearest(NAMES[column])
        example = f"columns: {{{column}: '{near or usual}'}}"
        return Unreadable(
            f"{self._where} has no column for {column}{self._hint(NAMES[column])}",
            remedy=f"Name it in connection {self._connection}: {example}{otherwise}.",
        )

    def _nearest(self, words: Sequence[str]) -> str | None:
        found = (nearest(word, [name for name in self.names if name]) for word in words)
        return next((name for name in found if name), None)

    def _hint(self, words: Sequence[str]) -> str:
        near = self._nearest(words)
        return f"; the nearest header is '{near}'" if near else f"; its headers are {', '.join(self.names)}"
