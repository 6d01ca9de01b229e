"""What `seatwise backup` and `restore` do: the ledger and its snapshots as one file."""

from __future__ import annotations

from pathlib import Path

from ledger import BackedUp
from tasks.session import open_session


def back_up(config: Path, archive: Path) -> str:
    """Write an archive, and say what is in it."""
    with open_session(config) as session:
        done = session.ledger.back_up(archive, at=session.moment())
    return f"Backed up {_describe(done)} to {archive}.{_describe_lost(done)}"


def restore(config: Path, archive: Path) -> str:
    """Fill the empty ledger of a policy from an archive."""
    with open_session(config) as session:
        done = session.ledger.restore(archive)
    made = f"{done.at:%Y-%m-%d %H:%M} UTC"
    return (
        f"Restored {_describe(done)} as of {made}.{_describe_lost(done)}\n"
        "What was written since is not in it: run `seatwise reconcile` and read the plan before you apply it."
    )


def _describe(done: BackedUp) -> str:
    return f"{done.rows:,} rows and {done.files:,} files"


def _describe_lost(done: BackedUp) -> str:
    if not done.lost:
        return ""
    return f"\n{len(done.lost):,} files that the ledger names are lost or altered, and are not in it."
