"""The summary of a run in a few lines for a person."""

from __future__ import annotations

from typing import Any

from provisioning.decide.context import count
from reports.rejects import describe_rejects
from tasks.in_step import describe_in_step

NEXT = {
    "changes planned": "Read the plan with `seatwise show`, then apply it:",
    "needs approval": "Read the reasons with `seatwise show`; if the plan is right, approve it and apply it:",
    "rejected": "A person rejected the plan; correct the source or the policy, and plan again.",
    "done, rows not read": "What could not be read is left out until it is corrected; see rejects.csv.",
    "done, seats left": "Leavers keep billed seats that no rule can take; somebody has to take them by hand.",
    "done with failures": "See what failed with `seatwise show`; the next run plans it again.",
}
WAITING = ("needs approval", "changes planned")
AGAIN = "Some changes are still propagating; the next run checks them."


def describe_summary(summary: dict[str, Any]) -> list[str]:
    """What a run read, did and asks for next."""
    lines = [
        f"run {summary['run_id']}: {summary['verdict']}",
        f"  people   {_people(summary)}",
        *_reads({**summary.get("sources", {}), **summary.get("targets", {})}),
        *(f"  rejects  {line}" for line in describe_rejects(summary.get("rejects", {}))),
    ]
    if summary.get("flow") != "licences":
        lines.append(f"  changes  {_counts(summary['changes']) or 'none'}")
    if summary["applied"] or summary["failed"] or summary["stale"] or summary["propagating"]:
        done = {name: summary[name] for name in ("applied", "failed", "stale", "propagating", "residual")}
        lines.append(f"  outcome  {_counts(done)}")
    lines.append(f"  seats    {_counts(summary['seats']) or 'none'}")
    lines += _waste(summary["waste"])
    return [*lines, *_remarks(summary), *_next(summary)]


def _remarks(summary: dict[str, Any]) -> list[str]:
    """What a person should know of the plan."""
    lines = [
        f"  left     {target}: no rule can take {count(number, 'billed seat')} of leavers"
        for target, number in summary.get("seats_left", {}).items()
    ]
    if summary.get("conflicts"):
        lines.append(f"  told     {count(summary['conflicts'], 'conflict')}; conflicts.csv has both sides")
    if summary.get("flow") != "licences":
        # A report is followed by no apply.
        lines += [f"  final    cannot be undone: {line}" for line in summary.get("cannot_be_undone", [])]
    lines += [f"  stays    is not taken back: {line}" for line in summary.get("not_taken_back", [])]
    lines += [f"  approval {reason}" for reason in summary.get("blocked_by", [])]
    for target, notes in summary.get("notes", {}).items():
        lines += [f"  note     {target}: {note}" for note in notes]
    return lines + [
        f"  failed   {target}: {why}" for target, why in summary.get("targets_failed", {}).items()
    ]


def _reads(reads: dict[str, Any]) -> list[str]:
    """Which sources and targets were read by their changes alone, and which could not be."""
    lines = []
    for name, read in reads.items():
        if read["read"] == "changes":
            whole = f"{read['whole_at']:%Y-%m-%d %H:%M} UTC"
            lines.append(f"  read     {name}: only what changed; last read in full {whole}")
        elif "why_whole" in read:
            lines.append(f"  read     {name}: in full, because {read['why_whole']}")
    return lines


def _next(summary: dict[str, Any]) -> list[str]:
    """What there is to read, and what to do."""
    files = summary.get("files", {})
    lines = [f"  report   {files['licences.html']}"] if "licences.html" in files else []
    if summary.get("flow") == "licences":
        return lines
    steps = [f"By hand: follow the steps in {files['todo.csv']}."] if "todo.csv" in files else []
    if summary["verdict"] not in WAITING:
        return [*lines, NEXT.get(summary["verdict"]) or describe_in_step(summary), *steps]
    commands = _commands(summary)
    advice = [NEXT[summary["verdict"]], *commands] if commands else []
    if rehearsed := summary.get("rehearsed"):
        advice = [
            f"A rehearsal for {rehearsed:%Y-%m-%d %H:%M} UTC; nothing was kept. The plan is in plan.csv."
        ]
    return [*lines, *([*advice, *steps] or [AGAIN])]


def _commands(summary: dict[str, Any]) -> list[str]:
    """What to type for each plan that waits."""
    commands = []
    for target, plan in summary.get("waiting", {}).items():
        short = plan["fingerprint"][:12]
        verbs = [f"approve {short}"] if plan["needs_approval"] else []
        # Whoever makes the changes by hand gets the steps from the next run.
        verbs += ["reconcile"] if plan.get("by_hand") else [f"apply {short}"]
        first, *rest = [f"  seatwise {verb}" for verb in verbs]
        commands += [f"{first}    # {target}", *rest]
    return commands


def _people(summary: dict[str, Any]) -> str:
    words = [
        count(summary["identities"], "identity", "identities"),
        count(summary["accounts"], "account"),
        f"{summary['linked']:,} linked",
        count(summary["orphans"], "orphan"),
        f"{summary['ambiguous']:,} ambiguous",
    ]
    return ", ".join(words)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _waste(waste: dict[str, Any]) -> list[str]:
    if waste["monthly"] is None:
        return [f"  waste    {count(waste['seats'], 'seat')} (no price book, so no amounts)"]
    line = f"  waste    {count(waste['seats'], 'seat')}, {waste['currency']} {waste['monthly']:,.2f} a month"
    if waste.get("renewal_day"):
        line += f"; {waste['currency']} {waste['next_renewal']:,.2f} at the renewal of {waste['renewal_day']}"
    return [line, *([f"  review   {count(waste['review'], 'seat')}"] if waste.get("review") else [])]
