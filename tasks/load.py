"""Write a plan: phase after phase, and within a phase a few batches side by side.

While one batch waits for a rate limit to open again, the others observe and record, so that no
allowance goes unused. Few are begun at first: what the first ones meet, the others would meet too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from queue import SimpleQueue
from typing import Any, Protocol

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, concat
from provisioning.model.terms import Status
from sinks import Sink
from tasks.batches import load_batch
from tasks.continuing import left_to_write
from tasks.opened import opened
from tasks.phases import makes_groups, split_plan
from tasks.progress import current_progress
from tasks.references import BatchReference, RunReference
from tasks.session import Session
from tasks.state import Batch
from tasks.summary import first_reasons

SIDE_BY_SIDE = 4
"""Batches under way at once."""


class Future(Protocol):
    """A batch that was begun, in a thread or as a Prefect task."""

    def result(self) -> pd.DataFrame:
        """Its Outcomes frame, or the error it ended with."""

    def add_done_callback(self, fn: Callable[[Future], None], /) -> None:
        """Call a function with this future once the batch has ended."""


Begin = Callable[[Sink, int, pd.DataFrame], Future]
"""Starts a batch, given the open target, the batch's number and its changes."""


def load_plan(
    session: Session, plan: StoredPlan, begin: Begin | None = None, *, left: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Write a plan; when too many changes fail no further batch is begun.

    All batches share one open target, so that what it must know of groups is read once; only after groups
    were made it is opened anew.

    Args:
        session: the open session.
        plan: the whole plan.
        begin: starts a batch; as a Prefect task if left out.
        left: the changes that earlier attempts have not made; all if left out.

    Returns:
        An Outcomes frame of what was tried, in the plan's order.
    """
    phases = split_plan(plan.changes, len(session.target_names))
    ids = (plan.changes if left is None else left)["change_id"]
    begin = begin or _begin_task(session, plan, sum(map(len, phases)), len(ids))
    done: list[pd.DataFrame] = []
    numbers = count(1)
    sink: Sink | None = None
    with session.timed(f"load {plan.target}"):
        for phase in phases:
            sink = sink or session.sink(plan.target, writable=True)
            numbered = [(next(numbers), batch[batch["change_id"].isin(ids)]) for batch in phase]
            begun = (begin(sink, number, batch) for number, batch in numbered if len(batch))
            _finish_phase(session, begun, done)
            if makes_groups(phase):
                sink = None
            if _too_many_failed(session, done):
                told = "; ".join(first_reasons(concat(Outcomes, done)))
                session.failed[plan.target] = f"too many changes failed, so the rest was not tried: {told}"
                break
    position = plan.changes.set_index("change_id")["position"]
    outcomes = concat(Outcomes, done)
    return outcomes.sort_values("change_id", key=lambda ids: ids.map(position), ignore_index=True)


def _begin_task(session: Session, plan: StoredPlan, batches: int, left: int) -> Begin:
    """How a batch is begun as a Prefect task: by reference; one of this process finds it in the session."""
    advance = current_progress().step(f"{plan.target}: changes", left)
    run = session.reference

    def begin(sink: Sink, number: int, batch: pd.DataFrame) -> Future:
        session.batches[plan.fingerprint, number] = Batch(plan, sink, batch, advance)
        begun = write_batch.submit(run, plan.target, plan.fingerprint, number, batches, len(batch))
        return _Begun(session, begun)

    return begin


class _Begun:
    """A batch that was begun as a Prefect task: it gives a reference, by which its outcomes are found."""

    def __init__(self, session: Session, task: PrefectFuture[BatchReference]) -> None:
        self._session, self._task = session, task

    def result(self) -> pd.DataFrame:
        return take_outcomes(self._session, self._task.result())

    def add_done_callback(self, fn: Callable[[Future], None], /) -> None:
        self._task.add_done_callback(lambda _: fn(self))


def _finish_phase(session: Session, begun: Iterator[Future], done: list[pd.DataFrame]) -> None:
    """Begin batches as others end and add their outcomes; an error is raised when none is under way."""
    ended: SimpleQueue[Future] = SimpleQueue()
    under_way = 0
    try:
        while True:
            at_once = min(2 + len(done), SIDE_BY_SIDE)
            while under_way < at_once and not _too_many_failed(session, done):
                future = next(begun, None)
                if future is None:
                    break
                future.add_done_callback(ended.put)
                under_way += 1
            if not under_way:
                return
            future = ended.get()
            under_way -= 1
            done.append(future.result())
    except BaseException as error:
        if not isinstance(error, Exception):
            session.stopping.set()
        raise
    finally:
        for _ in range(under_way):
            ended.get()


def _too_many_failed(session: Session, done: Sequence[pd.DataFrame]) -> bool:
    """Whether so many of the changes tried failed that going on would do harm.

    The share counts from ten tries on: one failure in three is chance, not a pattern.
    """
    statuses = [status for outcomes in done for status in outcomes["status"]]
    failed = statuses.count(Status.FAILED.value) + statuses.count(Status.BLOCKED.value)
    return len(statuses) >= 10 and failed / len(statuses) > session.policy.limits.failures


def _name_batch(parameters: dict[str, Any]) -> str:
    number, of, target, size = (parameters[name] for name in ("number", "of", "target", "size"))
    return f"load batch {number} of {of}: {target}, {size:,} change{'' if size == 1 else 's'}"


# Prefect takes a function with that parameter; its type asks for a class.
@task(name="load batch", task_run_name=_name_batch, cache_policy=NO_CACHE)  # type: ignore[arg-type]
def write_batch(
    run: RunReference, target: str, fingerprint: str, number: int, of: int, size: int
) -> BatchReference:
    """Make the changes of one batch and record how each ended.

    Args:
        run: the run.
        target: the target.
        fingerprint: of the plan, whole.
        number: of the batch, from 1, in the order the plan is split into.
        of: how many batches there are.
        size: changes of it that earlier attempts have not made.
    """
    del size  # told in the name of the step
    with opened(run) as session:
        batch = session.batches.get((fingerprint, number)) or _open_batch(
            session, target, fingerprint, number
        )
        plan, sink, changes, advance = batch
        session.written[fingerprint, number] = load_batch(session, plan, sink, number, changes, advance, of)
        return BatchReference(fingerprint=fingerprint, number=number, account=session.account())


def _open_batch(session: Session, target: str, fingerprint: str, number: int) -> Batch:
    """A batch from the ledger alone, for a step in another process than that of the run."""
    plan = session.ledger.plan(fingerprint)
    phases = split_plan(plan.changes, len(session.target_names))
    whole = [batch for phase in phases for batch in phase][number - 1]
    left = left_to_write(session, replace(plan, changes=whole))
    return Batch(plan, session.sink(target, writable=True), left.changes, lambda _rows: None)


def take_outcomes(session: Session, given: BatchReference) -> pd.DataFrame:
    """How the changes of a batch ended: an Outcomes frame; what was written here is not read back."""
    key = given.fingerprint, given.number
    batch = session.batches.pop(key)
    session.add(given.account)
    if (written := session.written.pop(key, None)) is not None:
        return written
    outcomes = session.ledger.outcomes(
        given.fingerprint, [session.run_id], changes=batch.changes["change_id"].tolist()
    )
    batch.advance(len(outcomes))
    return outcomes
