"""Steps that read a source or a target; a read that fails anywhere is no snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.runtime import deployment

from errors import STOPPED, SeatwiseError
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.unread import resolve_members
from sinks import Sink
from sources import Source
from tasks.incremental import S, read_changes, read_target_changes, take_checkpoint
from tasks.kept import find_read, give_read, with_account
from tasks.memory import restore_source, restore_target
from tasks.opened import opened
from tasks.progress import current_progress, tell
from tasks.references import ReadReference, RunReference
from tasks.session import Session
from transport.errors import TransportError

SOURCE_PARTS = {"identities": frames.Identities, "memberships": frames.Memberships}
TARGET_PARTS = {
    "accounts": frames.Accounts,
    "assignments": frames.Assignments,
    "entitlements": frames.Entitlements,
    "seats": frames.Seats,
    "capacity": frames.Capacity,
}


AGAIN_AFTER = [10.0, 30.0, 90.0]
"""Seconds between the tries of a read, on top of the transport's own."""


class Stopped(SeatwiseError):
    """The run was told to end while it read."""

    remedy = STOPPED


def _is_worth_another_try(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a read may succeed in a while that has failed all the tries of the transport.

    Nobody waits at a terminal for a run that a deployment started, so there it is tried again.
    """
    error = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload]
    return bool(deployment.id) and isinstance(error, TransportError) and error.worth_retrying


_TRIED_AGAIN: dict[str, Any] = {
    "task_run_name": "extract {name}",
    "cache_policy": NO_CACHE,
    "retries": len(AGAIN_AFTER),
    "retry_delay_seconds": AGAIN_AFTER,
    "retry_jitter_factor": 0.3,
    "retry_condition_fn": _is_worth_another_try,
}
"""How Prefect treats the read of a source or target."""


@task(name="extract source", **_TRIED_AGAIN)
def extract_source(run: RunReference, name: str) -> ReadReference:
    """Read one source to its end, or what changed in it since it was last read to its end.

    Raises:
        TransportError: a page failed; nothing of the read is kept.
    """
    with opened(run) as session:
        with session.timed(f"extract {name}"):
            kept = find_read(session, name)
            read = replace(restore_source(kept), complete=True) if kept else read_source(session, name)
            files = kept.files if kept else None
            given = give_read(session, name, read, SOURCE_PARTS, files=files)
        return with_account(session, given)


@task(name="extract target", **_TRIED_AGAIN)
def extract_target(run: RunReference, name: str) -> ReadReference:
    """Read one target to its end, or what changed in it since it was last read to its end.

    Raises:
        TransportError: a page failed; nothing of the read is kept.
    """
    with opened(run) as session:
        with session.timed(f"extract {name}"):
            kept = find_read(session, name)
            read = replace(restore_target(kept), complete=True) if kept else read_target(session, name)
            files = kept.files if kept else None
            given = give_read(session, name, read, TARGET_PARTS, files=files)
        return with_account(session, given)


@task(name="read again", task_run_name="read {name} again", cache_policy=NO_CACHE)
def reread_target(run: RunReference, name: str) -> ReadReference:
    """Read one target again after the run has written it; no later run measures by this read.

    Raises:
        TransportError: a page failed.
    """
    with opened(run) as session:
        with session.timed(f"read {name} again"):
            given = give_read(session, name, read_target(session, name), TARGET_PARTS, lasts=False)
        return with_account(session, given)


def read_source(session: Session, name: str) -> SourceSnapshot:
    """Read one source, as its step does."""
    source = session.source(name)
    changed = read_changes(session, name, source)
    read = changed or _read_whole(session, name, source, SourceSnapshot, SOURCE_PARTS)
    return resolve_members(read, everyone=getattr(source, "lists_everyone", True))


def read_target(session: Session, name: str) -> TargetSnapshot:
    """Read one target, as its step does."""
    sink = session.sink(name)
    changed = read_target_changes(session, name, sink)
    return changed or _read_whole(session, name, sink, TargetSnapshot, TARGET_PARTS)


def _read_whole(
    session: Session,
    name: str,
    connection: Source | Sink,
    snapshot: type[S],
    parts: dict[str, type[frames.Frame]],
) -> S:
    """Every page of a source or target, and where its feed of changes stands."""
    # Taken first: what changes while the pages are read is in the next delta.
    checkpoint = take_checkpoint(connection)
    read: dict[str, Any] = {**_read(session, connection, parts, name)}
    _keep_columns(session, connection, name)
    # A file is of the day it was made, however late it is read.
    as_of = getattr(connection, "as_of", None)
    return snapshot(name, session.now, True, as_of=as_of, checkpoint=checkpoint, **read)


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
