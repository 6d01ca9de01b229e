"""What `seatwise approve`, `release` and `lift` do: they need the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from errors import SeatwiseError
from reports.printable import as_lines
from tasks.session import open_session


class UnknownTarget(SeatwiseError):
    """A target that the policy does not have."""


def approve_plan(config: Path, plan: str, *, by: str | None, reason: str) -> str:
    """Release a plan in the ledger; the reads it was decided from are right, however small.

    Args:
        config: the policy file.
        plan: fingerprint of the plan, or its beginning.
        by: who approves; the login if left out.
        reason: why.

    Raises:
        NobodyApproves: there is no name.
        NotReleased: the plan is too old to be made.
    """
    from tasks.consent import accept_reads, missing_approvals, require_approver, require_young

    approver = require_approver(by)

    with open_session(config) as session:
        stored = session.ledger.plan(plan)
        require_young(session, stored)
        session.ledger.approve(stored.fingerprint, by=approver, reason=reason, at=session.moment())
        accept_reads(session, stored)
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
    """Take a target from the run that holds it, also one that is no longer in the policy.

    Raises:
        UnknownTarget: no run holds it, and the policy has no such target.
    """
    with open_session(config) as session:
        run, known = session.ledger.release_by_hand(target, at=session.moment()), session.target_names
    if run is None and target not in known:
        raise UnknownTarget(f"there is no target {target}", remedy=f"The policy has {', '.join(known)}.")
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
    return as_lines(
        f"  {row.subject}, {row.target}: no {row.action} by {row.rule} (run {row.run_id})" for row in rows
    )
