"""The write-ahead journal: intents before the writes, outcomes after them.

An intent is durable before its write leaves. One without an outcome means that nobody knows whether
the write happened: it is settled by reading the target and recording what is found, never by
repeating the write.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, false, func, select, true, update
from sqlalchemy.exc import IntegrityError

from ledger import tables
from ledger.asking import ask_by
from ledger.errors import AlreadyIntended, UnknownChange, UnknownPlan
from ledger.identifiers import resolve
from ledger.runs import INTERRUPTED, require_run
from ledger.store import Store, chunks, insert_rows
from provisioning.model.frames import Changes, Outcomes, columns
from provisioning.model.terms import Action, Status

_MADE = [Status.APPLIED.value, Status.PROPAGATING.value]
_ENDS = [Action.SUSPEND.value, Action.DEACTIVATE.value, Action.DELETE.value]
_BEGINS = [Action.RESTORE.value, Action.REACTIVATE.value, Action.CANCEL_DELETE.value]


class Journal(Store):
    """The part of the ledger that knows what was written outside."""

    def intend(self, run_id: str, change_ids: Sequence[str], fingerprint: str, at: datetime) -> None:
        """Keep that these changes are about to be written; durable when this returns.

        A run that intends the same change twice before its outcome intends it once.

        Args:
            run_id: run that writes.
            change_ids: changes of the plan.
            fingerprint: the plan.
            at: aware time.

        Raises:
            UnknownRun: no such run.
            UnknownChange: the ledger holds no such plan, or the plan no such change.
            AlreadyIntended: another run began one of them and never said how it ended.
        """
        try:
            with self._writing(alone_on=tables.intents) as connection:
                require_run(connection, run_id)
                mine = _open_intents(connection, run_id, fingerprint, change_ids)
                row = {"run_id": run_id, "fingerprint": fingerprint, "at": at, "settled": False}
                fresh = [change for change in dict.fromkeys(change_ids) if change not in mine]
                insert_rows(connection, tables.intents, [{**row, "change_id": change} for change in fresh])
        except IntegrityError as error:
            raise _refusal(fingerprint) from error

    def begun(self, run_id: str) -> list[str]:
        """Fingerprints of the plans of which a run intended changes, in the order it began."""
        c = tables.intents.c
        query = select(c.fingerprint).where(c.run_id == run_id).group_by(c.fingerprint)
        with self._reading() as connection:
            return list(connection.scalars(query.order_by(func.min(c.seq))))

    def wrote_since(self, target: str, at: datetime, *, others_than: Collection[str]) -> bool:
        """Whether other runs than these have made changes in a target since then."""
        changes, outcomes = tables.changes, tables.outcomes
        same = (changes.c.fingerprint == outcomes.c.fingerprint) & (
            changes.c.change_id == outcomes.c.change_id
        )
        query = select(outcomes.c.seq).join_from(outcomes, changes, same).limit(1)
        query = query.where(changes.c.target == target, outcomes.c.at >= at, outcomes.c.status.in_(_MADE))
        query = query.where(outcomes.c.intended_by.not_in(others_than))
        with self._reading() as connection:
            return connection.scalar(query) is not None

    def withdraw(self, run_id: str, fingerprint: str, change_ids: Sequence[str]) -> None:
        """Keep that changes a run intended were not sent after all: nothing about them is in doubt."""
        c = tables.intents.c
        mine = update(tables.intents).where(c.run_id == run_id, c.fingerprint == fingerprint)
        with self._writing() as connection:
            for part in chunks(change_ids):
                unsent = mine.where(c.change_id.in_(part), c.settled == false())
                connection.execute(unsent.values(settled=true()))

    def record(self, run_id: str, fingerprint: str, outcomes: pd.DataFrame) -> None:
        """Keep how changes ended, and settle their intents, whichever run wrote them.

        Each outcome is kept with the run that intended the change, which may have died since; what was
        so already when it was looked at was intended by none.

        Args:
            run_id: run that found out.
            fingerprint: the plan.
            outcomes: an Outcomes frame.

        Raises:
            UnknownRun: no such run.
            UnknownChange: the ledger holds no such plan, or the plan no such change.
        """
        rows = tables.records(outcomes[columns(Outcomes)], run_id=run_id, fingerprint=fingerprint)
        try:
            with self._writing() as connection:
                require_run(connection, run_id)
                makers = _makers(connection, run_id, fingerprint, [row["change_id"] for row in rows])
                rows = [{**row, "intended_by": makers.get(row["change_id"])} for row in rows]
                insert_rows(connection, tables.outcomes, rows)
                _settle(connection, fingerprint, [row["change_id"] for row in rows])
        except IntegrityError as error:
            raise _refusal(fingerprint) from error

    def outcomes(
        self,
        fingerprint: str,
        runs: Collection[str] | None = None,
        *,
        intended_by: Collection[str] | None = None,
        changes: Collection[str] | None = None,
    ) -> pd.DataFrame:
        """The last outcome of each change of a plan that was tried, in the order they were recorded.

        Args:
            fingerprint: the plan, or the beginning of its fingerprint.
            runs: count only what these runs recorded; a plan can be come to, and applied, more than once.
            intended_by: count only what these runs made, whichever run found out how it ended.
            changes: only of these changes.

        Returns:
            An Outcomes frame.

        Raises:
            UnknownPlan: no plan begins so.
            AmbiguousIdentifier: several plans begin so.
        """
        c = tables.outcomes.c
        shown = tables.picked(tables.outcomes, Outcomes)
        with self._reading() as connection:
            found = resolve(ask_by(connection), "plans", "fingerprint", fingerprint, UnknownPlan)
            last = select(func.max(c.seq)).where(c.fingerprint == found).group_by(c.change_id)
            last = last.where(c.run_id.in_(runs)) if runs is not None else last
            last = last.where(c.intended_by.in_(intended_by)) if intended_by is not None else last
            last = last.where(c.change_id.in_(changes)) if changes is not None else last
            rows = connection.execute(select(*shown).where(c.seq.in_(last)).order_by(c.seq)).all()
        return tables.frame(rows, shown)

    def written(self, runs: Collection[str]) -> list[str]:
        """Fingerprints of the plans of which these runs made changes, in the order they began.

        Whether they lived to see how they ended makes no difference.
        """
        c = tables.outcomes.c
        with self._reading() as connection:
            query = select(c.fingerprint).where(c.intended_by.in_(runs)).group_by(c.fingerprint)
            return list(connection.scalars(query.order_by(func.min(c.seq))))

    def made_since(self, at: datetime) -> pd.DataFrame:
        """What Seatwise changed in accounts after a moment, the latest first, and who let it.

        Returns:
            Columns target, account_id, action, entitlement, rule, run_id, at and approved_by (all who
            approved the plan; null of one that needed nobody).
        """
        changes, outcomes, approvals = tables.changes, tables.outcomes, tables.approvals
        same = (changes.c.fingerprint == outcomes.c.fingerprint) & (
            changes.c.change_id == outcomes.c.change_id
        )
        account = func.coalesce(changes.c.account_id, outcomes.c.account_id).label("account_id")
        c = changes.c
        shown = [c.target, account, c.action, c.entitlement, c.rule, outcomes.c.intended_by, outcomes.c.at]
        made = outcomes.c.status.in_(_MADE) & outcomes.c.intended_by.is_not(None) & (outcomes.c.at > at)
        query = select(*shown, c.fingerprint).join_from(outcomes, changes, same).where(made)
        let = select(approvals.c.fingerprint, approvals.c.by).where(approvals.c.decision == tables.APPROVED)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(outcomes.c.seq.desc())).all()
            who: dict[str, list[str]] = {}
            for fingerprint, by in connection.execute(let.distinct().order_by(approvals.c.by)):
                who.setdefault(fingerprint, []).append(by)
        names = ["target", "account_id", "action", "entitlement", "rule", "run_id", "at", "fingerprint"]
        found = pd.DataFrame([tuple(row) for row in rows], columns=names)
        by = found["fingerprint"].map({plan: ", ".join(people) for plan, people in who.items()})
        return found.drop(columns="fingerprint").assign(approved_by=by)

    def ended(self, target: str) -> frozenset[str]:
        """Accounts that Seatwise suspended, deactivated or deleted, and nobody has brought back since."""
        changes, outcomes, back = tables.changes, tables.outcomes, tables.brought_back.c
        same = (changes.c.fingerprint == outcomes.c.fingerprint) & (
            changes.c.change_id == outcomes.c.change_id
        )
        made = outcomes.c.status.in_(_MADE) & outcomes.c.intended_by.is_not(None)
        shown = [changes.c.account_id, changes.c.action, outcomes.c.at]
        query = select(*shown).join_from(outcomes, changes, same)
        query = query.where(changes.c.target == target, changes.c.action.in_([*_ENDS, *_BEGINS]), made)
        seen = select(back.account_id, back.at).where(back.target == target)
        with self._reading() as connection:
            last = {row.account_id: row for row in connection.execute(query.order_by(outcomes.c.seq))}
            since = {row.account_id: row.at for row in connection.execute(seen)}
        return frozenset(
            account
            for account, row in last.items()
            if row.action in _ENDS and (account not in since or since[account] <= row.at)
        )

    def bring_back(self, target: str, accounts: Collection[str], at: datetime) -> None:
        """Keep that a read of that moment showed accounts active which Seatwise had ended."""
        back = tables.brought_back
        with self._writing() as connection:
            for part in chunks(sorted(accounts)):
                mine = (back.c.target == target) & back.c.account_id.in_(part)
                connection.execute(delete(back).where(mine))
                insert_rows(
                    connection, back, [{"target": target, "account_id": one, "at": at} for one in part]
                )

    def carried_out(self, fingerprint: str, *, others_than: Collection[str]) -> datetime | None:
        """When runs that came to their end last had a plan to make, these aside; None if none did.

        However its changes ended. What a run settled for a killed one counts for neither.
        """
        o, r = tables.outcomes.c, tables.runs.c
        ended = r.verdict.is_not(None) & (r.verdict != INTERRUPTED) & r.run_id.not_in(others_than)
        whose = func.coalesce(o.intended_by, o.run_id)
        query = select(func.max(o.at)).join_from(tables.outcomes, tables.runs, whose == r.run_id)
        with self._reading() as connection:
            last: datetime | None = connection.scalar(query.where(o.fingerprint == fingerprint, ended))
        return last

    def unsettled(self, target: str | None = None) -> pd.DataFrame:
        """Changes that were about to be written and have no outcome, oldest first.

        Returns:
            A Changes frame with two more columns: the plan's fingerprint and the run that intended it.
        """
        changes, intents = tables.changes, tables.intents
        shown = [*tables.picked(changes, Changes), intents.c.fingerprint, intents.c.run_id]
        same = (changes.c.fingerprint == intents.c.fingerprint) & (changes.c.change_id == intents.c.change_id)
        query = select(*shown).join_from(intents, changes, same).where(intents.c.settled == false())
        query = query.where(changes.c.target == target) if target is not None else query
        return self._frame(query.order_by(intents.c.seq), shown)


def _open_intents(
    connection: Connection, run_id: str, fingerprint: str, change_ids: Sequence[str]
) -> set[str]:
    c = tables.intents.c
    unsettled = select(c.change_id, c.run_id).where(c.fingerprint == fingerprint, c.settled == false())
    parts = (connection.execute(unsettled.where(c.change_id.in_(part))) for part in chunks(change_ids))
    runs = {row.change_id: row.run_id for part in parts for row in part}
    others = [change for change in change_ids if runs.get(change, run_id) != run_id]
    if others:
        raise AlreadyIntended(
            f"run {runs[others[0]]} began {len(others)} of these changes of plan {fingerprint} "
            f"and did not say how they ended, the first is {others[0]}",
            "Let that run end; the next `seatwise sync` or `seatwise apply` finds out how its changes ended.",
        )
    return set(runs)


def _makers(
    connection: Connection, run_id: str, fingerprint: str, change_ids: Sequence[str]
) -> dict[str, str]:
    """The run that makes each of some changes: the one whose intent is open, else this one if it had any."""
    c = tables.intents.c
    mine = (c.settled == false()) | (c.run_id == run_id)
    # An open intent comes last, so it wins over a settled one.
    listed = select(c.change_id, c.run_id).where(c.fingerprint == fingerprint, mine)
    ordered = listed.order_by(c.settled.desc(), c.seq)
    parts = (connection.execute(ordered.where(c.change_id.in_(part))) for part in chunks(change_ids))
    return {row.change_id: row.run_id for part in parts for row in part}


def _settle(connection: Connection, fingerprint: str, change_ids: Sequence[str]) -> None:
    c = tables.intents.c
    mine = update(tables.intents).where(c.fingerprint == fingerprint, c.settled == false())
    for part in chunks(change_ids):
        connection.execute(mine.where(c.change_id.in_(part)).values(settled=true()))


def _refusal(fingerprint: str) -> UnknownChange:
    return UnknownChange(
        f"the ledger holds no such change under plan {fingerprint}",
        "Report this: only changes of a stored plan may be written.",
    )
