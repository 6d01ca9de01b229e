"""Plan the way back from one run: shown, not applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from tasks.publish import publish
from tasks.run import Picture, running
from tasks.undo import inverse_plans


@flow(name="seatwise-undo", flow_run_name="undo {run_id}")
async def undo(
    run_id: str, config: str = "policy.yaml", out: str = "out", as_of: datetime | None = None
) -> dict[str, Any]:
    """Make the inverse of what a run applied into a plan, to be read and applied like any other.

    Args:
        run_id: The run to take back, or its beginning.
        config: The policy file.
        out: Folder for the files people read.
        as_of: Judge as of this moment instead of now.
    """
    with running("undo", config, out, as_of=as_of) as session:
        picture = Picture(plans=inverse_plans(session, run_id))
        return await publish(session, picture)
