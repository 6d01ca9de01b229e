"""A run as a step finds it: the session of its own process, or one opened from nothing but the reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import gethostname
from uuid import uuid4

from errors import SeatwiseError
from ledger import LedgerError
from tasks.personal_data import veil_logs
from tasks.references import RunReference
from tasks.session import Session, open_session
from tasks.sharing import count_sharers, join_sharers

WATCH = 3.0
"""Seconds between two looks of a step elsewhere whether its run has ended."""

_here: dict[str, Session] = {}
"""The runs whose flow this process runs."""


class PolicyDiffers(SeatwiseError):
    """The machine of a step has another policy than that of its run."""

    remedy = "Give every machine the same policy file, or keep it in a block, and run again."


@contextmanager
def open_here(session: Session) -> Iterator[None]:
    """Let the steps of this process share the run's session until the block ends."""
    _here[session.run_id] = session
    try:
        yield
    finally:
        del _here[session.run_id]


@contextmanager
def opened(run: RunReference) -> Iterator[Session]:
    """The session of a run, for one step.

    Raises:
        PolicyDiffers: what this machine has under the policy's name is another policy.
    """
    if (here := _here.get(run.run_id)) is not None:
        yield here
        return
    with open_session(run.config, only=list(run.only), as_of=run.as_of) as session:
        found = session.policy.fingerprint()
        if found != run.policy:
            raise PolicyDiffers(
                f"the policy {run.config} on {gethostname()} is {found[:12]}; run {run.run_id} goes by "
                f"{run.policy[:12]}"
            )
        session.run_id, session.flow, session.flow_run = run.run_id, run.flow, run.flow_run
        session.now, session.full, session.elsewhere = run.now, run.full, True
        veil_logs(session.policy.personal_data if session.flow_run else "full")
        with _watched(session):
            yield session


@contextmanager
def _watched(session: Session) -> Iterator[None]:
    """Share the tokens' limits with whoever uses them, and stop when the run has ended without the step."""
    sharer = f"{session.run_id} {uuid4().hex}"
    ended = threading.Event()
    join_sharers(session, sharer)

    def watch() -> None:
        while not ended.wait(WATCH):
            # A ledger that is away cannot tell; the step finds out by itself what it may not do.
            with suppress(LedgerError):
                if session.ledger.run(session.run_id).finished_at is not None:
                    session.stopping.set()
            count_sharers(session, sharer)

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        with suppress(LedgerError):
            session.ledger.leave_tokens(sharer)
