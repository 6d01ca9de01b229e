"""What `seatwise show` and `approve` do: they need the ledger alone."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from flows.cli.runs import NO_RUNS
from ledger import Ledger, LedgerError, RunRow, StoredPlan
from reports.plan_text import plan_lines
from tasks.session import open_session


def describe(config: Path, what: str | None, *, rows: int, json: bool) -> str:
    """A run with its plans, or one plan, as text.

    Args:
        config: the policy file.
        what: run or plan, or its beginning; the last run if None.
        rows: changes shown of each plan.
        json: whether the summary or the plan is given as JSON.
    """
    with open_session(config) as session:
        run, plans = _find(session.ledger, what)
        if json:
            return jsonlib.dumps(run.summary if run else _to_plain(plans[0]), indent=2, default=str)
        lines = _describe_run(run) if run else []
        for plan in plans:
            title = f"plan {plan.fingerprint[:12]} for {plan.target}"
            lines += plan_lines(plan.changes, title=title, rows=rows)
            lines += [f"needs approval: {reason}" for reason in plan.blocked_by]
            lines += _describe_outcomes(session.ledger, plan)
        return "\n".join(lines or [NO_RUNS])


def approve_plan(config: Path, plan: str, *, by: str | None, reason: str) -> str:
    """Release a plan in the ledger; the reads it was decided from are right, however small.

    Args:
        config: the policy file.
        plan: fingerprint of the plan, or its beginning.
        by: who approves; the login if left out.
        reason: why.

    Raises:
        NobodyApproves: there is no name.
    """
    from tasks.consent import missing_approvals, require_approver

    approver = require_approver(by)

    with open_session(config) as session:
        stored = session.ledger.plan(plan)
        session.ledger.approve(stored.fingerprint, by=approver, reason=reason, at=session.moment())
        session.ledger.accept(stored.run_id)
        missing = missing_approvals(session, stored, blocked=True)
        since = session.moment() - session.policy.approve.timeout
        waiting = session.ledger.undecided(stored.target, since=since, fingerprint=stored.fingerprint)
    short = stored.fingerprint[:12]
    if missing:
        return f"Plan {short} is approved by {approver}; another person must approve it too, the same way"
    approved = f"Plan {short} is approved by {approver}."
    resumed = _resume(waiting, by=approver, reason=reason)
    return f"{approved} {resumed or f'Next: seatwise apply {short}'}"


def _resume(waiting: Sequence[tuple[str, str]], *, by: str, reason: str) -> str | None:
    """Let the run go on that waits for the plan on a Prefect server; what to say of it, None without one."""
    if not waiting:
        return None
    from flows.cli.run import prepare_prefect, server_address

    prepare_prefect()
    run_id, flow_run = waiting[0]
    if not server_address():
        return (
            f"If run {run_id} waits for it on a Prefect server, approve it there: PREFECT_API_URL is not set."
        )
    from tasks.approval import resume

    return f"Run {run_id} goes on." if resume(flow_run, by=by, reason=reason) else None


def release_target(config: Path, target: str) -> str:
    """Take a target from the run that holds it."""
    with open_session(config) as session:
        run = session.ledger.release_by_hand(target, at=session.moment())
    if run is None:
        return f"No run holds {target}; nothing to release."
    where = f" on {run.host}, process {run.pid}" if run.host else ""
    return f"{target} is free. Run {run.run_id} of {run.owner or 'somebody'}{where} is closed as interrupted."


def lift_undone(config: Path, run_id: str | None, only: Sequence[str]) -> str:
    """Let suspended rules act again, or list them where neither a run nor people are named."""
    with open_session(config) as session:
        ledger = session.ledger
        if run_id is None and not only:
            return _list_suspended(ledger.suspended_rules())
        lifted = ledger.lift(ledger.run(run_id).run_id if run_id is not None else None, only)
    if lifted.empty:
        return "Nothing that was undone is suspended there; `seatwise lift` lists what is."
    return f"From the next run on these act again:\n{_suspended_lines(lifted)}"


def _list_suspended(found: pd.DataFrame) -> str:
    if found.empty:
        return "No rule is suspended for anyone."
    return f"Suspended, because a person took it back:\n{_suspended_lines(found)}"


def _suspended_lines(found: pd.DataFrame) -> str:
    rows = found.itertuples(index=False)
    return "\n".join(
        f"  {row.subject}, {row.target}: no {row.action} by {row.rule} (run {row.run_id})" for row in rows
    )


def _find(ledger: Ledger, what: str | None) -> tuple[RunRow | None, list[StoredPlan]]:
    """The run or plan a person means; the last run when they name none."""
    if what is None:
        last = ledger.runs(1)
        what = None if last.empty else str(last["run_id"].iloc[0])
    if what is None:
        return None, []
    try:
        run = ledger.run(what)
    except LedgerError as no_run:
        try:
            return None, [ledger.plan(what)]
        except LedgerError:
            raise no_run from None
    return run, ledger.plans(run.run_id)


def _describe_run(run: RunRow) -> list[str]:
    summary = run.summary or {}
    lines = [f"run {run.run_id}: {run.flow}, {run.verdict or 'still running'}"]
    lines += [f"  {summary['error']}"] if summary.get("error") else []
    return lines


def _describe_outcomes(ledger: Ledger, plan: StoredPlan) -> list[str]:
    outcomes = ledger.outcomes(plan.fingerprint)
    if outcomes.empty:
        return []
    counts = outcomes["status"].value_counts()
    lines = [f"outcome: {', '.join(f'{count} {status}' for status, count in counts.items())}"]
    subjects = plan.changes.set_index("change_id")["subject"]
    wrong = outcomes[~outcomes["status"].isin(["applied"])].head(20)
    lines += [
        f"  {row.status}: {subjects.get(row.change_id)}: {row.message}"
        for row in wrong.itertuples(index=False)
    ]
    return lines


def _to_plain(plan: StoredPlan) -> dict[str, object]:
    changes = plan.changes.astype(object).where(plan.changes.notna(), None)
    return {
        "fingerprint": plan.fingerprint,
        "target": plan.target,
        "blocked_by": plan.blocked_by,
        "changes": changes.to_dict(orient="records"),
    }
