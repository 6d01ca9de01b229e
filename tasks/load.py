"""The only step that writes: look again, write the intent, write, record the outcome.

A batch is a set of people with all their changes, so that each account is looked at once. Within a
batch the actions go in the plan's order and the people side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from ledger import StoredPlan
from provisioning.decide.preconditions import postcondition_holds, precondition_holds
from provisioning.model import frames
from provisioning.model.findings import Refused
from provisioning.model.frames import AccountState, Action, Change, Outcomes, Status
from provisioning.model.text import fold, folded
from sinks import Applied, Observation, Sink
from tasks.memory import remember
from tasks.progress import Advance
from tasks.session import Session
from transport.errors import TransportError, UnknownOutcome

WRITERS = 8
Ended = dict[str, tuple[Status, str | None, str | None]]
"""change_id → how it ended, on which account, and what to say of it."""


@task(name="load batch", task_run_name="load {number} of {target}", cache_policy=NO_CACHE)
def load_batch(
    session: Session,
    plan: StoredPlan,
    target: str,
    sink: Sink,
    number: int,  # noqa: ARG001  names the step in the Prefect UI
    batch: pd.DataFrame,
    advance: Advance,
) -> pd.DataFrame:
    """Make the changes of one batch and record how each ended.

    Returns:
        An Outcomes frame, one row per change of the batch.
    """
    _claim(session, target)
    with session.looking:
        ended, wanted = _look_again(sink, batch)
    session.ledger.intend(session.run_id, [c.change_id for c in wanted], plan.fingerprint, session.moment())
    ended |= _write(sink, wanted, advance)
    ended |= _settled(sink, batch, ended)
    outcomes = _outcomes(batch, ended, session.moment())
    _keep(session, target, plan.fingerprint, batch, outcomes)
    return outcomes


CLAIM = timedelta(minutes=10)
"""Longer than any batch takes; a killed run blocks the target no longer than this."""


@contextmanager
def holding(session: Session, target: str) -> Iterator[None]:
    """Keep other runs from writing the target until the block ends.

    Raises:
        TargetBusy: another run is writing it.
    """
    _claim(session, target)
    try:
        yield
    finally:
        session.ledger.release(session.run_id, target)


def _claim(session: Session, target: str) -> None:
    now = session.moment()
    session.ledger.claim(session.run_id, target, at=now, until=now + CLAIM)


@task(name="settle", task_run_name="settle {target}", cache_policy=NO_CACHE)
def settle(session: Session, target: str) -> int:
    """Find out by reading how the changes ended that an earlier run began and never told.

    Returns:
        How many there were.
    """
    left = session.ledger.unsettled(target)
    if left.empty:
        return 0
    sink = session.sink(target)
    for fingerprint, part in left.groupby("fingerprint"):
        changes = part[frames.columns(frames.Changes)]
        observation = observe_accounts(sink, changes)
        held = postcondition_holds(changes, observation.accounts, observation.assignments, observation.groups)
        told = {True: (Status.APPLIED, None, "found done after an interrupted run")}
        told[False] = (
            Status.FAILED,
            None,
            "not done when the run was interrupted; the next plan holds it again",
        )
        ended: Ended = {key: told[bool(done)] for key, done in zip(changes["change_id"], held, strict=True)}
        _keep(session, target, str(fingerprint), changes, _outcomes(changes, ended, session.moment()))
    return len(left)


def _keep(
    session: Session, target: str, fingerprint: str, changes: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    """Record outcomes and what they mean for later runs; what is remembered is read, then replaced."""
    with session.bookkeeping:
        session.ledger.record(session.run_id, fingerprint, outcomes)
        remember(session.ledger, target, changes, outcomes, session.moment())


def observe_accounts(sink: Sink, changes: pd.DataFrame) -> Observation:
    """Read the accounts of some changes afresh: by identifier, or by address while they have none."""
    known = changes["account_id"].dropna().unique().tolist()
    makes = _makes_group(changes)
    unknown = changes.loc[changes["account_id"].isna() & ~makes, "subject"].unique().tolist()
    if not makes.any():
        return sink.observe(known, unknown)
    return sink.observe(known, unknown, changes.loc[makes, "entitlement"].unique().tolist())


def _makes_group(changes: pd.DataFrame) -> pd.Series[bool]:
    return changes["action"].eq(Action.CREATE_GROUP.value)


def _look_again(sink: Sink, batch: pd.DataFrame) -> tuple[Ended, list[Change]]:
    """What need not or must not be written any more, and what is left to write."""
    observation = observe_accounts(sink, batch)
    done = postcondition_holds(batch, observation.accounts, observation.assignments, observation.groups)
    holds = precondition_holds(batch, observation.accounts, observation.assignments, observation.groups)
    can = batch["action"].isin([action.value for action in sink.actions])
    ended: Ended = {}
    theirs = _accounts_by_email(observation)
    for change_id, subject in batch.loc[done, ["change_id", "subject"]].itertuples(index=False):
        ended[change_id] = (Status.APPLIED, theirs.get(fold(subject)), "it was so already")
    for change_id in batch.loc[~done & ~holds, "change_id"]:
        ended[change_id] = (Status.STALE, None, "the account moved since the plan was made; plan again")
    for change_id in batch.loc[~done & holds & ~can, "change_id"]:
        ended[change_id] = (Status.BLOCKED, None, f"{sink.kind} cannot do this; do it by hand")
    return ended, frames.rows(batch[~done & holds & can])


def _accounts_by_email(observation: Observation) -> dict[str, str]:
    """Whose account an address is, for changes planned before the account was known."""
    people = observation.accounts["kind"].eq("person") & observation.accounts["state"].ne(
        AccountState.DELETED.value
    )
    shown = observation.accounts[observation.accounts["email"].notna() & people]
    return dict(zip(folded(shown["email"]), shown["account_id"], strict=True))


def _write(sink: Sink, changes: Sequence[Change], advance: Advance) -> Ended:
    """Phase after phase in the plan's order, the bundles of a phase side by side."""
    bundles: dict[str, list[Change]] = {}
    for change in changes:
        bundles.setdefault(sink.bundle(change), []).append(change)
    ended: Ended = {}
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="write") as pool:
        for phase in _phases(bundles.values()):
            for told in pool.map(lambda bundle: _write_one(sink, bundle), phase):
                ended |= told
                advance(len(told))
    return ended


def _phases(bundles: Iterable[list[Change]]) -> Iterator[list[list[Change]]]:
    for _, phase in groupby(bundles, key=lambda bundle: bundle[0].action):
        yield list(phase)


def _write_one(sink: Sink, bundle: Sequence[Change]) -> Ended:
    try:
        applied = sink.apply(bundle)
    except UnknownOutcome:
        return {}
    except Refused as refusal:
        return {change.change_id: (Status.BLOCKED, change.account_id, str(refusal)) for change in bundle}
    except TransportError as error:
        told = f"{error} {error.remedy}"
        return {change.change_id: (Status.FAILED, change.account_id, told) for change in bundle}
    return {change.change_id: _ending(change, applied) for change in bundle}


def _ending(change: Change, applied: Applied) -> tuple[Status, str | None, str | None]:
    account = applied.accounts.get(change.change_id) or applied.account_id or change.account_id
    if change.change_id in applied.failed:
        return Status.FAILED, account, applied.failed[change.change_id]
    status = Status.PROPAGATING if applied.propagating else Status.APPLIED
    return status, account, applied.message


def _settled(sink: Sink, batch: pd.DataFrame, ended: Ended) -> Ended:
    """Writes whose answer was lost, settled by reading them back."""
    lost = batch[~batch["change_id"].isin(list(ended))]
    if lost.empty:
        return {}
    observation = observe_accounts(sink, lost)
    held = postcondition_holds(lost, observation.accounts, observation.assignments, observation.groups)
    told = {True: (Status.APPLIED, None, "the answer was lost; found done")}
    told[False] = (Status.FAILED, None, "the answer was lost; found not done, the next plan holds it again")
    return {key: told[bool(done)] for key, done in zip(lost["change_id"], held, strict=True)}


def _outcomes(batch: pd.DataFrame, ended: Ended, at: datetime) -> pd.DataFrame:
    told = [ended[change_id] for change_id in batch["change_id"]]
    known = batch["account_id"].reset_index(drop=True)
    accounts = known.fillna(pd.Series([account for _, account, _ in told], dtype="str"))
    return frames.complete(
        Outcomes,
        pd.DataFrame(
            {
                "change_id": batch["change_id"].to_numpy(),
                "status": [status.value for status, _, _ in told],
                "account_id": accounts,
                "message": [message for _, _, message in told],
                "at": at.astimezone(UTC),
            }
        ),
    )
