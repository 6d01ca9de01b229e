"""The plan as lines for a terminal and as rows for a table artifact.

This module is on the path of commands that answer at once: it imports neither templates nor workbooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.printable import printable

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
LIMIT = 1000
"""Rows a table artifact shows at most."""
FEWEST = 3
"""Rows of each action that are shown, however short the text has to be."""
CHANGE_TITLES = {
    "destructive": "Destructive", "action": "Action", "subject": "Who", "entitlement": "What",
    "reason": "Why", "rule": "Rule", "reversible": "Reversible", "target": "Target", "position": "No.",
}  # fmt: skip
OUTCOME_TITLES = {
    "status": "Status", "target": "Target", "action": "Action", "subject": "Who", "entitlement": "What",
    "message": "Message",
}  # fmt: skip
WORST_FIRST = ["failed", "stale", "blocked", "propagating", "applied"]


def plan_lines(changes: Sequence[Row], *, title: str = "plan", rows: int = 20) -> list[str]:
    """The plan for a terminal: by target and action, with counts, rules, who, what and why.

    Args:
        changes: rows of a Changes frame, as a ledger tells them without one.
        title: what the first line calls it.
        rows: changes listed in all, shared among the actions; each shows a few in any case.

    Returns:
        Lines without line ends; text from outside carries no control characters.
    """
    destructive = sum(bool(row["destructive"]) for row in changes)
    final = [(row["action"], row["subject"]) for row in changes if not row["reversible"]]
    lines = [_title(title, len(changes), destructive, len(final))]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in changes:
        groups.setdefault((row["target"], row["action"]), []).append(row)
    several = len({target for target, _ in groups}) > 1
    for (target, action), group in groups.items():
        shown = max(FEWEST, rows // len(groups))
        lines.append("")
        lines.append(f"{f'{printable(target)}: ' if several else ''}{action} {len(group):,}{_rules(group)}")
        lines += _listed(group[:shown])
        if len(group) > shown:
            lines.append(f"  … and {len(group) - shown:,} more (plan.csv)")
    if final:
        lines += ["", "cannot be undone", *(f"  {line}" for line in _final(final, 10))]
    return lines


def plan_title(changes: pd.DataFrame, title: str = "plan") -> str:
    """How many changes a plan has, in one line."""
    destructive, final = int(changes["destructive"].sum()), int((~changes["reversible"]).sum())
    return _title(title, len(changes), destructive, final)


def final_lines(changes: pd.DataFrame, rows: int = 10) -> list[str]:
    """Which changes cannot be taken back once they are made: by action, with the people.

    Args:
        changes: Changes frame.
        rows: people named of each action.
    """
    final = changes[~changes["reversible"]]
    return _final(zip(final["action"], final["subject"], strict=True), rows)


def table_rows(changes: pd.DataFrame, limit: int = LIMIT) -> list[dict[str, Any]]:
    """The plan as rows of a table artifact: text, whole numbers and truth alone, none null.

    What takes something comes first, and within it what has the same rule stands together.
    """
    worst = changes.sort_values(["destructive", "rule", "position"], ascending=[False, True, True])
    return _cut(_plain(worst.head(limit), CHANGE_TITLES), len(changes), limit, "plan.csv")


def outcome_rows(changes: pd.DataFrame, outcomes: pd.DataFrame, limit: int = LIMIT) -> list[dict[str, Any]]:
    """What became of each change as rows of a table artifact, the ones to look at first.

    Args:
        changes: Changes frame with every change of `outcomes`.
        outcomes: Outcomes frame.
        limit: rows at most.
    """
    planned = changes[["change_id", "target", "action", "subject", "entitlement"]].drop_duplicates(
        "change_id"
    )
    joined = outcomes.merge(planned, on="change_id", how="left", validate="many_to_one")
    rank = joined["status"].map({status: place for place, status in enumerate(WORST_FIRST)})
    ordered = joined.iloc[rank.argsort(kind="stable")]
    return _cut(_plain(ordered.head(limit), OUTCOME_TITLES), len(ordered), limit, "outcomes.csv")


def _final(changes: Iterable[tuple[str, str]], rows: int) -> list[str]:
    """By action: how many, and the people."""
    by_action: dict[str, list[str]] = {}
    for action, subject in changes:
        by_action.setdefault(action, []).append(printable(subject))
    lines = []
    for action, subjects in by_action.items():
        people = list(dict.fromkeys(subjects))
        more = f" and {len(people) - rows:,} more" if len(people) > rows else ""
        lines.append(f"{action} {len(subjects):,}: {', '.join(people[:rows])}{more}")
    return lines


def _title(title: str, total: int, destructive: int, final: int) -> str:
    if not total:
        return f"{title}: nothing to do"
    words = [f"{total:,} change{'' if total == 1 else 's'}"]
    words += [f"{destructive:,} destructive"] if destructive else []
    words += [f"{final:,} of them cannot be undone"] if final else []
    return f"{title}: {', '.join(words)}"


def _rules(group: Sequence[Row]) -> str:
    counts = Counter(row["rule"] for row in group).most_common(3)
    return "  (" + "; ".join(f"{printable(rule)}: {count:,}" for rule, count in counts) + ")"


def _listed(group: Sequence[Row]) -> list[str]:
    whats = [printable(row["entitlement"] or "") for row in group]
    whos = [printable(row["subject"]) for row in group]
    width, breadth = max(map(len, whos)), max(map(len, whats))
    reasons = [printable(row["reason"]) for row in group]
    gap = "  " if breadth else ""
    return [
        f"  {who:<{width}}{gap}{what:<{breadth}}  {why}"
        for who, what, why in zip(whos, whats, reasons, strict=True)
    ]


def _plain(frame: pd.DataFrame, titles: dict[str, str]) -> list[dict[str, Any]]:
    table = frame[list(titles)].rename(columns=titles).astype(object)
    return [{str(k): v for k, v in row.items()} for row in table.where(table.notna(), "").to_dict("records")]


def _cut(rows: list[dict[str, Any]], total: int, limit: int, file: str) -> list[dict[str, Any]]:
    """The rows, the last one telling how many more there are."""
    if total <= limit:
        return rows
    last = dict.fromkeys(rows[0], "")
    text = f"… and {total - limit + 1:,} more: {file}"
    return [*rows[: limit - 1], {**last, "Who": text}]
