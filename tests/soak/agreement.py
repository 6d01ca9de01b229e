"""Whether the server and the ledger say the same of every run."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

STATES = {
    "done": {("COMPLETED", "Completed")},
    "changes planned": {("COMPLETED", "Planned")},
    # One that was to go on is turned away like any other while a sync is at work; the next reads its answer.
    "needs approval": {
        ("CANCELLED", "Needs approval"),
        ("PAUSED", "Needs approval"),
        ("CANCELLED", "Cancelled"),
    },
    "rejected": {("CANCELLED", "Rejected")},
    "done with failures": {("FAILED", "Done with failures")},
    "done, rows not read": {("COMPLETED", "Rows not read")},
    "done, seats left": {("COMPLETED", "Seats left")},
    # A run that was told to end, or whose worker died, still says so itself; the ledger has one word for all.
    "error": {("FAILED", "Failed"), ("CRASHED", "Crashed"), ("CANCELLED", "Cancelled")},
    "interrupted": {("CRASHED", "Crashed")},
    None: {("CANCELLED", "Cancelled"), ("COMPLETED", "Skipped"), ("CRASHED", "Crashed")},
}
"""Verdict of the ledger → what the server may show; without one the run ended before it opened the ledger."""


class Said(NamedTuple):
    """What both say of one run."""

    run: str
    name: str
    kind: str
    state: str
    verdict: str | None

    @property
    def agrees(self) -> bool:
        """Whether it is the same."""
        return (self.kind, self.state) in STATES[self.verdict]

    @property
    def zombie(self) -> bool:
        """Whether the server takes the run for one that is still at work, or about to be."""
        return self.kind in {"RUNNING", "PENDING", "CANCELLING", "SCHEDULED"}


def compare(runs: list[dict[str, Any]], verdicts: dict[str, str | None]) -> list[Said]:
    """Both words for each run.

    Args:
        runs: as the server lists them.
        verdicts: flow run → verdict of its last attempt in the ledger.
    """
    return [
        Said(run["id"], run["name"], run["state_type"], run["state_name"], verdicts.get(run["id"]))
        for run in runs
    ]


def table(said: list[Said]) -> str:
    """How often each pair of words was said, and each run about which the two differ."""
    lines = [f"{'Prefect UI':<28} {'ledger':<22} {'runs':>5}"]
    counts = Counter((f"{one.state} ({one.kind.lower()})", one.verdict or "-", one.agrees) for one in said)
    for (state, verdict, agrees), times in sorted(counts.items()):
        lines.append(f"{state:<28} {verdict:<22} {times:>5}{'' if agrees else '  DIFFER'}")
    lines.append(f"{'all':<28} {'':<22} {len(said):>5}")
    return "\n".join(lines)
