"""The limits of a run and who must approve one: what may happen unattended."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from provisioning.policy.rules import Strict
from provisioning.policy.values import Duration, Share


class Destructive(Strict):
    """How much one run may take away without approval. Above either number the plan waits."""

    count: Annotated[int, Field(ge=0)] = Field(
        50,
        description="Destructive changes in one plan.",
        examples=[50],
        json_schema_extra={"unit": "changes"},
    )
    share: Share = Field(
        0.05,
        description="Accounts that lose something, of all linked accounts of the target.",
        examples=["5%"],
    )


class GroupDrop(Strict):
    """How many people who stay may lose one group in one run. Above both numbers the plan waits."""

    count: Annotated[int, Field(ge=0)] = Field(
        1,
        description="People who lose the group, or left the IdP group that fills it.",
        examples=[5],
        json_schema_extra={"unit": "people"},
    )
    share: Share = Field(
        0.40,
        description="The same, of those who had the group or were in the IdP group in the last 30 days.",
        examples=["40%"],
    )


class UnreadRows(Strict):
    """How many rows of one source or target may be unreadable. Above both numbers a plan waits."""

    count: Annotated[int, Field(ge=0)] = Field(
        10,
        description="Rows of which a value could not be read.",
        examples=[10],
        json_schema_extra={"unit": "rows"},
    )
    share: Share = Field(
        0.01, description="The same, of all identities or accounts that were read.", examples=["1%"]
    )


class Limits(Strict):
    """Above these a run waits for approval, or stops."""

    destructive: Destructive = Field(
        Destructive(),
        description="How much one run may take away without approval.",
        examples=[{"count": 50, "share": "5%"}],
    )
    source_drop: Share = Field(
        0.10,
        description="How many people fewer a source may list than in its last complete read, and than in any "
        "of the last 30 days when the plan takes something.",
        examples=["10%"],
    )
    segment_drop: Share = Field(
        0.40,
        description="The same within one mail domain or department, and for groups no longer listed.",
        examples=["40%"],
    )
    group_drop: GroupDrop = Field(
        GroupDrop(),
        description="How many people who stay may lose one group because an IdP group vanished, was emptied "
        "or shrank, and how many may leave a scope by such a group. Small groups count, too.",
        examples=[{"count": 5, "share": "40%"}],
    )
    rejects: UnreadRows = Field(
        UnreadRows(),
        description="How many rows of a source or target may be left out as unreadable.",
        examples=[{"count": 10, "share": "1%"}],
    )
    failures: Share = Field(
        0.20, description="Failed changes, of those tried, after which a run stops.", examples=["20%"]
    )


class Approve(Strict):
    """When a person must approve a plan, and how long the approval counts."""

    above: Literal["limits", "always"] = Field(
        "limits",
        description="`limits` asks for approval when a limit or a rule stops a plan, `always` for every "
        "plan that changes something.",
        examples=["always"],
    )
    timeout: Duration = Field(
        timedelta(hours=24),
        description="How long an approval counts; after it nothing is applied until someone approves again.",
        examples=["24h"],
    )
    second_person_above: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="A plan of more changes than this needs the approval of two different people. Without "
        "the key one person may approve any plan.",
        examples=[200],
        json_schema_extra={"unit": "changes"},
    )

    def second_person(self, changes: int) -> str | None:
        """Why a plan of that many changes needs two people; None where it does not."""
        most = self.second_person_above
        if most is None or changes <= most:
            return None
        what = "1 change" if changes == 1 else f"{changes:,} changes"
        return f"{what}; above {most:,} two people approve (approve.second_person_above)"
