"""A measured ratio, what it is a ratio of, and the budget it is held to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Self


class Figure(float):
    """A number that remembers what was measured and what stood beside it.

    Attributes:
        ours: what Seatwise took, in words; empty where the number says it all.
        beside: what the peer took, or what the limit allows.
    """

    ours: str = ""
    beside: str = ""

    @classmethod
    def of(cls, value: float, ours: str, beside: str) -> Self:
        """Make one."""
        made = cls(value)
        made.ours, made.beside = ours, beside
        return made


class Budget(NamedTuple):
    """What some figures are held to.

    Attributes:
        name: expression that the whole name of a figure fits.
        limit: the number.
        at_least: whether the figure must reach it; it must keep below it otherwise.
    """

    name: str
    limit: float
    at_least: bool = False

    def keeps(self, value: float) -> bool:
        """Whether a figure is within the budget."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        """The budget as it stands in the table."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


BUDGETS = (
    Budget("decide over merges", 1.3),
    Budget("decide peak GB", 2.5),
    Budget("decide growth from a tenth", 12),
    Budget("okta: bare over ours", 1.5, at_least=True),
    Budget(".*: bare over ours", 1.0, at_least=True),
    Budget(".*: memory at four times the people", 1.5),
    Budget(".*: pacing efficiency", 0.95, at_least=True),
    Budget(".*: refused share", 0.02),
    Budget(".*: (read|load|verify) in flight", 0.8, at_least=True),
    Budget(".*: writes per change", 1.0),
    Budget("acme-customers: looks per account", 4.0),
    Budget("legacy-customers: looks per account", 2.0),
    Budget(".*: looks per account", 1.1),
    Budget(".*: target delta over whole", 0.05),
    Budget(".*: delta over whole", 0.01),
    Budget("bookkeeping growth .*", 1.2),
    Budget("links recalled and kept, seconds", 1.0),
    Budget("files over pandas", 6),
    Budget("files, every seat idle, over pandas", 8),
    Budget("files.* MB", 500),
    Budget("report over group-bys", 5),
    Budget("workbook over loop", 1.2),
    Budget("page MB", 15),
    Budget("report peak MB", 1000),
    Budget("a server adds, seconds", 1.5),
    Budget("its own server adds.*, seconds", 3),
    Budget("unchanged over first, .*", 0.4),
    Budget("--help over import pandas", 0.3),
    Budget("(show|history) over import pandas", 0.8),
    Budget("check --offline over import pandas", 1),
    Budget("explain, .* over import pandas", 5),
    Budget("demo seconds", 20),
    Budget("p99 ms", 100),
    Budget("large ms", 10),
    Budget("MB", 300),
)
"""The first that fits counts; a figure that none fits is told and held to nothing. `docs/performance.md`
says how each was chosen."""


class Line(NamedTuple):
    """One line of the table."""

    measure: str
    figure: float
    budget: Budget | None

    @property
    def missed(self) -> bool:
        """Whether the figure is beyond its budget."""
        return self.budget is not None and not self.budget.keeps(self.figure)

    def __str__(self) -> str:
        """The line in Markdown."""
        ours, beside = getattr(self.figure, "ours", ""), getattr(self.figure, "beside", "")
        verdict = "missed" if self.missed else ""
        cells = (self.measure, ours, beside, f"{self.figure:.3g}", str(self.budget or ""), verdict)
        return f"| {' | '.join(cells)} |"


HEAD = "| measure | ours | peer or limit | figure | budget | |\n|---|---|---|---|---|---|"


def lines(found: Mapping[str, float]) -> list[Line]:
    """Hold every figure to the budget that its name fits first."""
    return [
        Line(name, value, next((b for b in BUDGETS if re.fullmatch(b.name, name)), None))
        for name, value in found.items()
    ]
