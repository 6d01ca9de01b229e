"""What is remembered of a target from run to run: links, leavers, what is ours, what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, or_, select, update

from ledger import tables
from ledger.link_copies import ORDER, LinkCopies, same_links
from ledger.store import Store, chunks, insert_rows
from provisioning.model.frames import Links, Taken, columns

ASSIGNED = list(tables.KEY[1:])


class Memory(Store):
    """The part of the ledger that remembers a target."""

    def links(self, target: str, *, at: datetime | None = None) -> pd.DataFrame:
        """The links of a target: a Links frame sorted by account.

        Args:
            target: the target.
            at: aware time of which they are; None means as last saved.
        """
        with self._reading() as connection:
            copied = None if at is not None else LinkCopies(connection, self._frame_files).load(target)
            return copied if copied is not None else self._saved_links(target, at)

    def _saved_links(self, target: str, at: datetime | None = None) -> pd.DataFrame:
        c = tables.links.c
        shown = tables.picked(tables.links, Links)
        still = c.unlinked_at.is_(None)
        holds = still if at is None else and_(c.linked_at <= at, or_(still, c.unlinked_at > at))
        current = select(*shown).where(c.target == target, holds)
        return self._frame(current.order_by(*(c[name] for name in ORDER)), shown)

    def save_links(self, target: str, links: pd.DataFrame, at: datetime) -> None:
        """Replace the links of a target at once; what is no longer linked stays in the history.

        Args:
            target: the target; rows of another one are refused.
            links: a Links frame with every link of the target.
            at: aware time of what is new or gone.

        Raises:
            ValueError: a row belongs to another target.
        """
        _only(target, links)
        with self._writing(alone_on=tables.links) as connection:
            copies = LinkCopies(connection, self._frame_files)
            copied = copies.load(target)
            if copied is not None and same_links(copied, links):
                return
            saved = copied if copied is not None else self._saved_links(target)
            self._change_links(connection, saved, links, at)
            copies.save(target, links)

    def _change_links(
        self, connection: Connection, saved: pd.DataFrame, links: pd.DataFrame, at: datetime
    ) -> None:
        """Bring the table from what is saved of a target to what shall be; rows that stay stay untouched."""
        c, key = tables.links.c, columns(Links)
        both = saved.merge(links[key], on=key, how="outer", validate="one_to_one", indicator="where")
        gone = tables.records(both.loc[both["where"] == "left_only", key])
        same = [c[name] == bindparam(f"{name}_") for name in key]
        unlink = update(tables.links).where(c.unlinked_at.is_(None), *same).values(unlinked_at=at)
        for part in chunks([{f"{name}_": row[name] for name in key} for row in gone]):
            connection.execute(unlink, part)
        new = both.loc[both["where"] == "right_only", key]
        insert_rows(connection, tables.links, tables.records(new, linked_at=at, unlinked_at=None))

    def link(self, target: str, links: pd.DataFrame, at: datetime) -> None:
        """Link some accounts; what they were linked with before stays in the history.

        Args:
            target: the target; rows of another one are refused.
            links: a Links frame.
            at: aware time.

        Raises:
            ValueError: a row belongs to another target.
        """
        _only(target, links)
        c = tables.links.c
        former = update(tables.links).where(c.target == target, c.unlinked_at.is_(None))
        with self._writing(alone_on=tables.links) as connection:
            LinkCopies(connection, self._frame_files).forget(target)
            for part in chunks(links["account_id"].tolist()):
                connection.execute(former.where(c.account_id.in_(part)).values(unlinked_at=at))
            rows = tables.records(links[columns(Links)], linked_at=at, unlinked_at=None)
            insert_rows(connection, tables.links, rows)

    def leavers(self, target: str) -> pd.DataFrame:
        """Accounts of leavers, since when they are known as such and why: account_id, since, cause."""
        c = tables.leavers.c
        shown = [c.account_id, c.since, c.cause]
        return self._frame(select(*shown).where(c.target == target).order_by(c.account_id), shown)

    def save_leavers(self, target: str, leavers: pd.DataFrame) -> None:
        """Replace the leavers of a target at once.

        Args:
            target: the target.
            leavers: account_id, since and cause; of an account named twice the earliest counts.
        """
        first = leavers[["account_id", "since", "cause"]].sort_values("since").drop_duplicates("account_id")
        self._replace(tables.leavers, target, tables.records(first, target=target))

    def doubted(self, target: str) -> pd.DataFrame:
        """Accounts that nobody may say whose they are: account_id, source, source_id, number, reason."""
        c = tables.doubted.c
        shown = [c.account_id, c.source, c.source_id, c.number, c.reason]
        return self._frame(select(*shown).where(c.target == target).order_by(c.account_id), shown)

    def save_doubted(self, target: str, doubted: pd.DataFrame) -> None:
        """Replace the doubts of a target at once; each row is of another account."""
        self._replace(tables.doubted, target, tables.records(doubted, target=target))

    def owned(self, target: str) -> pd.DataFrame:
        """What Seatwise made or was told to adopt: account_id, kind, entitlement_id, how.

        A null entitlement is the account itself.
        """
        c = tables.owned.c
        shown = [c.account_id, c.kind, c.entitlement_id, c.how]
        found = self._frame(select(*shown).where(c.target == target).order_by(*shown[:3]), shown)
        return found.assign(**{name: found[name].mask(found[name] == "") for name in ASSIGNED[1:]})

    def granted(self, target: str) -> pd.DataFrame:
        """When Seatwise granted what it owns: account_id, entitlement_id, at."""
        c = tables.owned.c
        shown = [c.account_id, c.entitlement_id, c.at]
        mine = select(*shown).where(c.target == target, c.entitlement_id != "", c.how == "made")
        return self._frame(mine.order_by(*shown), shown)

    def own(self, target: str, rows: pd.DataFrame, at: datetime) -> None:
        """Add what is ours from now on; what is ours already stays as it is.

        Args:
            target: the target.
            rows: account_id, kind, entitlement_id (null for the account itself), how (made or adopted).
            at: aware time.
        """
        self._add(
            tables.owned, target, tables.records(_keyed(rows).assign(how=rows["how"]), target=target, at=at)
        )

    def disown(self, target: str, rows: pd.DataFrame) -> None:
        """Forget that these are ours; what is not ours is passed over.

        Args:
            target: the target.
            rows: account_id, kind, entitlement_id (null for the account itself).
        """
        c = tables.owned.c
        keys = [{f"{name}_": row[name] for name in ASSIGNED} for row in tables.records(_keyed(rows))]
        forget = delete(tables.owned).where(
            c.target == target, *(c[name] == bindparam(f"{name}_") for name in ASSIGNED)
        )
        with self._writing() as connection:
            for part in chunks(keys):
                connection.execute(forget, part)

    def taken(self, target: str) -> pd.DataFrame:
        """What was revoked from leavers and not given back: a Taken frame, to return at a rehire."""
        shown = tables.picked(tables.taken, Taken)
        mine = select(*shown).where(tables.taken.c.target == target)
        return self._frame(mine.order_by(*shown[1:4]), shown)

    def take(self, target: str, taken: pd.DataFrame) -> None:
        """Remember that these were taken; what is remembered already stays as it is.

        Args:
            target: the target; rows of another one are refused.
            taken: a Taken frame; of what was taken twice the first counts.

        Raises:
            ValueError: a row belongs to another target.
        """
        _only(target, taken)
        once = taken[columns(Taken)].drop_duplicates(list(tables.KEY))
        self._add(tables.taken, target, tables.records(once))

    def forget_taken(self, target: str, rows: pd.DataFrame) -> None:
        """Forget some of what was taken in a target; what is not remembered is passed over."""
        key = [tables.taken.c[name] for name in ASSIGNED]
        same = [column == bindparam(f"{column.name}_") for column in key]
        keys = [{f"{name}_": row[name] for name in ASSIGNED} for row in tables.records(_keyed(rows))]
        with self._writing() as connection:
            for part in chunks(keys):
                connection.execute(delete(tables.taken).where(tables.taken.c.target == target, *same), part)

    def applied_policy(self, target: str) -> str | None:
        """Fingerprint of the policy that was applied last; None before the first."""
        c = tables.policies.c
        last = select(c.fingerprint).where(c.target == target).order_by(c.seq.desc()).limit(1)
        with self._reading() as connection:
            return connection.scalar(last)

    def policy_applied(self, target: str, fingerprint: str, at: datetime) -> None:
        """Keep that a policy was applied to a target."""
        with self._writing() as connection:
            connection.execute(
                insert(tables.policies), {"target": target, "fingerprint": fingerprint, "at": at}
            )

    def _add(self, table: Table, target: str, rows: Sequence[dict[str, Any]]) -> None:
        """Insert what is not there yet; only the accounts concerned are looked at, however many there are."""
        key = [table.c[name] for name in ASSIGNED]
        with self._writing(alone_on=table) as connection:
            for part in chunks(rows):
                accounts = {row["account_id"] for row in part}
                there = select(*key).where(table.c.target == target, table.c.account_id.in_(accounts))
                known = {tuple(row) for row in connection.execute(there)}
                new = [row for row in part if tuple(row[name] for name in ASSIGNED) not in known]
                insert_rows(connection, table, new)

    def _replace(self, table: Table, target: str, rows: Sequence[dict[str, Any]]) -> None:
        with self._writing(alone_on=table) as connection:
            connection.execute(delete(table).where(table.c.target == target))
            insert_rows(connection, table, rows)


def _only(target: str, frame: pd.DataFrame) -> None:
    others = sorted(set(frame["target"].unique()) - {target})
    if others:
        raise ValueError(f"rows of {', '.join(others)} were given for {target}; save each target's own")


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """The key columns with the empty text for null, each key once."""
    return rows[ASSIGNED].fillna({"kind": "", "entitlement_id": ""}).drop_duplicates()
