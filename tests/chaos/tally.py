"""The numbers of a campaign: how many points were tried, and what each violation was."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 3
"""Violations of one kind that are printed in full."""


@dataclass
class Tally:
    """What came of one campaign against one connection."""

    campaign: str
    subject: str
    points: int = 0
    there_are: int = 0
    violations: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def broke(self, kind: str, text: str) -> None:
        """Count a violation, with the input that shows it."""
        self.violations.append((kind, text))

    def note(self, what: str, times: int = 1) -> None:
        """Count something that is no violation."""
        self.notes[what] = self.notes.get(what, 0) + times

    def kinds(self) -> dict[str, int]:
        """Violations by kind."""
        counts: dict[str, int] = {}
        for kind, _ in self.violations:
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    def plain(self) -> dict[str, Any]:
        """For a pipe."""
        return asdict(self)


def table(tallies: list[Tally]) -> str:
    """One line a campaign and connection, then examples of each kind of violation."""
    lines = [f"{'campaign':<28} {'connection':<18} {'points':>6} {'of':>6} {'violations':>10}  by kind"]
    for one in tallies:
        kinds = ", ".join(f"{count} {kind}" for kind, count in one.kinds().items()) or "-"
        notes = "; ".join(f"{count} {what}" for what, count in one.notes.items())
        more = f"   ({notes})" if notes else ""
        found = f"{one.points:>6} {one.there_are:>6} {len(one.violations):>10}"
        lines.append(f"{one.campaign:<28} {one.subject:<18} {found}  {kinds}{more}")
    points, bad = sum(t.points for t in tallies), sum(len(t.violations) for t in tallies)
    lines.append(f"{'all':<28} {'':<18} {points:>6} {'':>6} {bad:>10}")
    return "\n".join([*lines, *_examples(tallies)])


def _examples(tallies: list[Tally]) -> list[str]:
    lines = []
    for one in tallies:
        for kind in one.kinds():
            texts = [text for of, text in one.violations if of == kind]
            lines += ["", f"{one.campaign}, {one.subject}: {kind}"]
            lines += [f"  {text}" for text in texts[:SHOWN]]
            lines += [f"  … and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else []
    return lines
