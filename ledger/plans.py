"""Plans and who approved them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, false, func, insert, select

from ledger import tables
from ledger.asking import ask_by
from ledger.errors import PlanMismatch, UnknownPlan
from ledger.identifiers import resolve
from ledger.runs import require_run
from ledger.store import Store, insert_rows
from provisioning.model.frames import Changes, columns

NEEDS_APPROVAL = "needs approval"
"""Verdict of a run that left a plan to a person."""
PLANNED = (
    "fingerprint", "target", "run_id", "policy_fingerprint", "blocked_by", "created", "undoes", "partial",
    "asked_for",
)  # fmt: skip
"""What is stored of a plan beside its changes."""


@dataclass(frozen=True)
class StoredPlan:
    """A plan for one target, and the run that came to it last."""

    fingerprint: str
    """Of the target, the policy and the changes."""
    target: str
    run_id: str
    policy_fingerprint: str
    blocked_by: list[str]
    """Why a person must approve it first; empty when nobody need."""
    created: datetime
    changes: pd.DataFrame
    """A Changes frame; the ledger gives it back row for row."""
    undoes: str | None = None
    """Run that the plan takes back."""
    partial: bool = False
    """Whether it was restricted to some people, and so does not say what the policy does to everyone."""
    asked_for: list[str] | None = None
    """The addresses of these people; None where it was of everyone, or where nobody knows them any more."""

    @property
    def whole(self) -> bool:
        """Whether it is all that the policy asks for in the target."""
        return self.undoes is None and not self.partial


class Plans(Store):
    """The part of the ledger that knows the plans."""

    def store_plan(self, plan: StoredPlan) -> None:
        """Keep a plan for one target of a run; a second time changes nothing.

        A plan that an earlier run came to as well is kept once and belongs to both runs.

        Raises:
            UnknownRun: no such run.
            PlanMismatch: another number of changes is stored under the fingerprint.
        """
        row = {name: getattr(plan, name) for name in PLANNED}
        with self._writing(alone_on=tables.planned) as connection:
            require_run(connection, plan.run_id)
            self._store_changes(connection, plan.fingerprint, plan.changes)
            same = [tables.planned.c[name] == row[name] for name in ("run_id", "target", "fingerprint")]
            if connection.scalar(select(tables.planned.c.seq).where(*same)) is None:
                connection.execute(insert(tables.planned), row)

    def _store_changes(self, connection: Connection, fingerprint: str, changes: pd.DataFrame) -> None:
        known = select(tables.plans.c.size).where(tables.plans.c.fingerprint == fingerprint)
        size = connection.scalar(known)
        if size is None:
            connection.execute(insert(tables.plans), {"fingerprint": fingerprint, "size": len(changes)})
            numbered = changes[columns(Changes)].assign(nth=range(len(changes)))
            insert_rows(connection, tables.changes, tables.records(numbered, fingerprint=fingerprint))
        elif size != len(changes):
            raise PlanMismatch(
                f"plan {fingerprint} is stored with {size} changes and was given with {len(changes)}",
                "Plan again. If it happens again, report it: the fingerprint does not cover the whole plan.",
            )

    def plan(self, fingerprint: str) -> StoredPlan:
        """One plan, by its fingerprint or the beginning of it.

        Raises:
            UnknownPlan: no plan begins so; the error names the nearest.
            AmbiguousIdentifier: several plans begin so.
        """
        with self._reading() as connection:
            found = resolve(ask_by(connection), "plans", "fingerprint", fingerprint, UnknownPlan)
            newest = (
                _planned().where(tables.planned.c.fingerprint == found).order_by(tables.planned.c.seq.desc())
            )
            return _stored(connection, connection.execute(newest.limit(1)).one())

    def undoes(self, fingerprint: str) -> str | None:
        """The run that a plan takes back, by the plan's whole fingerprint; None for any other plan."""
        p = tables.planned.c
        newest = select(p.undoes).where(p.fingerprint == fingerprint).order_by(p.seq.desc()).limit(1)
        with self._reading() as connection:
            return connection.scalar(newest)

    def later_plans(self, plan: StoredPlan) -> list[StoredPlan]:
        """The plans of a target since one was last come to that still count; none that takes a run back.

        Newest first: those of some people, and at last one of everyone. One of nobody knows whom may be it.
        """
        p = tables.planned.c
        same = (p.fingerprint == plan.fingerprint) & (p.target == plan.target)
        since = select(func.max(p.seq)).where(same).scalar_subquery()
        later = (p.target == plan.target) & p.undoes.is_(None) & (p.seq > since)
        everyone = select(func.max(p.seq)).where(later, p.asked_for.is_(None)).scalar_subquery()
        query = _planned().where(later, p.seq >= func.coalesce(everyone, 0)).order_by(p.seq.desc())
        with self._reading() as connection:
            return [_stored(connection, row) for row in connection.execute(query).all()]

    def last_planned(self, target: str) -> datetime | None:
        """When all that the policy asks for in a target was last decided; None where it never was."""
        p = tables.planned.c
        whole = (p.target == target) & p.undoes.is_(None) & (p.partial == false())
        last = select(p.created).where(whole).order_by(p.seq.desc()).limit(1)
        with self._reading() as connection:
            found: datetime | None = connection.scalar(last)
        return found

    def plans(self, run_id: str) -> list[StoredPlan]:
        """The plans of a run, in the order they were stored.

        Raises:
            UnknownRun: no such run.
        """
        with self._reading() as connection:
            require_run(connection, run_id)
            mine = _planned().where(tables.planned.c.run_id == run_id).order_by(tables.planned.c.seq)
            return [_stored(connection, row) for row in connection.execute(mine).all()]

    def approve(
        self, fingerprint: str, *, by: str, reason: str, at: datetime, decision: str = tables.APPROVED
    ) -> None:
        """Keep what a person decided about a plan, named by its fingerprint or the beginning of it.

        Raises:
            UnknownPlan: no plan begins so.
            AmbiguousIdentifier: several plans begin so.
        """
        with self._writing() as connection:
            found = resolve(ask_by(connection), "plans", "fingerprint", fingerprint, UnknownPlan)
            row = {"fingerprint": found, "by": by, "reason": reason, "at": at, "decision": decision}
            connection.execute(insert(tables.approvals), row)

    def last_approved(self, target: str) -> tuple[str, datetime] | None:
        """Run and time of the plan of a target that a person approved last; None where nobody ever did.

        Of several runs that came to that plan the first counts. Whoever approved a plan for some people alone
        has not seen what the others lose.
        """
        a, p = tables.approvals.c, tables.planned.c
        query = (
            select(p.run_id, p.created)
            .join(tables.approvals, a.fingerprint == p.fingerprint)
            .where(p.target == target, p.partial.is_(False), p.undoes.is_(None))
            .where(a.decision == tables.APPROVED)
            .order_by(a.at.desc(), p.seq)
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.run_id, row.created)

    def approvals(self, fingerprint: str) -> pd.DataFrame:
        """Who approved a plan since it was last rejected, first approval first; as `decisions`.

        Raises:
            UnknownPlan: no plan begins so.
            AmbiguousIdentifier: several plans begin so.
        """
        decided = self.decisions(fingerprint)
        rejected = decided["decision"].eq(tables.REJECTED)
        return decided[rejected[::-1].cumsum()[::-1].eq(0).to_numpy()].reset_index(drop=True)

    def undecided(
        self, target: str, *, since: datetime, fingerprint: str | None = None
    ) -> list[tuple[str, str]]:
        """Runs of Prefect that came to a plan of a target since then and left it to a person, newest first.

        Args:
            target: the target.
            since: aware time.
            fingerprint: the plan, whole; any if left out.

        Returns:
            Run and Prefect flow run.
        """
        r, p = tables.runs.c, tables.planned.c
        query = select(r.run_id, r.flow_run).join_from(tables.planned, tables.runs, p.run_id == r.run_id)
        query = query.where(p.target == target, p.created >= since, r.flow_run.is_not(None))
        query = query.where(r.verdict == NEEDS_APPROVAL).order_by(p.seq.desc())
        query = query.where(p.fingerprint == fingerprint) if fingerprint is not None else query
        with self._reading() as connection:
            return [(row.run_id, row.flow_run) for row in connection.execute(query)]

    def decisions(self, fingerprint: str) -> pd.DataFrame:
        """What people decided about a plan, first one first: fingerprint, by, reason, at, decision.

        Raises:
            UnknownPlan: no plan begins so.
            AmbiguousIdentifier: several plans begin so.
        """
        shown = [c for c in tables.approvals.c if c.name != "seq"]
        with self._reading() as connection:
            found = resolve(ask_by(connection), "plans", "fingerprint", fingerprint, UnknownPlan)
            given = (
                select(*shown).where(tables.approvals.c.fingerprint == found).order_by(tables.approvals.c.seq)
            )
            return tables.frame(connection.execute(given).all(), shown)


def _planned() -> Any:
    return select(*(tables.planned.c[name] for name in PLANNED))


def _stored(connection: Connection, row: Row[Any]) -> StoredPlan:
    shown = tables.picked(tables.changes, Changes)
    listed = (
        select(*shown).where(tables.changes.c.fingerprint == row.fingerprint).order_by(tables.changes.c.nth)
    )
    return StoredPlan(**row._asdict(), changes=tables.frame(connection.execute(listed).all(), shown))
