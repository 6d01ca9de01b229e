"""Values that could not be read, counted and in words: they are told wherever a run is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot

Counts = Mapping[str, Mapping[str, int]]
"""Origin → field → how many values of it could not be read."""


def count_rejects(reads: Sequence[SourceSnapshot | TargetSnapshot]) -> dict[str, dict[str, int]]:
    """How many values of each origin and field could not be read, the most frequent field first."""
    counts: dict[str, dict[str, int]] = {}
    for read in reads:
        for origin, rows in read.rejects.groupby("origin"):
            fields = rows["field"].value_counts()
            counts[str(origin)] = {str(field): int(number) for field, number in fields.items()}
    return counts


def describe_rejects(counts: Counts) -> list[str]:
    """One line an origin: how many values, of which fields, and where each of them stands."""
    return [
        f"{origin}: {_values(sum(fields.values()))} could not be read "
        f"({', '.join(f'{field} {number:,}' for field, number in fields.items())}); "
        "rejects.csv says which and what to do"
        for origin, fields in counts.items()
        if fields
    ]


def _values(number: int) -> str:
    return f"{number:,} value{'' if number == 1 else 's'}"
