"""What steps take and give in place of live objects: small, frozen, and as JSON good in any process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Reference(BaseModel):
    """The base of them: what it says is final, and a field nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunReference(Reference):
    """A run: everything that a step needs to open it, wherever the step is."""

    run_id: str
    flow: str
    config: str
    """The policy file as the run was given it; a relative path starts at SEATWISE_HOME on each machine."""
    policy: str
    """Fingerprint of the policy: a step never goes by another one than its run."""
    now: datetime
    """The moment the run judges by."""
    as_of: datetime | None = None
    only: tuple[str, ...] = ()
    full: bool = False
    flow_run: str | None = None


class Account(Reference):
    """What a step in another process adds to the account that its run gives of itself."""

    seconds: Mapping[str, float] = {}
    requests: Mapping[str, Mapping[str, int]] = {}
    refused: Mapping[str, int] = {}
    read_whole: Mapping[str, str] = {}
    columns_told: Mapping[str, tuple[str, ...]] = {}


class ReadReference(Reference):
    """A read of a source or target; its frames lie in the snapshot store."""

    origin: str
    digest: str
    """Of its content, as the catalogue has it; a number of its own where it is not in the store."""
    files: Mapping[str, str]
    """Digest of each frame's file; none where no later run and no other process wants them."""
    catalogued: bool
    """Whether the catalogue has it already, for another attempt at the run to begin with."""
    taken_at: datetime
    whole_at: datetime | None = None
    checkpoint: str | None = None
    as_of: datetime | None = None
    account: Account = Account()


class BatchReference(Reference):
    """A batch that was written; how each of its changes ended stands in the ledger."""

    fingerprint: str
    number: int
    account: Account = Account()
