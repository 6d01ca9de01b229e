"""Leases: one run at a time writes a target, for as long as it says that it is still there.

A run says so every few seconds (`Runs.beat`). One that fell silent holds nothing any more: whoever
comes next takes its targets and closes it as interrupted.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ledger import tables
from ledger.errors import RunClosed, TargetBusy
from ledger.runs import SILENCE, RunRow, close_runs, require_run
from ledger.store import Store

FIELDS = [tables.runs.c[name] for name in RunRow._fields]


class Leases(Store):
    """The part of the ledger that keeps two runs from writing one target at the same time."""

    def lease(self, run_id: str, target: str, *, at: datetime) -> None:
        """Take a target for a run, or make sure that the run still holds it.

        Args:
            run_id: run that writes.
            target: the target.
            at: aware time of now.

        Raises:
            TargetBusy: another run is writing it.
            RunClosed: the run was closed meanwhile, because it was silent for too long or was told to end.
            UnknownRun: no such run.
        """
        c = tables.leases.c
        with self._writing(alone_on=tables.leases) as connection:
            require_run(connection, run_id)
            _require_open(connection, run_id)
            holder = _holder(connection, target)
            if holder is not None and holder.run_id != run_id and _is_alive(holder, at):
                raise _busy(holder, target)
            connection.execute(delete(tables.leases).where(c.target == target))
            connection.execute(insert(tables.leases), {"target": target, "run_id": run_id})

    def release(self, run_id: str, target: str) -> None:
        """Give a target back; one that another run took meanwhile stays theirs."""
        c = tables.leases.c
        with self._writing(alone_on=tables.leases) as connection:
            connection.execute(delete(tables.leases).where(c.target == target, c.run_id == run_id))

    def leases(self) -> dict[str, RunRow]:
        """Who holds which target, alive or not."""
        held = select(tables.leases.c.target).order_by(tables.leases.c.target)
        with self._reading() as connection:
            holders = {target: _holder(connection, target) for target in connection.scalars(held).all()}
        return {target: run for target, run in holders.items() if run is not None}

    def is_alive(self, run: RunRow, at: datetime) -> bool:
        """Whether a run has said lately that it is still there."""
        return _is_alive(run, at)

    def release_by_hand(self, target: str, *, at: datetime) -> RunRow | None:
        """Take a target from the run that holds it, and close that run as interrupted.

        Returns:
            The run, as it was; None when nobody held the target.
        """
        with self._writing(alone_on=tables.leases) as connection:
            holder = _holder(connection, target)
            if holder is not None:
                close_runs(connection, {holder.run_id: at})
                connection.execute(delete(tables.leases).where(tables.leases.c.target == target))
            return holder


def _holder(connection: Connection, target: str) -> RunRow | None:
    """The run that took a target last and has not given it back."""
    run, lease = tables.runs.c, tables.leases.c
    held = select(*FIELDS).join_from(tables.leases, tables.runs, lease.run_id == run.run_id)
    row = connection.execute(held.where(lease.target == target)).one_or_none()
    return None if row is None else RunRow(*row)


def _is_alive(run: RunRow, at: datetime) -> bool:
    return run.finished_at is None and run.alive_at > at - SILENCE


def _busy(run: RunRow, target: str) -> TargetBusy:
    where = f" on {run.host}, process {run.pid}," if run.host else ""
    free = run.alive_at + SILENCE
    return TargetBusy(
        f"run {run.run_id} of {run.owner or 'somebody'}{where} is writing {target}",
        f"Let it end. If it was killed, {target} is free by itself at {free:%Y-%m-%d %H:%M:%S} UTC, "
        f"and at once by `seatwise release {target}`.",
    )


def _require_open(connection: Connection, run_id: str) -> None:
    finished = select(tables.runs.c.finished_at).where(tables.runs.c.run_id == run_id)
    if connection.scalar(finished) is not None:
        raise RunClosed(
            f"run {run_id} was closed while it was at work: it had been silent for too long, or its target "
            "was released by hand",
            "Nothing more is written by it. The next run finds out what it had begun, and goes on.",
        )
