"""In which order a plan is loaded: turn after turn, and within a turn a few batches side by side.

While one batch waits for a rate limit to open again, the others look and keep the books, so that no
allowance goes unused. Few are begun at first: what the first ones meet, the others would meet too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from queue import SimpleQueue
from typing import Protocol

import pandas as pd

from ledger import StoredPlan
from provisioning.model.frames import Action, Outcomes, Status, concat
from sinks import Sink
from tasks.session import Session

BATCH = 100
"""Changes a batch aims at; beyond a thousand task runs a Prefect server loses records."""
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


def turns(changes: pd.DataFrame, size: int = BATCH) -> list[list[pd.DataFrame]]:
    """Split a plan between people: groups are made first, then seats are freed before others are filled.

    Args:
        changes: a Changes frame.
        size: changes a batch should hold; one person's are never divided.

    Returns:
        The batches of each turn. Those of one turn may go in any order; the next turn waits for all.
    """
    makes_group = changes["action"].eq(Action.CREATE_GROUP.value)
    person = changes["account_id"].fillna(changes["source"] + "\0" + changes["source_id"])
    person = person.fillna(changes["subject"])
    frees = changes["destructive"].groupby(person).transform("any")
    turn = (~frees).astype("int64").mask(makes_group, -1)
    order = changes.assign(person=person).sort_values(["person", "position"])
    parts = [part for _, part in order.groupby(turn)]
    return [[batch[changes.columns] for batch in _batches(part, size)] for part in parts]


def _batches(turn: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    """Parts of about that many changes, each in the plan's order; the changes come person by person."""
    lengths = turn.groupby("person", sort=False)["change_id"].transform("size")
    first = ~turn["person"].duplicated()
    number = (lengths.where(first, 0).cumsum() - 1) // size
    return [batch.sort_values("position") for _, batch in turn.groupby(number)]


def load(session: Session, plan: StoredPlan, begin: Begin) -> pd.DataFrame:
    """Write a plan; when too many changes fail no further batch is begun.

    All batches of a turn share one open target, so that what it must know of groups is read once.

    Returns:
        An Outcomes frame of what was tried, in the plan's order.
    """
    done: list[pd.DataFrame] = []
    numbers = count(1)
    with session.timed(f"load {plan.target}"):
        for turn in turns(plan.changes):
            sink = session.sink(plan.target, writable=True)
            begun = (begin(sink, number, batch) for batch, number in zip(turn, numbers, strict=False))
            _finish(session, begun, done)
            if too_many_failures(session, done):
                session.failed[plan.target] = "too many changes failed, so the rest was not tried"
                break
    place = plan.changes.set_index("change_id")["position"]
    return concat(Outcomes, done).sort_values("change_id", key=lambda ids: ids.map(place), ignore_index=True)


def _finish(session: Session, begun: Iterator[Future], done: list[pd.DataFrame]) -> None:
    """Begin batches as others end and add their outcomes; an error is raised when none is under way."""
    ended: SimpleQueue[Future] = SimpleQueue()
    under_way = 0
    try:
        while True:
            at_once = min(2 + len(done), SIDE_BY_SIDE)
            while under_way < at_once and not too_many_failures(session, done):
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
    finally:
        for _ in range(under_way):
            ended.get()


def too_many_failures(session: Session, done: Sequence[pd.DataFrame]) -> bool:
    """Whether so many of the changes tried failed that going on would do harm.

    The share counts from ten tries on: one failure in three is chance, not a pattern.
    """
    statuses = [status for outcomes in done for status in outcomes["status"]]
    failed = statuses.count(Status.FAILED.value)
    return len(statuses) >= 10 and failed / len(statuses) > session.policy.limits.failures
