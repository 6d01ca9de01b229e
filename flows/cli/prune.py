"""What `seatwise prune` does: the ledger forgets what the policy does not let it keep."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path

from ledger import Moments, Pruned
from provisioning.policy.retention import Retention
from provisioning.policy.values import duration_text
from tasks.session import open_session

NOTHING = "Nothing is kept longer than the policy allows."
WORDS = {
    "snapshots": "reads of sources and targets",
    "files": "files that no read holds any more",
    "runs": "runs",
    "plans": "plans of these runs",
    "people": "rows about people who are long gone",
}


def prune_ledger(config: Path, *, really: bool, json: bool) -> str:
    """Forget, or say what would be forgotten.

    Args:
        config: the policy file.
        really: whether it is done.
        json: whether the numbers are given as JSON.
    """
    with open_session(config) as session:
        rules = session.policy.retention
        before = Moments(
            undo=session.now - rules.undo,
            snapshots=session.now - rules.snapshots,
            runs=session.now - rules.runs,
            people=session.now - rules.people,
            seats=session.now - rules.seats,
        )
        origins = {*session.source_names, *session.target_names}
        pruned = session.ledger.prune(session.now, before, origins, really=really)
    if json:
        return jsonlib.dumps({"done": really, **pruned._asdict()}, indent=2)
    return "\n".join(_describe(pruned, rules, really=really))


def _describe(pruned: Pruned, rules: Retention, *, really: bool) -> list[str]:
    ages = {"snapshots": rules.snapshots, "runs": rules.runs, "people": rules.people}
    lines = [
        f"  {count:>8,} {WORDS[what]}" + (f", older than {duration_text(ages[what])}" if what in ages else "")
        for what, count in pruned._asdict().items()
        if count
    ]
    if not lines:
        return [NOTHING]
    if really:
        return ["Removed:", *lines]
    return ["Would remove:", *lines, "Nothing was removed; `seatwise prune --yes` removes it."]
