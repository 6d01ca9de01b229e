"""Write a plan: phase after phase, and within a phase a few batches side by side.

While one batch waits for a rate limit to open again, the others observe and record, so that no
allowance goes unused. Few are begun at first: what the first ones meet, the others would meet too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from queue import SimpleQueue
from typing import Protocol

import pandas as pd

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, concat
from provisioning.model.terms import Status
from sinks import Sink
from tasks.batches import write_batch
from tasks.phases import batch_size, split_into_phases
from tasks.progress import current_progress
from tasks.session import Session
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


def load_plan(session: Session, plan: StoredPlan, begin: Begin | None = None) -> pd.DataFrame:
    """Write a plan; when too many changes fail no further batch is begun.

    All batches of a phase share one open target, so that what it must know of groups is read once.

    Args:
        session: the open session.
        plan: the plan.
        begin: starts a batch; as a Prefect task if left out.

    Returns:
        An Outcomes frame of what was tried, in the plan's order.
    """
    phases = split_into_phases(plan.changes, batch_size(len(plan.changes), len(session.target_names)))
    begin = begin or _begin_task(session, plan, sum(map(len, phases)))
    done: list[pd.DataFrame] = []
    numbers = count(1)
    with session.timed(f"load {plan.target}"):
        for phase in phases:
            sink = session.sink(plan.target, writable=True)
            begun = (begin(sink, number, batch) for batch, number in zip(phase, numbers, strict=False))
            _finish_phase(session, begun, done)
            if _too_many_failed(session, done):
                told = "; ".join(first_reasons(concat(Outcomes, done)))
                session.failed[plan.target] = f"too many changes failed, so the rest was not tried: {told}"
                break
    position = plan.changes.set_index("change_id")["position"]
    outcomes = concat(Outcomes, done)
    return outcomes.sort_values("change_id", key=lambda ids: ids.map(position), ignore_index=True)


def _begin_task(session: Session, plan: StoredPlan, batches: int) -> Begin:
    advance = current_progress().step(f"{plan.target}: changes", len(plan.changes))
    return partial(write_batch.submit, session, plan, advance=advance, of=batches)


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
