"""What `seatwise show` does: a run with its plans, or one plan, at a glance."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from pathlib import Path
from typing import Any

from flows.cli.runs import NO_RUNS
from ledger.glance import PlanSeen, see
from reports.plan_text import plan_lines
from reports.printable import as_lines
from tasks.locate import find_ledger


def describe(config: Path, what: str | None, *, rows: int, json: bool) -> str:
    """A run with its plans, or one plan, as text.

    Args:
        config: the policy file.
        what: run or plan, or its beginning; the last run if None.
        rows: changes shown of each plan.
        json: whether the summary or the plan is given as JSON.
    """
    run, plans = see(find_ledger(config), what)
    if json:
        shown = run["summary"] if run else _to_plain(plans[0]) if plans else None
        return jsonlib.dumps(shown, indent=2, default=str)
    lines = _describe_run(run) if run else []
    for plan in plans:
        title = f"plan {plan.fingerprint[:12]} for {plan.target}"
        lines += plan_lines(plan.changes, title=title, rows=rows)
        lines += [f"needs approval: {reason}" for reason in plan.blocked_by]
        lines += _describe_outcomes(plan)
    return as_lines(lines or [NO_RUNS])


def _describe_run(run: dict[str, Any]) -> list[str]:
    summary = run["summary"] or {}
    lines = [f"run {run['run_id']}: {run['flow']}, {run['verdict'] or 'still running'}"]
    lines += [f"  {line}" for line in str(summary.get("error") or "").splitlines()]
    return lines


def _describe_outcomes(plan: PlanSeen) -> list[str]:
    if not plan.outcomes:
        return []
    counts = Counter(row["status"] for row in plan.outcomes).most_common()
    lines = [f"outcome: {', '.join(f'{count} {status}' for status, count in counts)}"]
    subjects = {change["change_id"]: change["subject"] for change in plan.changes}
    wrong = [row for row in plan.outcomes if row["status"] != "applied"][:20]
    lines += [f"  {row['status']}: {subjects.get(row['change_id'])}: {row['message']}" for row in wrong]
    return lines


def _to_plain(plan: PlanSeen) -> dict[str, object]:
    return {
        "fingerprint": plan.fingerprint,
        "target": plan.target,
        "blocked_by": plan.blocked_by,
        "changes": plan.changes,
    }
