"""Read everything, compare, plan and show. Writes nothing outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow

from tasks.decide import decide_target, remember_reads
from tasks.extract import extract_source, extract_target
from tasks.publish import publish
from tasks.run import Picture, running
from tasks.session import Session


@flow(name="seatwise-reconcile", flow_run_name="reconcile {config}")
async def reconcile(
    config: str = "policy.yaml",
    out: str = "out",
    only: list[str] | None = None,
    as_of: datetime | None = None,
    full: bool = False,
) -> dict[str, Any]:
    """Plan what would bring the targets in step, and show it.

    Args:
        config: The policy file.
        out: Folder for the files people read.
        only: E-mail addresses to restrict the run to; empty means everyone.
        as_of: Judge as of this moment instead of now.
        full: Read every source whole, also those that tell what changed.
    """
    with running("reconcile", config, out, only=only, as_of=as_of, full=full) as session:
        picture = await pictured(session)
        return await publish(session, picture)


async def pictured(session: Session) -> Picture:
    """Read the sources and targets side by side, then decide target by target."""
    reads = {name: extract_source.submit(session, name) for name in session.source_names}
    looks = {name: extract_target.submit(session, name) for name in session.target_names}
    picture = Picture(sources={name: read.result() for name, read in reads.items()})
    for name, observation in looks.items():
        target = observation.result(raise_on_failure=len(looks) == 1)
        if isinstance(target, Exception):
            session.failed[name] = str(target)
        else:
            picture.targets[name] = target
    for name, target in picture.targets.items():
        picture.decisions[name] = decide_target(session, name, picture.sources, target)
    remember_reads(session, picture.sources, picture.targets, picture.decisions)
    return picture
