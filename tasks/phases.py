"""In which order a plan is written: phase after phase, each divided into batches of people."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import pandas as pd

from provisioning.model.terms import Action

BATCH = 100
"""Changes a batch aims at."""
TASK_RUNS = 300
"""Task runs of a flow run at most: a person reads its graph, and beyond a thousand a server loses records."""
OF_A_TARGET = 7
"""Task runs of a target besides its batches, and batches that the phases leave half-full."""


def batch_size(changes: int, targets: int) -> int:
    """How many changes a batch holds, so that the run keeps to its task runs however large the plan is.

    Args:
        changes: changes of the plan.
        targets: targets that share the run.
    """
    room = max(1, (TASK_RUNS - 20) // targets - OF_A_TARGET)
    return max(BATCH, ceil(changes / room))


def split_plan(changes: pd.DataFrame, targets: int) -> list[list[pd.DataFrame]]:
    """The batches of each phase of a whole plan; every process that splits it finds the same.

    Args:
        changes: a Changes frame.
        targets: targets that share the run.
    """
    return split_into_phases(changes, batch_size(len(changes), targets))


def split_into_phases(changes: pd.DataFrame, size: int = BATCH) -> list[list[pd.DataFrame]]:
    """Split a plan between people: groups are made first, then seats are freed before others are filled.

    Args:
        changes: a Changes frame.
        size: changes a batch should hold; one person's are never divided.

    Returns:
        The batches of each phase. Those of one phase may go in any order; the next phase waits for all.
    """
    makes_group = changes["action"].eq(Action.CREATE_GROUP.value)
    person = changes["account_id"].fillna(changes["source"] + "\0" + changes["source_id"])
    person = person.fillna(changes["subject"])
    frees = changes["destructive"].groupby(person).transform("any")
    phase = (~frees).astype("int64").mask(makes_group, -1)
    by_person = changes.assign(person=person).sort_values(["person", "position"])
    parts = [part for _, part in by_person.groupby(phase)]
    return [[batch[changes.columns] for batch in _split_into_batches(part, size)] for part in parts]


def makes_groups(phase: Sequence[pd.DataFrame]) -> bool:
    """Whether a phase makes groups, so that what was known of them is out of date after it."""
    return any(batch["action"].eq(Action.CREATE_GROUP.value).any() for batch in phase)


def _split_into_batches(phase: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    """Parts of about that many changes, each in the plan's order; the changes come person by person."""
    lengths = phase.groupby("person", sort=False)["change_id"].transform("size")
    first = ~phase["person"].duplicated()
    number = (lengths.where(first, 0).cumsum() - 1) // size
    return [batch.sort_values("position") for _, batch in phase.groupby(number)]
