"""The step that finds out how the changes ended that an interrupted run had begun."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from provisioning.model import frames
from tasks.outcomes import build_outcomes, record_outcomes, settle_by_reading
from tasks.session import Session


@task(name="settle", task_run_name="settle {target}", cache_policy=NO_CACHE)
def settle_interrupted(session: Session, target: str) -> int:
    """Settle by reading, never by repeating, what an earlier run began and did not see the end of.

    Returns:
        How many changes there were.
    """
    unsettled = session.ledger.unsettled(target)
    if unsettled.empty:
        return 0
    sink = session.sink(target)
    for fingerprint, part in unsettled.groupby("fingerprint"):
        changes = part[frames.columns(frames.Changes)]
        endings = settle_by_reading(
            sink,
            changes,
            done="found done after an interrupted run",
            not_done="not done when the run was interrupted; the next plan contains it again",
        )
        outcomes = build_outcomes(changes, endings, session.moment())
        record_outcomes(session, target, str(fingerprint), changes, outcomes)
    return len(unsettled)
