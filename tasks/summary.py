"""The summary of a run: the one object scripts read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from ledger import StoredPlan
from ledger.private import keep_private
from provisioning.decide.conflicts import count_departed_elsewhere
from provisioning.decide.stuck import IDLE
from provisioning.model.findings import Finding
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import Status
from reports import licences
from reports.licences import Report
from reports.plan_text import final_lines
from reports.rejects import count_rejects
from tasks.consent import rejection, waits_for_approval
from tasks.files import files_to_read
from tasks.session import Session
from tasks.state import Read, RunState

EXIT_CODES = {
    "done": 0,
    "changes planned": 2,
    "needs approval": 3,
    "rejected": 3,
    "done with failures": 4,
    "done, rows not read": 4,
    "done, seats left": 4,
    "error": 1,
}
COUNTED = ("applied", "failed", "stale", "propagating", "blocked")
"""Outcomes that the summary counts, each under its own name."""
REASONS = 3
"""Reasons that are told where changes failed."""


def summarise(session: Session, state: RunState, report: Report | None) -> dict[str, Any]:
    """Say what a run read, decided and did, its verdict and exit code included.

    Args:
        session: the open session.
        state: what the run has come to.
        report: the licence report; None when nothing was read whole.
    """
    # The plan was only made to count seats, so nothing is asked of anybody.
    report_only = session.for_finance
    summary = {
        **_summarise_so_far(session, state),
        "files": files_to_read(session, state, report),
        **(licences.summary(report) if report is not None else _seen_when_planned(session, state)),
    }
    if report_only:
        summary |= {"blocked_by": [], "rejected": [], "waiting": {}}
    verdict = _choose_verdict(
        needs_approval=bool(summary["blocked_by"]),
        rejected=bool(summary["rejected"]),
        wrong=summary["failed"] + summary["stale"] + summary["blocked"] + len(session.failed),
        left=0 if report_only else sum(summary["changes"].values()) - summary["applied"],
        unread=bool(summary["rejects"]),
        stuck=bool(summary["seats_left"]),
    )
    return summary | {"verdict": verdict, "exit_code": EXIT_CODES[verdict]}


def summarise_error(session: Session, error: str) -> dict[str, Any]:
    """The summary of a run that ended in an error: what it had come to by then."""
    so_far = _summarise_so_far(session, session.state)
    return so_far | {"verdict": "error", "exit_code": EXIT_CODES["error"], "error": error}


def _summarise_so_far(session: Session, state: RunState) -> dict[str, Any]:
    """Everything but the report, and what follows from the whole."""
    return {
        **_empty_summary(session),
        **_summarise_plans(session, state),
        **_summarise_reads(session, state),
        **_summarise_decisions(state),
        **_summarise_outcomes(state),
        "rehearsed": session.as_of,
        "targets_failed": dict(session.failed),
        "columns": dict(session.columns_told),
    }


def write_summary(out: Path, summary: dict[str, Any]) -> Path:
    """Write `summary.json`; amounts as exact text."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "summary.json"
    path.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2, default=str))
    keep_private(path)
    return path


def describe_note(note: Finding) -> str:
    """A note of a decision as one line, with its remedy."""
    return f"{note.message}; {note.remedy}" if note.remedy else note.message


def _choose_verdict(
    *, needs_approval: bool, rejected: bool, wrong: int, left: int, unread: bool, stuck: bool
) -> str:
    """One word for how a run ended; the gravest that holds.

    Args:
        needs_approval: a limit or a rule stops a plan until a person has approved it.
        rejected: a person has decided against a plan.
        wrong: failed, stale and blocked rows, and targets that could not be reached.
        left: changes that are still to be made.
        unread: whether rows were left out because a value of them could not be read.
        stuck: whether leavers keep billed seats that no rule can take.
    """
    if wrong:
        return "done with failures"
    if rejected:
        return "rejected"
    if needs_approval:
        return "needs approval"
    if left:
        return "changes planned"
    if unread:
        return "done, rows not read"
    return "done, seats left" if stuck else "done"


def _empty_summary(session: Session) -> dict[str, Any]:
    """What every summary holds, whatever the run did."""
    return {
        "run_id": session.run_id,
        "flow": session.flow,
        "asked_for": len(session.only),
        "fingerprint": None,
        "verdict": "done",
        "exit_code": 0,
        "identities": 0,
        "accounts": 0,
        "linked": 0,
        "orphans": 0,
        "ambiguous": 0,
        "departed_elsewhere": 0,
        "changes": {},
        "applied": 0,
        "failed": 0,
        "stale": 0,
        "propagating": 0,
        "residual": 0,
        "rejects": {},
        "seats_left": {},
        "unconfirmed": 0,
        "seats": {},
        "waste": {"seats": 0, "monthly": None, "next_renewal": None, "currency": None},
        "requests": session.reader.meter.counts(),
        "seconds": dict(session.seconds),
    }


def _summarise_plans(session: Session, state: RunState) -> dict[str, Any]:
    """The plans and which of them wait for a person."""
    unwritten = [plan for plan in state.plans if plan.target not in state.outcomes]
    blocked = {plan.target: plan.blocked_by for plan in unwritten if waits_for_approval(session, plan)}
    # A plan of a rehearsal is there for nobody: it belongs to another day, and the ledger does not have it.
    there = unwritten if session.as_of is None else []
    waiting = [plan for plan in there if plan.target in blocked or _waits(session, plan)]
    first = next(iter(waiting or state.plans), None)
    counts = state.all_changes["action"].value_counts()
    return {
        "fingerprint": first.fingerprint if first else None,
        "fingerprints": {plan.target: plan.fingerprint for plan in state.plans},
        "waiting": {
            plan.target: {
                "fingerprint": plan.fingerprint,
                "needs_approval": plan.target in blocked,
                "by_hand": not session.sink_actions(plan.target),
            }
            for plan in waiting
        },
        "changes": {str(action): int(count) for action, count in counts.items()},
        "cannot_be_undone": final_lines(state.all_changes),
        "not_taken_back": final_lines(state.lasting.assign(reversible=False)),
        "rejected": [why for plan in there if (why := rejection(session, plan)) is not None],
        "blocked_by": [f"{target}: {reason}" for target, reasons in blocked.items() for reason in reasons],
    }


def _waits(session: Session, plan: StoredPlan) -> bool:
    """Whether a plan that was not written is there for a command to write; some only a person can."""
    return bool(len(plan.changes)) and bool(session.sink_actions(plan.target))


def _summarise_reads(session: Session, state: RunState) -> dict[str, Any]:
    return {
        "sources": {name: _describe_read(session, name, read) for name, read in state.sources.items()},
        "targets": {name: _describe_read(session, name, read) for name, read in state.targets.items()},
        "identities": sum(len(source.identities) for source in state.sources.values()),
        "accounts": sum(len(target.accounts) for target in state.targets.values()),
        "rejects": count_rejects([*state.sources.values(), *state.targets.values()]),
    }


def _describe_read(session: Session, name: str, read: Read) -> dict[str, Any]:
    """How and when a source or target was read: how old each of its facts may be."""
    told: dict[str, Any] = {
        "read": "whole" if read.read_whole_at == read.taken_at else "changes",
        "as_of": read.taken_at,
        "whole_at": read.read_whole_at,
        "tells_changes": read.checkpoint is not None,
    }
    if isinstance(read, SourceSnapshot):
        told["identities"] = len(read.identities)
    else:
        told["accounts"] = len(read.accounts)
    why_whole = session.read_whole.get(name)
    return told if why_whole is None else {**told, "why_whole": why_whole}


def _summarise_decisions(state: RunState) -> dict[str, Any]:
    decisions = state.decisions.values()
    return {
        "departed_elsewhere": max(
            (count_departed_elsewhere(decision.conflicts) for decision in decisions), default=0
        ),
        "conflicts": len(state.conflicts),
        "contested": _count_contested(state),
        "linked": sum(len(decision.links) for decision in decisions),
        "orphans": sum(len(decision.orphans) for decision in decisions),
        "ambiguous": sum(len(decision.ambiguities) for decision in decisions),
        "seats_left": _count_seats_left(state),
        "unconfirmed": sum(len(decision.withheld) - decision.verdict.withheld for decision in decisions),
        "notes": {
            target: [describe_note(note) for note in decision.notes]
            for target, decision in state.decisions.items()
        },
    }


def _count_contested(state: RunState) -> int:
    """How many accounts two targets tell differently, each of which may list them."""
    told = [decision.context.contested["account_id"] for decision in state.decisions.values()]
    return len(set().union(*told))


def _count_seats_left(state: RunState) -> dict[str, int]:
    """How many billed seats of leavers no rule can take, by target; those that are idle are noted only."""
    left = {name: decision.stuck["cause"].ne(IDLE).sum() for name, decision in state.decisions.items()}
    return {name: int(number) for name, number in left.items() if number}


def _summarise_outcomes(state: RunState) -> dict[str, Any]:
    """How many changes ended how; residual are those tried, or all when none was, that are not made."""
    outcomes, changes = state.all_outcomes, state.all_changes
    counts = Counter(outcomes["status"])
    applied = outcomes.loc[outcomes["status"] == Status.APPLIED.value, "change_id"]
    undone = changes.loc[~changes["change_id"].isin(applied), "change_id"]
    residual = undone[undone.isin(outcomes["change_id"])] if len(outcomes) else undone
    counted = {status: counts[status] for status in COUNTED}
    return {**counted, "residual": len(residual), "failures": first_reasons(outcomes)}


def first_reasons(outcomes: pd.DataFrame) -> list[str]:
    """Why the first changes failed, each reason once, with its remedy."""
    failed = outcomes[outcomes["status"].isin([Status.FAILED.value, Status.BLOCKED.value])]
    return failed["message"].dropna().drop_duplicates().head(REASONS).tolist()


def _seen_when_planned(session: Session, state: RunState) -> dict[str, Any]:
    """What a run that reads only the accounts it touches knows from the run that made its plan."""
    if not state.plans:
        return {}
    planned = session.ledger.run(state.plans[0].run_id).summary or {}
    names = ("identities", "accounts", "linked", "orphans", "ambiguous", "seats", "waste")
    return {name: planned[name] for name in names if name in planned}
