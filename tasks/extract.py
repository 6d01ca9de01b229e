"""Steps that read a source or a target whole; a read that fails anywhere is no snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from errors import STOPPED, SeatwiseError
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.unread import resolve_members
from sinks import Sink
from sources import Source
from tasks.incremental import read_changes, take_checkpoint
from tasks.progress import current_progress, tell
from tasks.session import Session

SOURCE_PARTS = {"identities": frames.Identities, "memberships": frames.Memberships}
TARGET_PARTS = {
    "accounts": frames.Accounts,
    "assignments": frames.Assignments,
    "entitlements": frames.Entitlements,
    "seats": frames.Seats,
    "capacity": frames.Capacity,
}


class Stopped(SeatwiseError):
    """The run was told to end while it read."""

    remedy = STOPPED


@task(name="extract source", task_run_name="extract {name}", cache_policy=NO_CACHE)
def extract_source(session: Session, name: str) -> SourceSnapshot:
    """Read one source to its end, or what changed in it since it was last read to its end.

    Raises:
        TransportError: a page failed; nothing of the read is kept.
    """
    with session.timed(f"extract {name}"):
        source = session.source(name)
        everyone = getattr(source, "lists_everyone", True)
        if (changed := read_changes(session, name, source)) is not None:
            return resolve_members(changed, everyone=everyone)
        # Taken first: what changes while the pages are read is in the next delta.
        checkpoint = take_checkpoint(source)
        parts = _read(session, source, SOURCE_PARTS, name)
        _keep_columns(session, source, name)
    read = SourceSnapshot(
        name,
        session.now,
        True,
        parts["identities"],
        parts["memberships"],
        parts["rejects"],
        checkpoint=checkpoint,
        as_of=getattr(source, "as_of", None),
    )
    return resolve_members(read, everyone=everyone)


@task(name="extract target", task_run_name="extract {name}", cache_policy=NO_CACHE)
def extract_target(session: Session, name: str) -> TargetSnapshot:
    """Read one target to its end.

    Raises:
        TransportError: a page failed; nothing of the read is kept.
    """
    with session.timed(f"extract {name}"):
        sink = session.sink(name)
        parts = _read(session, sink, TARGET_PARTS, name)
        _keep_columns(session, sink, name)
    # A file is of the day it was made, however late it is read.
    return TargetSnapshot(name, session.now, True, as_of=getattr(sink, "as_of", None), **parts)


def _read(
    session: Session, connection: Source | Sink, parts: dict[str, type[frames.Frame]], name: str
) -> dict[str, pd.DataFrame]:
    """Every part of a connection side by side, and the rejects of all."""
    last = session.ledger.last_complete(name)
    sizes = last.sizes if last is not None else {}
    with ThreadPoolExecutor(len(parts), thread_name_prefix=f"read-{name}") as pool:
        read = partial(_drain, session)
        reads = {
            part: pool.submit(read, getattr(connection, part)(), f"{name}: {part}", sizes.get(part))
            for part in parts
        }
        drained = {part: read.result() for part, read in reads.items()}
    good = {part: frames.concat(model, drained[part][0]) for part, model in parts.items()}
    tell(f"{name}: read {', '.join(f'{len(rows):,} {part}' for part, rows in good.items())}")
    rejects = [page for _, pages in drained.values() for page in pages]
    return {**good, "rejects": frames.concat(frames.Rejects, rejects)}


def _keep_columns(session: Session, connection: Source | Sink, name: str) -> None:
    """Keep what a connection by columns, such as a file, understood of them; the report says so."""
    if told := getattr(connection, "columns_told", None):
        session.columns_told[name] = list(told)


def _drain(
    session: Session, pages: Iterator[Any], title: str, total: int | None
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    advance = current_progress().step(title, total)
    good, rejects = [], []
    for page in pages:
        if session.stopping.is_set():
            raise Stopped(f"{title} were not read to their end")
        advance(len(page.frame))
        good.append(page.frame)
        rejects.append(page.rejects)
    return good, rejects
