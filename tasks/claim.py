"""One run at a time writes a target: the claim that keeps the others away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from tasks.session import Session

CLAIM = timedelta(minutes=10)
"""Longer than any batch takes; a killed run blocks the target no longer than this."""


@contextmanager
def claim_target(session: Session, target: str) -> Iterator[None]:
    """Keep other runs from writing the target until the block ends.

    Raises:
        TargetBusy: another run is writing it.
    """
    renew_claim(session, target)
    try:
        yield
    finally:
        session.ledger.release(session.run_id, target)


def renew_claim(session: Session, target: str) -> None:
    """Keep the target for as long as the next batch may take.

    Raises:
        TargetBusy: the claim ran out, and another run is writing it now.
    """
    now = session.moment()
    session.ledger.claim(session.run_id, target, at=now, until=now + CLAIM)
