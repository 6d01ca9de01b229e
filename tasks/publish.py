"""The step that shows: files for people, artifacts for the Prefect UI, the summary for scripts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from provisioning.licensing import price_book
from provisioning.model import frames
from provisioning.model.findings import Finding
from provisioning.model.frames import Changes, Identities, Links, Outcomes, Waste
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import matching
from reports import files, html, licences, plan_text, todo, xlsx
from reports.licences import Report
from tasks.run import Picture
from tasks.session import Session
from tasks.summary import EXIT_CODES, frame_of, verdict, write_summary

TODO = "todo.csv"


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)
async def publish(session: Session, picture: Picture, *, report_only: bool = False) -> dict[str, Any]:
    """Write the files, show the tables, close the run.

    Args:
        session: the open session.
        picture: what the run saw, decided and did.
        report_only: whether the plan was only made to count seats, so that nothing is asked of anybody.

    Returns:
        The summary, `exit_code` included.
    """
    with session.timed("publish"):
        report = _report(session, picture) if picture.targets else None
        _write_files(session, picture, report)
        await _artifacts(picture, report)
    summary = _summary(session, picture, report, report_only=report_only)
    write_summary(session.out, summary)
    session.ledger.finish_run(
        session.run_id,
        session.moment(),
        verdict=summary["verdict"],
        exit_code=summary["exit_code"],
        summary=summary,
    )
    return summary


def _report(session: Session, picture: Picture) -> Report:
    """The licence report of what was read."""
    policy = session.policy
    prices = None
    if policy.prices:
        path = session.folder / policy.prices
        prices = price_book.load(path.read_text(encoding="utf-8"), origin=path.name)
    links = frames.concat(Links, [decision.links for decision in picture.decisions.values()])
    return licences.build(
        list(picture.sources.values()),
        list(picture.targets.values()),
        links,
        prices,
        idle=policy.report.idle,
        now=session.now,
        by=policy.report.by,
        protected=_protected(session, picture),
    )


def _protected(session: Session, picture: Picture) -> pd.DataFrame:
    """Accounts the policy protects by address: their seats are never called waste."""
    accounts = frames.concat(frames.Accounts, [target.accounts for target in picture.targets.values()])
    globs = session.policy.protect.emails
    spared = matching(accounts["email"], globs) | matching(accounts["user_name"], globs)
    return accounts.loc[spared, ["target", "account_id"]]


def _write_files(session: Session, picture: Picture, report: Report | None) -> None:
    out, decisions = session.out, picture.decisions.values()
    tables: dict[str, pd.DataFrame] = {"plan": changes_of(picture)}
    tables["outcomes"] = frames.concat(Outcomes, picture.outcomes.values())
    if report is not None:
        tables["identities"] = frames.concat(Identities, [s.identities for s in picture.sources.values()])
        tables["accounts"] = frames.concat(frames.Accounts, [t.accounts for t in picture.targets.values()])
        tables["links"] = frames.concat(Links, [decision.links for decision in decisions])
        tables["seats"] = report.seats
        tables["waste"] = frames.concat(Waste, [report.waste])
        rejects = [read.rejects for read in [*picture.sources.values(), *picture.targets.values()]]
        tables["rejects"] = frames.concat(frames.Rejects, rejects)
        tables["conflicts"] = next((d.conflicts for d in decisions), frames.empty(frames.Conflicts))
        tables["ambiguities"] = frames.concat(frames.Ambiguities, [d.ambiguities for d in decisions])
    files.write_all(out, tables)
    if report is not None:
        html.write(report, out / "licences.html")
        xlsx.write(report, out / "licences.xlsx")
    by_hand = [d.plan.changes for name, d in picture.decisions.items() if not session.sink_actions(name)]
    if by_hand:
        todo.write(frames.concat(Changes, by_hand), out / TODO)


def changes_of(picture: Picture) -> pd.DataFrame:
    """Every change the run planned, or was given."""
    plans = {name: decision.plan.changes for name, decision in picture.decisions.items()}
    plans |= {name: stored.changes for name, stored in picture.plans.items()}
    return frames.concat(Changes, plans.values())


async def _artifacts(picture: Picture, report: Report | None) -> None:
    """The same tables in the Prefect UI; the files hold what does not fit."""
    changes = changes_of(picture)
    await create_table_artifact(
        table=plan_text.table_rows(changes),
        key="seatwise-plan",
        description=f"{len(changes):,} planned changes",
    )
    outcomes = frames.concat(Outcomes, picture.outcomes.values())
    if len(outcomes):
        rows = plan_text.outcome_rows(changes, outcomes)
        await create_table_artifact(
            table=rows, key="seatwise-outcome", description="What became of each change"
        )
    if report is not None:
        await create_table_artifact(
            table=licences.table_rows(report), key="seatwise-licences", description="Seats, money and waste"
        )
    decisions = picture.decisions.items()
    reasons = [f"{target}: {reason}" for target, decision in decisions for reason in decision.verdict.reasons]
    notes = [f"{target}: {_note(note)}" for target, decision in decisions for note in decision.notes]
    if reasons or notes:
        parts = [
            "# What needs approval or is withheld",
            *(f"- {reason}" for reason in reasons or ["nothing"]),
        ]
        text = "\n".join([*parts, "# Notes", *(f"- {note}" for note in notes)])
        await create_markdown_artifact(
            markdown=text,
            key="seatwise-verdict",
            description="What needs approval, and what to know of the plan",
        )


def _summary(
    session: Session, picture: Picture, report: Report | None, *, report_only: bool
) -> dict[str, Any]:
    changes, summary = changes_of(picture), frame_of(session)
    outcomes = frames.concat(Outcomes, picture.outcomes.values())
    counts = Counter(outcomes["status"])
    done = outcomes["change_id"][outcomes["status"] == "applied"]
    undone = changes[~changes["change_id"].isin(done)]
    tried = undone["change_id"].isin(outcomes["change_id"])
    decisions, waiting = picture.decisions.values(), _waiting(session, picture)
    plans = [d.plan.fingerprint for d in decisions] or [p.fingerprint for p in picture.plans.values()]
    summary |= {
        "fingerprint": next((plan["fingerprint"] for plan in waiting.values()), plans[0] if plans else None),
        "fingerprints": dict(zip(picture.decisions or picture.plans, plans, strict=True)),
        "waiting": waiting,
        "sources": {name: _read(session, source) for name, source in picture.sources.items()},
        "conflicts": max((len(decision.conflicts) for decision in decisions), default=0),
        "identities": sum(len(source.identities) for source in picture.sources.values()),
        "accounts": sum(len(target.accounts) for target in picture.targets.values()),
        "linked": sum(len(decision.links) for decision in decisions),
        "orphans": sum(len(decision.orphans) for decision in decisions),
        "ambiguous": sum(len(decision.ambiguities) for decision in decisions),
        "changes": {str(action): int(n) for action, n in changes["action"].value_counts().items()},
        **{status: counts[status] for status in ("applied", "failed", "stale", "propagating", "blocked")},
        "residual": int(tried.sum()) if len(outcomes) else len(undone),
        "blocked_by": [
            f"{n}: {r}"
            for n, d in picture.decisions.items()
            if d.verdict.needs_approval and n not in picture.outcomes
            for r in d.verdict.reasons
        ],
        "targets_failed": dict(session.failed),
        "notes": {name: [_note(note) for note in d.notes] for name, d in picture.decisions.items()},
        "files": _to_read(session, picture, report),
    }
    summary |= licences.summary(report) if report is not None else _seen_when_planned(session, picture)
    wrong = counts["failed"] + counts["stale"] + len(session.failed)
    ended = verdict(needs_approval=bool(summary["blocked_by"]), wrong=wrong, left=len(undone))
    if report_only:
        ended = "done with failures" if session.failed else "done"
        summary |= {"blocked_by": [], "waiting": {}}
    summary |= {"verdict": ended, "exit_code": EXIT_CODES[ended], "seconds": dict(session.seconds)}
    return summary


def _waiting(session: Session, picture: Picture) -> dict[str, dict[str, Any]]:
    """By target, the plans that wait for a person: the fingerprint, and whether it needs approval."""
    plans = {
        name: (decision.plan.fingerprint, decision.plan.changes, decision.verdict.needs_approval)
        for name, decision in picture.decisions.items()
    } or {
        name: (plan.fingerprint, plan.changes, bool(plan.blocked_by)) for name, plan in picture.plans.items()
    }
    return {
        name: {"fingerprint": fingerprint, "needs_approval": needs_approval}
        for name, (fingerprint, changes, needs_approval) in plans.items()
        if (needs_approval or len(changes)) and name not in picture.outcomes and session.sink_actions(name)
    }


def _read(session: Session, source: SourceSnapshot) -> dict[str, Any]:
    """How and when a source was read: how old each of its facts may be."""
    whole = source.read_whole_at == source.taken_at
    told = {"read": "whole" if whole else "changes", "as_of": source.taken_at}
    told |= {"whole_at": source.read_whole_at, "identities": len(source.identities)}
    why = session.read_whole.get(source.source)
    return told if why is None else {**told, "why_whole": why}


def _note(note: Finding) -> str:
    return f"{note.message}; {note.remedy}" if note.remedy else note.message


def _to_read(session: Session, picture: Picture, report: Report | None) -> dict[str, str]:
    """The files a person should open first."""
    names = ["licences.html"] if report is not None else []
    names += [TODO] if any(not session.sink_actions(name) for name in picture.decisions) else []
    return {name: str(session.out / name) for name in names}


def _seen_when_planned(session: Session, picture: Picture) -> dict[str, Any]:
    """What a run that reads only the accounts it touches knows from the run that made its plan."""
    for plan in picture.plans.values():
        known = session.ledger.run(plan.run_id).summary or {}
        names = ("identities", "accounts", "linked", "orphans", "ambiguous", "seats", "waste")
        return {name: known[name] for name in names if name in known}
    return {}
