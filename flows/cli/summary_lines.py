"""A summary in a few lines for a person."""

from __future__ import annotations

from typing import Any

NEXT = {
    "done": "Everything is in step.",
    "changes planned": "Read the plan with `seatwise show`, then apply it:",
    "needs approval": "Read why with `seatwise show`; if it is right, approve it and apply it:",
    "done with failures": "See what failed with `seatwise show`; the next run plans it again.",
    "error": "Nothing was decided from an incomplete read.",
}
WAITING = ("needs approval", "changes planned")
AGAIN = "The next run looks again at what is propagating."


def describe_summary(summary: dict[str, Any]) -> list[str]:
    """What a run found, did and asks for next."""
    found = {name: summary[name] for name in ("identities", "accounts", "linked", "orphans", "ambiguous")}
    told = [
        f"run {summary['run_id']}: {summary['verdict']}",
        f"  people   {_counts(found)}",
        *_reads(summary.get("sources", {})),
    ]
    if summary.get("flow") != "licences":
        told.append(f"  changes  {_counts(summary['changes']) or 'none'}")
    if summary["applied"] or summary["failed"] or summary["stale"] or summary["propagating"]:
        done = {name: summary[name] for name in ("applied", "failed", "stale", "propagating", "residual")}
        told.append(f"  outcome  {_counts(done)}")
    told.append(f"  seats    {_counts(summary['seats']) or 'none'}")
    told += _waste(summary["waste"])
    return [*told, *_remarks(summary), *_next(summary)]


def _remarks(summary: dict[str, Any]) -> list[str]:
    """What a person should know of the plan."""
    told = []
    if summary.get("conflicts"):
        told.append(f"  sources  disagree {summary['conflicts']:,} times; the first counts (conflicts.csv)")
    told += [f"  approval {reason}" for reason in summary.get("blocked_by", [])]
    for target, notes in summary.get("notes", {}).items():
        told += [f"  note     {target}: {note}" for note in notes]
    return told + [f"  failed   {target}: {why}" for target, why in summary.get("targets_failed", {}).items()]


def _reads(sources: dict[str, Any]) -> list[str]:
    """Which sources told only what changed, and which could not."""
    told = []
    for name, read in sources.items():
        if read["read"] == "changes":
            whole = f"{read['whole_at']:%Y-%m-%d %H:%M} UTC"
            told.append(f"  read     {name}: what changed; whole at {whole}")
        elif "why_whole" in read:
            told.append(f"  read     {name}: whole, because {read['why_whole']}")
    return told


def _next(summary: dict[str, Any]) -> list[str]:
    """What there is to read, and what to do."""
    files = summary.get("files", {})
    lines = [f"  report   {files['licences.html']}"] if "licences.html" in files else []
    if summary.get("flow") == "licences":
        return lines
    if summary["verdict"] not in WAITING:
        return [*lines, NEXT[summary["verdict"]]]
    commands = _commands(summary)
    told = [NEXT[summary["verdict"]], *commands] if commands else []
    if "todo.csv" in files:
        told.append(f"This target is changed by hand: follow the steps in {files['todo.csv']}.")
    return [*lines, *(told or [AGAIN])]


def _commands(summary: dict[str, Any]) -> list[str]:
    """What to type for each plan that waits."""
    commands = []
    for target, plan in summary.get("waiting", {}).items():
        verbs = ["approve", "apply"] if plan["needs_approval"] else ["apply"]
        first, *rest = [f"  seatwise {verb} {plan['fingerprint'][:12]}" for verb in verbs]
        commands += [f"{first}    # {target}", *rest]
    return commands


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _waste(waste: dict[str, Any]) -> list[str]:
    if waste["monthly"] is None:
        return [f"  waste    {waste['seats']:,} seats (no price book, so no money)"]
    return [f"  waste    {waste['seats']:,} seats, {waste['currency']} {waste['monthly']:,.2f} a month"]
