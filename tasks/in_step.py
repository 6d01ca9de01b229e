"""What a run says that has left nothing to do: of whom it may, and what it has left alone all the same."""

from __future__ import annotations

from typing import Any

from provisioning.decide.context import count


def describe_in_step(summary: dict[str, Any]) -> str:
    """One sentence for a run whose verdict is done.

    An apply knows the plan it was given and nothing of other targets, whose plans may wait.
    """
    if summary["flow"] == "apply":
        return f"All changes of the plan for {' and '.join(summary['fingerprints'])} are made."
    left = left_alone(summary)
    if summary["asked_for"]:
        return f"Whoever was asked for is in step{''.join(f'; {one}' for one in left)}."
    return f"Everything else is in step; {'; '.join(left)}." if left else "Everything is in step."


def left_alone(summary: dict[str, Any]) -> list[str]:
    """What is neither in step nor to be changed now, and where it is listed; nothing of an apply's."""
    if summary["flow"] == "apply":
        return []
    left = []
    if number := summary.get("ambiguous", 0):
        what = "1 row is ambiguous" if number == 1 else f"{number:,} rows are ambiguous"
        left.append(f"{what}, nothing is done about that, and ambiguities.csv says why")
    if number := summary.get("departed_elsewhere", 0):
        who = count(number, "person", "people")
        left.append(f"{who} departed by one source and not by another, and conflicts.csv says which counts")
    if number := summary.get("contested", 0):
        which = f"{count(number, 'account')} {'is' if number == 1 else 'are'}"
        left.append(f"{which} told differently by two targets, and conflicts.csv names both sides")
    if number := summary.get("unconfirmed", 0):
        left.append(f"{count(number, 'change')} {'is' if number == 1 else 'are'} left for the next run")
    return left
