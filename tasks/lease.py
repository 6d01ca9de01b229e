"""One run at a time writes a target; while it is at work it says so, and who was killed says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ledger import LedgerError
from tasks.session import Session
from tasks.sharing import count_sharers, join_sharers

BEAT = 10.0
"""Seconds between two words of a run that it is still there."""


@contextmanager
def lease_target(session: Session, target: str) -> Iterator[None]:
    """Keep other runs from writing the target until the block ends.

    Raises:
        TargetBusy: another run is writing it.
    """
    renew_lease(session, target)
    try:
        yield
    finally:
        session.ledger.release(session.run_id, target)


def renew_lease(session: Session, target: str) -> None:
    """Make sure that the target is still this run's before more is written.

    Raises:
        TargetBusy: another run has taken it.
        RunClosed: this run was silent for too long, or the target was released by hand.
    """
    session.ledger.lease(session.run_id, target, at=session.moment())


@contextmanager
def keep_alive(session: Session) -> Iterator[None]:
    """Say every few seconds that the run is still there, until the block ends."""
    ended = threading.Event()
    join_sharers(session, session.run_id)

    def beat() -> None:
        while not ended.wait(BEAT):
            # A ledger that is away cannot be told; the next batch finds out whose the target is.
            with suppress(LedgerError):
                session.ledger.beat(session.run_id, session.moment())
            count_sharers(session, session.run_id)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
