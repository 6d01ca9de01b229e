"""What can go wrong in the ledger, named by what to do next.

LedgerError
├── LedgerUnavailable     the database cannot be reached, opened or locked
├── LedgerTooNew          a later version of Seatwise has written it
├── NothingFound          no such row; `.nearest` holds the identifiers that come closest
│   ├── UnknownRun        no run has the identifier
│   ├── UnknownPlan       no plan has the fingerprint
│   └── UnknownSnapshot   no snapshot has the digest
├── UnknownChange         the plan does not hold the change
├── AmbiguousIdentifier   a prefix of several identifiers
├── AlreadyIntended       another run began to write the same change and never said how it ended
├── TargetBusy            another run is writing the target
├── RunClosed             the run was closed while it was at work
├── ClockWentBack         the ledger holds runs of a later time than now
├── PlanMismatch          another plan is stored under the same fingerprint
├── SnapshotDamaged       a snapshot's file is absent or altered
├── FileLost              a file of frames is absent or altered
├── LedgerNotEmpty        a backup would be restored over what is there
├── BackupUnreadable      the archive is none, or was cut or altered
└── BackupOfAnotherVersion  another version of Seatwise made it
"""

from __future__ import annotations

from collections.abc import Sequence

from errors import SeatwiseError


class LedgerError(SeatwiseError):
    """The ledger cannot do what it was asked."""


class LedgerUnavailable(LedgerError):
    """The database cannot be reached, opened or locked."""


def unusable(shown: str, why: str) -> LedgerUnavailable:
    """What is said of a database that does not answer; its address without the password."""
    return LedgerUnavailable(
        f"the ledger {shown} cannot be used: {why.strip()}",
        "Check that it is there, that you may write to it, and that no other program has locked it.",
    )


class LedgerTooNew(LedgerError):
    """A later version of Seatwise has written the ledger."""


class NothingFound(LedgerError):
    """No row has the identifier."""

    what = "row"
    none_yet = "The ledger holds none yet: run `seatwise reconcile` first."

    def __init__(self, identifier: str, nearest: Sequence[str] = ()) -> None:
        """Name the identifiers that come closest."""
        self.nearest = list(nearest)
        remedy = f"Did you mean {' or '.join(self.nearest)}?" if self.nearest else self.none_yet
        super().__init__(f"no {self.what} {identifier!r} in the ledger", remedy)


class UnknownRun(NothingFound):
    """No run has the identifier."""

    what = "run"


class UnknownPlan(NothingFound):
    """No plan has the fingerprint."""

    what = "plan"


class UnknownSnapshot(NothingFound):
    """No snapshot has the digest."""

    what = "snapshot"


class UnknownChange(LedgerError):
    """The plan does not hold the change, so nothing may be written for it."""


class AmbiguousIdentifier(LedgerError):
    """A prefix of several identifiers."""


class AlreadyIntended(LedgerError):
    """Another run began to write the same change and never said how it ended."""


class TargetBusy(LedgerError):
    """Another run is writing the target."""


class RunClosed(LedgerError):
    """The run was closed while it was at work: it fell silent for too long, or was told to end."""


class ClockWentBack(LedgerError):
    """The ledger holds runs of a later time than now."""


class PlanMismatch(LedgerError):
    """Another plan is stored under the same fingerprint."""


class SnapshotDamaged(LedgerError):
    """A snapshot's file is absent or altered."""


class LedgerNotEmpty(LedgerError):
    """A backup is restored into an empty ledger alone."""

    remedy = "Name another `ledger` in the policy, or move the old one away with its snapshots."


class BackupUnreadable(LedgerError):
    """The archive is none, or was cut or altered."""

    remedy = "Take an older backup. Nothing was restored."


class BackupOfAnotherVersion(LedgerError):
    """The archive has the tables of another version."""

    remedy = (
        "Restore it with the Seatwise that made it; the newer one then upgrades the ledger when it opens it."
    )
