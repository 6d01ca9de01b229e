"""How long what is remembered is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from provisioning.policy.rules import Strict
from provisioning.policy.values import Duration

LEAST_SNAPSHOTS = timedelta(days=30)


class Retention(Strict):
    """How long `seatwise prune` leaves what is kept. It changes nothing in a target."""

    undo: Duration = Field(
        timedelta(days=30),
        description="How long every run is kept whole, so that it can be taken back, whatever the other keys "
        "say.",
        examples=["60d"],
    )
    snapshots: Duration = Field(
        timedelta(days=90),
        description="How long reads of sources and targets are kept, at least 30 days. The last complete one "
        "of each always is.",
        examples=["180d"],
    )
    runs: Duration = Field(
        timedelta(days=400),
        description="How long runs are kept, with their plans, approvals and outcomes. The last one that "
        "wrote a target always is.",
        examples=["730d"],
    )
    people: Duration = Field(
        timedelta(days=400),
        description="How long what is remembered of people is kept once neither a source nor a target lists "
        "them: links, ownership, and their names and addresses in old plans.",
        examples=["180d"],
    )

    seats: Duration = Field(
        timedelta(days=1100),
        description="How long the history of seats is kept: which seats there were, and what contracts cost. "
        "Names in it go after `people`.",
        examples=["800d"],
    )

    @model_validator(mode="after")
    def _keeps_what_is_needed(self) -> Self:
        if self.snapshots < LEAST_SNAPSHOTS:
            expected = "snapshots are expected to be kept for at least 30d, over which losses are judged"
            raise PydanticCustomError("retention", expected)
        if min(self.runs, self.people) < self.undo:
            expected = "runs and people are expected to be kept as long as undo, or longer"
            raise PydanticCustomError("retention", expected)
        return self
