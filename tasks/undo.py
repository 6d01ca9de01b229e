"""The way back: what a run applied becomes inverse plans in the ledger, one per target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from errors import SeatwiseError
from ledger import StoredPlan
from ledger.errors import SnapshotDamaged
from provisioning.decide.changes import renumbered
from provisioning.decide.context import count, list_names
from provisioning.decide.decide import guard_changes
from provisioning.decide.plan import UNDO, Plan, invert, make, restrict
from provisioning.model.frames import Changes, concat
from provisioning.model.snapshots import SourceSnapshot
from sinks import ALREADY
from tasks.decide import store_plan
from tasks.given_back import given_to_leavers
from tasks.memory import MADE, recall, restore_source, restore_target
from tasks.outcomes import with_accounts
from tasks.past import NothingRead, last_read
from tasks.session import Session


class NothingToUndo(SeatwiseError):
    """The run applied nothing that can be taken back."""

    remedy = "See what it did with `seatwise show RUN`; `seatwise history` lists the runs."


class Undoing(NamedTuple):
    """The way back from a run."""

    plans: list[StoredPlan]
    """One a target. Each needs approval, so that a person reads it before it is applied."""
    lasting: pd.DataFrame
    """Changes of the run that cannot be taken back."""


def plan_undo(session: Session, run_id: str, only: Sequence[str] = ()) -> Undoing:
    """Store the inverse of every plan a run and its other attempts applied, also of one that was killed.

    Args:
        session: the open session; its run owns the new plans.
        run_id: the run to take back, or its beginning.
        only: e-mail addresses; what was done to other people stays. Empty means everyone.

    Raises:
        NothingToUndo: nothing was applied, or all of it is irreversible.
    """
    run = session.ledger.run(run_id)
    attempts = session.ledger.attempts(run.run_id)
    made: dict[str, list[pd.DataFrame]] = {}
    for fingerprint in session.ledger.written(attempts):
        applied = session.ledger.plan(fingerprint)
        changes = _made(session, applied, attempts)
        made.setdefault(applied.target, []).append(restrict(changes, only))
    plans, lasting, sources, told = [], [], _LastSources(session), []
    for target, parts in made.items():
        changes = concat(Changes, parts)
        undoing, before, spared = _turn_back(session, target, changes, attempts, sources)
        lasting.append(changes[~_comes_back(changes, pd.concat([undoing.changes, before]))])
        told += spared
        if len(undoing.changes):
            two = session.policy.approve.second_person(len(undoing.changes))
            left = given_to_leavers(session, target, undoing.changes)
            why = [f"it takes back run {run.run_id}", *left, *spared, *([two] if two else [])]
            plans.append(store_plan(session, undoing, why, undoes=run.run_id))
    if not plans:
        nothing = f"run {run.run_id} applied nothing that can be taken back"
        raise NothingToUndo("; ".join([nothing, *told]))
    return Undoing(plans, concat(Changes, lasting))


def _turn_back(
    session: Session, target: str, changes: pd.DataFrame, runs: Sequence[str], sources: _LastSources
) -> tuple[Plan, pd.DataFrame, list[str]]:
    """The inverse of what runs made, what of it was made before and is left out, and what is said of that.

    Where that is so again, another run made it, perhaps by right, and it is that run's to be taken back.
    """
    inverse = invert(make(target, changes, session.policy.fingerprint()))
    since = session.ledger.made_after(runs, inverse.changes["change_id"].tolist())
    before = inverse.changes["change_id"].isin(since).to_numpy(np.bool_)
    standing = make(target, renumbered(inverse.changes, ~before), inverse.policy_fingerprint)
    undoing, spared = _guard(session, standing, sources)
    gone = inverse.changes[before]
    return undoing, gone, [*_tell_before(gone), *spared]


def _tell_before(gone: pd.DataFrame) -> list[str]:
    """A sentence on what was taken back before, where there is any."""
    if gone.empty:
        return []
    number, names = len(gone), list_names(set(gone["subject"]))
    verb, are, them = ("was", "is", "it") if number == 1 else ("were", "are", "them")
    left = f"{count(number, 'change')} of it {verb} taken back before and {are} left out: {names}"
    return [f"{left}; if a later run made {them} again, undo that run"]


class _LastSources:
    """The sources as they were last read, loaded once for all targets and only if they are asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def snapshots(self) -> dict[str, SourceSnapshot]:
        ledger = self._session.ledger
        return {name: restore_source(last_read(ledger, name, None)) for name in self._session.source_names}


def _guard(session: Session, undoing: Plan, sources: _LastSources) -> tuple[Plan, list[str]]:
    """The inverse without what is protected by now, and what is said of that; by the last complete reads."""
    target, ledger = undoing.target, session.ledger
    try:
        people, snapshot = sources.snapshots, restore_target(last_read(ledger, target, None))
    except (NothingRead, SnapshotDamaged) as lost:
        return undoing, [f"what is protected by now is not known and was not left out: {lost.message}"]
    guarded = guard_changes(
        undoing.changes,
        people,
        snapshot,
        session.policy,
        recall(ledger, target, session.source_names),
        now=session.now,
        actions=session.sink_actions(target) or None,
    )
    before = len(undoing.changes)
    spared = [note.message for note in guarded.notes] if len(guarded.changes) < before else []
    return make(target, guarded.changes, undoing.policy_fingerprint), spared


def _made(session: Session, plan: StoredPlan, runs: Sequence[str]) -> pd.DataFrame:
    """The changes of a plan that runs made, whoever saw how they ended, each with its account.

    What was so already when a run came to it, somebody else did, and it stays.
    """
    outcomes = session.ledger.outcomes(plan.fingerprint, intended_by=runs)
    made = outcomes[outcomes["status"].isin(MADE) & outcomes["message"].ne(ALREADY)]
    return with_accounts(plan.changes, made)


def _comes_back(changes: pd.DataFrame, inverse: pd.DataFrame) -> pd.Series:
    """Which changes these take back or took: `invert` leaves out those that are irreversible."""
    back = {undone.removeprefix(UNDO) for undone in inverse["reason"]}
    return changes["reversible"] & changes["reason"].str.removeprefix(UNDO).isin(back)
