"""The entries of a directory, and which of them changed, were renamed or deleted when.

Entries follow from the company; what a directory adds is kept: the number and time of each change, what was
deleted, and the sign-in times that Active Directory renews only now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.company.company import Company
from sandbox.kit.world import World

RENEWED_AFTER = timedelta(days=14)
"""How old a replicated sign-in has to be to be renewed, less up to five days by chance."""


@dataclass(slots=True)
class Entry:
    """One entry.

    Attributes:
        key: what it is in the company; it outlives names.
        dn: its name.
        values: by attribute.
        number: of its latest change.
        at: when that was.
        lower: the values by attribute in lower case, as filters ask for them.
    """

    key: str
    dn: str
    values: dict[str, list[bytes]]
    number: int = 0
    at: datetime | None = None
    lower: dict[str, Sequence[bytes]] = field(default_factory=dict)


Render = Callable[["Tree", Company], Iterable[Entry]]


class Tree:
    """One directory over the company."""

    def __init__(self, _company: Company) -> None:
        self.number = 10_000
        self.entries: dict[str, Entry] = {}
        self.deleted: dict[str, Entry] = {}
        self.sign_ins: dict[int, datetime] = {}
        self._seen: tuple[object, ...] = ()

    def follow(
        self, world: World, render: Render, note: Callable[[Entry], Mapping[str, list[bytes]]]
    ) -> None:
        """Take up what changed in the company; `note` gives what the directory adds of itself."""
        company = world.company
        seen = (
            company.now,
            [(p.number, p.revision) for p in company.people.values()],
            [(g.number, g.name, g.revision, list(g.members)) for g in company.groups.values()],
        )
        if seen == self._seen:
            return
        # What was there before anybody looked is older than the day.
        now = company.now if self._seen else company.now - timedelta(days=1)
        self._seen = seen
        living = {entry.key: entry for entry in render(self, company)}
        for key in self.entries.keys() - living.keys():
            self.deleted[key] = self._changed(self.entries[key], now, note)
        for key, entry in living.items():
            before = self.entries.get(key)
            if before is None or (before.dn, before.values) != (entry.dn, entry.values):
                living[key] = self._changed(entry, now, note)
            else:
                living[key] = before
        self.entries = living

    def sign_in(self, number: int, last: datetime | None) -> datetime | None:
        """Return the sign-in that is shown of somebody whose last one this is."""
        shown = self.sign_ins.get(number)
        after = RENEWED_AFTER - timedelta(days=number % 6)
        if last is not None and (shown is None or last - shown >= after):
            self.sign_ins[number] = last
        return self.sign_ins.get(number)

    def _changed(
        self, entry: Entry, now: datetime, note: Callable[[Entry], Mapping[str, list[bytes]]]
    ) -> Entry:
        self.number += 1
        entry.number, entry.at = self.number, now
        values = {**entry.values, **note(entry)}
        entry.lower = {name.lower(): held for name, held in values.items()}
        return entry


def escaped(name: str) -> str:
    """Return a name for a DN."""
    return "".join(f"\\{letter}" if letter in ',+"\\<>;=#' else letter for letter in name)
