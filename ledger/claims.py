"""Claims: one run at a time writes a target."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from ledger import tables
from ledger.errors import TargetBusy
from ledger.runs import require_run
from ledger.store import Store


class Claims(Store):
    """The part of the ledger that keeps two runs from writing one target at the same time."""

    def claim(self, run_id: str, target: str, *, at: datetime, until: datetime) -> None:
        """Take a target for a run, or keep it for longer.

        Args:
            run_id: run that writes.
            target: the target.
            at: aware time of now.
            until: when the claim runs out unless it is renewed; a crashed run renews nothing.

        Raises:
            TargetBusy: another run holds it.
            UnknownRun: no such run.
        """
        c = tables.claims.c
        with self._writing(alone_on=tables.claims) as connection:
            require_run(connection, run_id)
            claim = connection.execute(select(c.run_id, c.until).where(c.target == target)).one_or_none()
            if claim is not None and claim.run_id != run_id and claim.until > at:
                raise TargetBusy(
                    f"run {claim.run_id} is writing {target}",
                    f"Let it end. If it was killed, its claim runs out at {claim.until:%H:%M:%S} UTC.",
                )
            connection.execute(delete(tables.claims).where(c.target == target))
            connection.execute(insert(tables.claims), {"target": target, "run_id": run_id, "until": until})

    def release(self, run_id: str, target: str) -> None:
        """Give a target back; one that another run took meanwhile stays theirs."""
        c = tables.claims.c
        with self._writing(alone_on=tables.claims) as connection:
            connection.execute(delete(tables.claims).where(c.target == target, c.run_id == run_id))
