"""Reconcile and apply in one go, unless a limit or a rule holds a plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from flows.apply import loaded
from flows.reconcile import pictured
from tasks.consent import releases
from tasks.publish import publish
from tasks.run import running


@flow(name="seatwise-sync", flow_run_name="sync {config}")
async def sync(
    config: str = "policy.yaml",
    out: str = "out",
    only: list[str] | None = None,
    as_of: datetime | None = None,
    full: bool = False,
) -> dict[str, Any]:
    """Bring the targets in step; what a limit or a rule holds waits for a person.

    Args:
        config: The policy file.
        out: Folder for the files people read.
        only: E-mail addresses to restrict the run to; empty means everyone.
        as_of: Judge as of this moment instead of now.
        full: Read every source whole, also those that tell what changed.
    """
    with running("sync", config, out, only=only, as_of=as_of, full=full) as session:
        picture = await pictured(session)
        for stored in releases(session, picture):
            try:
                await loaded(session, stored, picture)
            except Exception as error:
                if len(session.target_names) == 1:
                    raise
                session.failed[stored.target] = str(error)
        return await publish(session, picture)
