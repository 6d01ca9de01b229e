"""Which name belongs to which identifier where a cell lists several groups.

An identifier never holds a comma, a group's name may. So a list of names is cut into as many as there are
identifiers, and counts where there is one way alone to do so: at once, or with the names that other cells
tell. Nothing is guessed, for a group that goes by a wrong name is not known as the one that is protected.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from provisioning.model.text import fold

_PART = re.compile(r"[^,\s](?:[^,]*[^,\s])?")
"""What stands between commas, without the blanks around it."""
_TWO = 2
"""More ways than one are as good as any number."""


class Cell(NamedTuple):
    """Identifiers and names of the groups of one row, as they stand; None where there is nothing."""

    ids: str | None
    names: str | None


class Pairs(NamedTuple):
    """What the cells of a file tell together.

    Attributes:
        names: name of each identifier.
        held: identifiers of each cell that is understood.
        contested: names of each identifier that has several; no cell with one of them is understood.
    """

    names: dict[str, str]
    held: dict[Cell, list[str]]
    contested: dict[str, list[str]]


def identifiers(text: str | None) -> list[str]:
    """The identifiers of a cell."""
    return _PART.findall(text or "")


def pair(cells: Iterable[Cell]) -> Pairs:
    """Find out which name each identifier of a file has, and which groups each cell means."""
    left = list(dict.fromkeys(cells))
    told: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    read: list[Cell] = []
    while left:
        cut = {cell: names for cell in left if (names := cut_names(cell, known)) is not None}
        if not cut:
            break
        for cell, names in cut.items():
            _learn(told, identifiers(cell.ids), names)
        known = {key: names[0] for key, names in told.items() if len(names) == 1}
        read += cut
        left = [cell for cell in left if cell not in cut]
    held = {cell: ids for cell in read if (ids := identifiers(cell.ids)) and known.keys() >= set(ids)}
    held |= _half_told(left, known)
    return Pairs(known, held, {key: names for key, names in told.items() if len(names) > 1})


def cut_names(cell: Cell, known: Mapping[str, str]) -> list[str] | None:
    """Return the name of each identifier of a cell; None where there is no way to cut them, or several.

    Args:
        cell: identifiers and names.
        known: names that identifiers are known to have.
    """
    text, ids = cell.names or "", identifiers(cell.ids)
    parts = [part.span() for part in _PART.finditer(text)]
    found: dict[int, list[list[str]]] = {0: [[]]}
    for place, key in enumerate(ids):
        further: dict[int, list[list[str]]] = defaultdict(list)
        longest = len(parts) - (len(ids) - place - 1)
        for used, ways in found.items():
            for end in range(used + 1, longest + 1):
                name = text[parts[used][0] : parts[end - 1][1]]
                if key not in known or fold(known[key]) == fold(name):
                    further[end] = [*further[end], *([*way, name] for way in ways)][:_TWO]
        found = further
    ways = found.get(len(parts), [])
    return ways[0] if ids and len(ways) == 1 else None


def _learn(told: dict[str, list[str]], ids: Sequence[str], names: Sequence[str]) -> None:
    """Add names that identifiers have; the same one in another case is no other."""
    for key, name in zip(ids, names, strict=True):
        earlier = told.setdefault(key, [])
        if fold(name) not in map(fold, earlier):
            earlier.append(name)


def _half_told(cells: Iterable[Cell], known: Mapping[str, str]) -> dict[Cell, list[str]]:
    """Cells without names whose identifiers are all known, and those of a known name without identifier."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for key, name in known.items():
        by_name[fold(name)].append(key)
    found = {}
    for cell in cells:
        if cell.names is None and known.keys() >= set(identifiers(cell.ids)):
            found[cell] = identifiers(cell.ids)
        elif cell.ids is None and len(ids := by_name.get(fold(cell.names or ""), [])) == 1:
            found[cell] = ids
    return found
