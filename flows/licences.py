"""Report seats, money and waste to finance. Writes nothing outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from flows.reconcile import pictured
from tasks.publish import publish
from tasks.run import running


@flow(name="seatwise-licences", flow_run_name="licences {config}")
async def licences(
    config: str = "policy.yaml", out: str = "out", as_of: datetime | None = None
) -> dict[str, Any]:
    """Report every seat, what it costs and what is wasted.

    Args:
        config: The policy file.
        out: Folder for the files people read.
        as_of: Judge as of this moment instead of now.
    """
    with running("licences", config, out, as_of=as_of) as session:
        picture = await pictured(session)
        return await publish(session, picture, report_only=True)
