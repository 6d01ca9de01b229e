"""The step that finds out how the changes ended that an interrupted run had begun."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from ledger.errors import TargetBusy
from provisioning.model import frames
from tasks.lease import lease_target
from tasks.outcomes import build_outcomes, record_outcomes, settle_by_reading
from tasks.progress import announce
from tasks.session import Session
from transport.errors import TransportError


@task(name="settle", task_run_name="settle {target}", cache_policy=NO_CACHE)
def settle_interrupted(session: Session, target: str) -> int:
    """Settle by reading, never by repeating, what an earlier run began and did not see the end of.

    Returns:
        How many changes there were.

    Raises:
        TargetBusy: the run that began them is still at work.
    """
    if session.ledger.unsettled(target).empty:
        return 0
    with lease_target(session, target):
        return _settle(session, target)


def settle_all(session: Session) -> None:
    """Settle every target before anything is decided; one that cannot be read fails by itself.

    What a run that is still at work has begun is its own to settle.
    """
    for target in session.target_names:
        try:
            settle_interrupted(session, target)
        except TargetBusy as busy:
            announce(f"{target}: {busy.message}; what it has begun is not counted yet")
        except TransportError as error:
            if len(session.target_names) == 1:
                raise
            session.failed[target] = str(error)


def _settle(session: Session, target: str) -> int:
    # Read again under the lease: whoever held it may have settled them meanwhile.
    unsettled = session.ledger.unsettled(target)
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
