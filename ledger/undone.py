"""What people took back: the same rule does not make it again until somebody lifts that, or it changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pandas as pd
from sqlalchemy import delete, func, select

from ledger import tables
from ledger.store import Store, chunks, insert_rows
from provisioning.model.terms import Status
from provisioning.model.text import fold

SUSPENDED = ["target", "account_id", "rule", "action", "entitlement_id"]
"""What names a rule that is suspended for a person."""


class Undone(Store):
    """The part of the ledger that remembers what was taken back."""

    def suspend_rules(self, target: str, rows: pd.DataFrame, *, run_id: str, at: datetime) -> None:
        """Keep that rules no longer make a change for some people.

        Args:
            target: the target.
            rows: account_id, rule, action (the one not to be made again), entitlement_id (empty where it is
                whatever the rule does), entitlement (its name, or null), subject and rule_digest.
            run_id: run that was taken back.
            at: aware time.
        """
        once = rows.drop_duplicates(SUSPENDED[1:])
        shown = once[[*SUSPENDED[1:], "entitlement", "subject", "rule_digest"]]
        with self._writing(alone_on=tables.undone) as connection:
            self._forget(target, once)
            insert_rows(connection, tables.undone, tables.records(shown, target=target, run_id=run_id, at=at))

    def resume_rules(self, target: str, rows: pd.DataFrame) -> None:
        """Forget that rules were suspended, named as in `SUSPENDED`; others are passed over."""
        with self._writing(alone_on=tables.undone):
            self._forget(target, rows)

    def suspended_rules(self, target: str | None = None) -> pd.DataFrame:
        """Which rules are suspended for whom.

        Columns: those of `SUSPENDED`, entitlement, subject, run_id, rule_digest, at.
        """
        c = tables.undone.c
        shown = [*(c[name] for name in SUSPENDED), c.entitlement, c.subject, c.run_id, c.rule_digest, c.at]
        query = select(*shown).order_by(*shown[: len(SUSPENDED)])
        return self._frame(query.where(c.target == target) if target is not None else query, shown)

    def lift(self, run_id: str | None = None, only: Collection[str] = ()) -> pd.DataFrame:
        """Let rules act again that were suspended.

        Args:
            run_id: run that was taken back; every one if left out.
            only: e-mail addresses; everyone if empty.

        Returns:
            What was suspended and is no longer, as `suspended_rules` gives it.
        """
        found = self.suspended_rules()
        wanted = {fold(email) for email in only}
        chosen = found[found["subject"].map(fold).isin(wanted)] if wanted else found
        chosen = chosen[chosen["run_id"] == run_id] if run_id is not None else chosen
        with self.together():
            for target, rows in chosen.groupby("target"):
                self.resume_rules(str(target), rows)
        return chosen.reset_index(drop=True)

    def made_after(self, runs: Collection[str], changes: Collection[str]) -> frozenset[str]:
        """Which of some changes, named by their identifiers, were made after these runs had made their last.

        A change is the same in every plan, whatever asked for it: so the inverse of what a run made is found,
        whoever took that back.
        """
        c = tables.outcomes.c
        made = c.status.in_([Status.APPLIED.value, Status.PROPAGATING.value]) & c.intended_by.is_not(None)
        last = select(func.max(c.seq)).where(c.intended_by.in_(runs)).scalar_subquery()
        query = select(c.change_id).where(made, c.seq > last)
        with self._reading() as connection:
            parts = (
                connection.scalars(query.where(c.change_id.in_(some))) for some in chunks(sorted(changes))
            )
            return frozenset(change for part in parts for change in part)

    def _forget(self, target: str, rows: pd.DataFrame) -> None:
        c = tables.undone.c
        keys = rows[SUSPENDED[1:]].drop_duplicates().itertuples(index=False, name=None)
        with self._writing() as connection:
            for key in keys:
                mine = [c[name] == value for name, value in zip(SUSPENDED[1:], key, strict=True)]
                connection.execute(delete(tables.undone).where(c.target == target, *mine))
