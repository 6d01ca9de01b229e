"""What the only step that writes outside does: observe, write the intent, write, record the outcome.

A batch is a set of people with all their changes, so that each account is observed once. Within a
batch the actions go in the plan's order and the people side by side.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Event

import pandas as pd

from errors import SeatwiseError
from ledger import StoredPlan
from provisioning.decide.preconditions import postcondition_holds, precondition_holds
from provisioning.model import frames
from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Status
from provisioning.model.text import fold
from sinks import ALREADY, Applied, Sink
from tasks.lease import renew_lease
from tasks.outcomes import (
    Ending,
    accounts_by_email,
    build_outcomes,
    find_namesakes,
    observe_accounts,
    record_outcomes,
    settle_by_reading,
)
from tasks.progress import Advance, tell
from tasks.session import Session
from transport.errors import Malformed, UnknownOutcome

log = logging.getLogger(__name__)
WRITERS = 8
"""Bundles of a batch that are written at the same time."""
Endings = dict[str, Ending]
"""change_id → how it ended."""
Doubts = dict[str, str]
"""change_id → why nobody knows yet how it ended."""
LOST = "the answer was lost"
TAKEN = (
    "an account of this user name is there already, and the target does not show its address; if it is this "
    "person's add user_name to `correlate`, else state another `attributes.user_name`"
)
UNTOLD = "the target did not tell what the account holds, so nothing was sent; run again"


def load_batch(
    session: Session,
    plan: StoredPlan,
    sink: Sink,
    number: int,
    batch: pd.DataFrame,
    advance: Advance,
    of: int = 1,
) -> pd.DataFrame:
    """Make the changes of one batch, as its step does.

    A run that is told to end sends no further request; what is under way comes to its end.

    Returns:
        An Outcomes frame, one row per change of the batch that was tried.
    """
    renew_lease(session, plan.target)
    with session.observing:
        endings, to_write = _check_preconditions(sink, batch)
    intended = [change.change_id for change in to_write]
    session.ledger.intend(session.run_id, intended, plan.fingerprint, session.moment())
    doubts: Doubts = {}
    written, unsent = _write(sink, to_write, advance, doubts, session.stopping)
    session.ledger.withdraw(session.run_id, plan.fingerprint, unsent)
    batch = batch[~batch["change_id"].isin(unsent)]
    endings |= written
    endings |= _settle_lost(sink, batch, endings, doubts)
    outcomes = build_outcomes(batch, endings, session.moment())
    record_outcomes(session, plan.target, plan.fingerprint, batch, outcomes)
    counts = ", ".join(f"{count:,} {status}" for status, count in outcomes["status"].value_counts().items())
    tell(f"{plan.target}: batch {number} of {of}: {counts or 'nothing was sent, the run is to end'}")
    return outcomes


def _check_preconditions(sink: Sink, batch: pd.DataFrame) -> tuple[Endings, list[Change]]:
    """What need not or must not be written any more, and what is left to write."""
    observation = observe_accounts(sink, batch)
    done, holds = postcondition_holds(batch, *observation), precondition_holds(batch, *observation)
    can = batch["action"].isin([action.value for action in sink.actions])
    accounts = accounts_by_email(observation)
    endings: Endings = {}
    for change_id, subject in batch.loc[done, ["change_id", "subject"]].itertuples(index=False):
        endings[change_id] = Ending(Status.APPLIED, accounts.get(fold(subject)), ALREADY)
    pairs = pd.MultiIndex.from_frame(batch[["account_id", "kind"]])
    untold = pairs.isin(list(observation.unknown))
    stale = Ending(Status.STALE, message="the account changed since the plan was made; plan again")
    endings |= dict.fromkeys(batch.loc[~done & ~holds, "change_id"], stale)
    failed = Ending(Status.FAILED, message=UNTOLD)
    endings |= dict.fromkeys(batch.loc[~done & ~holds & untold, "change_id"], failed)
    namesakes = find_namesakes(observation, batch)
    taken = batch["subject"].isin(namesakes) & batch["account_id"].isna()
    endings |= dict.fromkeys(batch.loc[~done & taken, "change_id"], Ending(Status.BLOCKED, message=TAKEN))
    unable = Ending(Status.BLOCKED, message=f"{sink.kind} cannot do this; do it by hand")
    endings |= dict.fromkeys(batch.loc[~done & holds & ~can, "change_id"], unable)
    return endings, frames.rows(batch[~done & holds & can & ~taken])


def _write(
    sink: Sink, changes: Sequence[Change], advance: Advance, doubts: Doubts, stopping: Event
) -> tuple[Endings, list[str]]:
    """Action after action in the plan's order, the bundles of one action side by side.

    Returns:
        How the changes ended, and those that were not sent because the run is to end.
    """
    bundles: dict[str, list[Change]] = {}
    for change in changes:
        bundles.setdefault(sink.bundle(change), []).append(change)
    endings: Endings = {}
    unsent: list[str] = []

    def write(bundle: list[Change]) -> Endings:
        if not stopping.is_set():
            return _write_bundle(sink, bundle, doubts)
        unsent.extend(change.change_id for change in bundle)
        return {}

    with ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as pool:
        for side_by_side in _group_by_action(bundles.values()):
            for written in pool.map(write, side_by_side):
                endings |= written
                advance(len(written))
    return endings, unsent


def _group_by_action(bundles: Iterable[list[Change]]) -> Iterator[list[list[Change]]]:
    for _, group in groupby(bundles, key=lambda bundle: bundle[0].action):
        yield list(group)


def _write_bundle(sink: Sink, bundle: Sequence[Change], doubts: Doubts) -> Endings:
    """Make the changes of one request; none is in the answer when nobody knows whether they were made.

    An answer that nobody understands is a doubt about its own changes alone: the others go on.
    """
    try:
        applied = sink.apply(bundle)
    except UnknownOutcome:
        return {}
    except Refused as refusal:
        return {c.change_id: Ending(Status.BLOCKED, c.account_id, str(refusal)) for c in bundle}
    except Malformed as odd:
        doubts.update(dict.fromkeys([c.change_id for c in bundle], odd.message))
        return {}
    except SeatwiseError as error:
        return {c.change_id: Ending(Status.FAILED, c.account_id, str(error)) for c in bundle}
    except Exception as fault:
        log.exception("writing to %s failed in an unforeseen way", sink.kind)
        why = f"the answer was not understood ({type(fault).__name__})"
        doubts.update(dict.fromkeys([c.change_id for c in bundle], why))
        return {}
    return {change.change_id: _ending_of(change, applied) for change in bundle}


def _ending_of(change: Change, applied: Applied) -> Ending:
    account = applied.accounts.get(change.change_id) or applied.account_id or change.account_id
    if change.change_id in applied.failed:
        return Ending(Status.FAILED, account, applied.failed[change.change_id])
    status = Status.PROPAGATING if applied.propagating else Status.APPLIED
    return Ending(status, account, applied.message)


def _settle_lost(sink: Sink, batch: pd.DataFrame, endings: Endings, doubts: Doubts) -> Endings:
    """Writes whose answer was lost or not understood, settled by reading them back."""
    lost = batch[~batch["change_id"].isin(list(endings))]
    if lost.empty:
        return {}
    settled = settle_by_reading(
        sink, lost, done="found done", not_done="found not done, the next plan contains it again"
    )
    return {
        key: ending._replace(message=f"{doubts.get(key, LOST)}; {ending.message}")
        for key, ending in settled.items()
    }
