"""What is remembered of people who are long gone: found, deleted, or stripped of names.

Someone is long gone when neither a source nor a target lists them, no link holds, and nothing was written
about them since a moment. Where an origin has never been read whole, nobody of it is gone: nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, delete, false, func, or_, select, update

from ledger import seat_tables, tables
from ledger.store import chunks

HIDDEN = "(removed)"
"""What stands where a name, an address or a reason was."""
REMEMBERING = (
    tables.links, tables.leavers, tables.owned, tables.taken, tables.undone, tables.brought_back,
    tables.doubted,
)  # fmt: skip
"""Tables with a row for an account."""
Present = Mapping[str, set[str] | None]
"""By source and target the policy names, the identifiers it lists; None where that is not known."""
Key = tuple[str, str]


class PeopleGone:
    """Tells who is gone since before a moment."""

    def __init__(self, connection: Connection, before: datetime, present: Present) -> None:
        """Read which accounts and identities were linked or written about since."""
        self._connection, self._before, self._present = connection, before, present
        links = tables.links.c
        held = or_(links.unlinked_at.is_(None), links.unlinked_at >= before)
        recent = connection.execute(
            select(links.target, links.account_id, links.source, links.source_id).where(held)
        ).all()
        self._accounts: set[Key] = {(row.target, row.account_id) for row in recent}
        self._identities: set[Key] = {(row.source, row.source_id) for row in recent}
        for table, at in ((tables.leavers, "since"), (tables.owned, "at"), (tables.undone, "at")):
            keys = select(table.c.target, table.c.account_id).where(table.c[at] >= before)
            self._accounts |= {(row.target, row.account_id) for row in connection.execute(keys)}

    def forget(self) -> int:
        """Delete their rows and hide their names; return how many rows that concerns."""
        count = self._connection.execute(
            delete(tables.links).where(tables.links.c.unlinked_at < self._before)
        ).rowcount
        self._connection.execute(delete(tables.link_copies))
        for table in REMEMBERING:
            count += self._forget_accounts(table)
        return count + self._forget_first_days() + self._hide_names() + self._forget_asked_for()

    def _forget_first_days(self) -> int:
        """Delete when people who are gone were first stated."""
        c = seat_tables.seat_identities.c
        old = select(c.source, c.source_id).where(c.first_day < self._before.date())
        gone = [
            {"origin": row.source, "identifier": row.source_id}
            for row in self._connection.execute(old).all()
            if self._is_gone(self._identities, row.source, row.source_id)
        ]
        mine = (c.source == bindparam("origin")) & (c.source_id == bindparam("identifier"))
        statement = delete(seat_tables.seat_identities).where(mine)
        return sum(self._connection.execute(statement, part).rowcount for part in chunks(gone))

    def _forget_accounts(self, table: Table) -> int:
        keys = self._connection.execute(select(table.c.target, table.c.account_id).distinct()).all()
        gone = [
            {"target_": row.target, "account": row.account_id}
            for row in keys
            if self._is_gone(self._accounts, row.target, row.account_id)
        ]
        statement = delete(table).where(
            table.c.target == bindparam("target_"), table.c.account_id == bindparam("account")
        )
        return sum(self._connection.execute(statement, part).rowcount for part in chunks(gone))

    def _is_gone(self, recent: set[Key], origin: str, identifier: str | None) -> bool:
        """Whether an origin does not list an identifier; nobody stands behind one that is null."""
        if identifier is None:
            return True
        listed = self._present.get(origin, set())
        return listed is not None and identifier not in listed and (origin, identifier) not in recent

    def _hide_names(self) -> int:
        """Take names, addresses and values out of old changes of people who are gone."""
        changes, outcomes = tables.changes, tables.outcomes
        same = (outcomes.c.fingerprint == changes.c.fingerprint) & (
            outcomes.c.change_id == changes.c.change_id
        )
        account = func.coalesce(changes.c.account_id, outcomes.c.account_id).label("account")
        query = (
            select(changes, account)
            .outerjoin(outcomes, same)
            .where(changes.c.fingerprint.not_in(self._young_plans()), changes.c.subject != HIDDEN)
        )
        gone = {
            (row.fingerprint, row.change_id)
            for row in self._connection.execute(query)
            if (row.account is not None or row.source_id is not None)
            and self._is_gone(self._accounts, row.target, row.account)
            and self._is_gone(self._identities, row.source, row.source_id)
        }
        keys = [{"plan": plan, "change": change} for plan, change in sorted(gone)]
        for table, hidden in (
            (
                changes,
                {"subject": HIDDEN, "before": "{}", "after": "{}", "reason": HIDDEN, "reversible": False},
            ),
            (outcomes, {"message": None}),
        ):
            mine = (table.c.fingerprint == bindparam("plan")) & (table.c.change_id == bindparam("change"))
            for part in chunks(keys):
                self._connection.execute(update(table).where(mine).values(hidden), part)
        return len(gone)

    def _forget_asked_for(self) -> int:
        """Forget for whom old plans were asked: nothing is decided by it once they are too old to be made."""
        p = tables.planned.c
        old = update(tables.planned).where(p.created < self._before, p.asked_for.is_not(None))
        return self._connection.execute(old.values(asked_for=None)).rowcount

    def _young_plans(self) -> set[str]:
        """Plans that were come to or written since, or are being written."""
        planned, intents, outcomes = tables.planned.c, tables.intents.c, tables.outcomes.c
        queries = (
            select(planned.fingerprint).where(planned.created >= self._before),
            select(intents.fingerprint).where(or_(intents.settled == false(), intents.at >= self._before)),
            select(outcomes.fingerprint).where(outcomes.at >= self._before),
        )
        return {plan for query in queries for plan in self._connection.scalars(query.distinct())}
