"""The history of seats: what is so from a day on until another, written as it changes and not day by day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, delete, insert, or_, select, update

from ledger import seat_tables, tables
from ledger.store import Store, chunks, insert_rows
from provisioning.model.facts import Facts, History


class SeatHistory(Store):
    """The part of the ledger that keeps which seats there were, whose, and at what price."""

    def keep_facts(self, facts: Facts, day: date, *, at: datetime, run_id: str) -> int:
        """Keep what is so on a day; what is as it was is not written again.

        A day is as its last read shows it: what came and went between two reads of one day leaves no row.

        Args:
            facts: everything that is so.
            day: the day; one before the last that was kept changes nothing.
            at: aware time of the read.
            run_id: run that read it.

        Returns:
            Rows that were written or deleted, that of the day aside.
        """
        days, digest = seat_tables.seat_days, _digest(facts)
        with self._writing(alone_on=days) as connection:
            known = select(days.c.day, days.c.digest).order_by(days.c.day.desc()).limit(1)
            last = connection.execute(known).first()
            if last is not None and day < last.day:
                return 0
            _keep_day(connection, day, at=at, run_id=run_id, digest=digest)
            if last is not None and last.digest == digest:
                return 0
            keys, written = _keep_accounts(connection, facts)
            seats = _keyed(facts.seats, keys)
            written += _keep_spans(connection, seat_tables.seat_spans, seats, day, run_id)
            written += _keep_spans(connection, seat_tables.seat_people, _keyed(facts.holders, keys), day)
            written += _keep_spans(connection, seat_tables.seat_prices, facts.prices, day)
            return written + _keep_identities(connection, facts.identities, day)

    def seat_history(self) -> History:
        """Everything that is kept, for figures over time."""
        with self._reading() as connection:
            parts = [_load(connection, table) for table in _RECORDED]
        return History(*parts)


_LONG = (seat_tables.seat_spans, seat_tables.seat_people)
_SHOWN = {
    "account_key", "deployment", "product", "site", "contract", "lane", "source", "source_id", "since",
    "until",
}  # fmt: skip
"""Columns of the long tables that figures over time need; nobody's name is among them."""
# In the order of `History`.
_RECORDED = (
    seat_tables.seat_days,
    seat_tables.seat_spans,
    seat_tables.seat_people,
    seat_tables.seat_prices,
    seat_tables.seat_identities,
)


def _digest(facts: Facts) -> str:
    """One word for everything that is so, whatever the order of rows."""
    told = hashlib.sha256()
    for frame in facts:
        told.update(repr(list(frame.columns)).encode())
        told.update(np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy()).tobytes())
    return told.hexdigest()


def _keep_day(connection: Connection, day: date, **values: Any) -> None:
    days = seat_tables.seat_days
    if not connection.execute(update(days).where(days.c.day == day).values(values)).rowcount:
        connection.execute(insert(days), {"day": day, **values})


def _keep_accounts(connection: Connection, facts: Facts) -> tuple[dict[str, int], int]:
    """The key of every holder; those never seen get one."""
    accounts = seat_tables.seat_accounts
    every = select(accounts.c.holder, accounts.c.seq)
    known = _mapped(connection.execute(every))
    new = sorted({*facts.seats["holder"], *facts.holders["holder"]} - known.keys())
    if new:
        insert_rows(connection, accounts, [{"holder": holder} for holder in new])
        known = _mapped(connection.execute(every))
    return known, len(new)


def _mapped(rows: Iterable[Any]) -> dict[str, int]:
    return {holder: int(key) for holder, key in rows}


def _keyed(rows: pd.DataFrame, keys: dict[str, int]) -> pd.DataFrame:
    """The rows with the key of their holder instead of the name."""
    return rows.drop(columns="holder").assign(account_key=rows["holder"].map(keys).astype("int64"))


def _keep_spans(
    connection: Connection, table: Table, now: pd.DataFrame, day: date, run_id: str | None = None
) -> int:
    """Begin what is new, end what is no more; return how many rows were written or deleted.

    Rows that ended on the same day are taken up again: the day is as its last read shows it.
    """
    values = [str(name) for name in now.columns]
    shown = [table.c.seq, table.c.since, table.c.until, *(table.c[name] for name in values)]
    open_ = select(*shown).where(or_(table.c.until.is_(None), table.c.until == day))
    kept = tables.frame(connection.execute(open_).all(), shown)
    both = kept.merge(now, on=values, how="outer", indicator="where")
    same, gone = both[both["where"] == "both"], both[both["where"] == "left_only"]
    gone = gone[gone["until"].isna()]
    young = gone["since"] == day
    reopened = same[same["until"].notna()]
    begun = both.loc[both["where"] == "right_only", values]
    who = {"gone_by": run_id} if "gone_by" in table.c else {}
    _end(connection, table, gone.loc[~young, "seq"], until=day, **who)
    _end(connection, table, reopened["seq"], until=None, **dict.fromkeys(who))
    for part in chunks(_numbers(gone.loc[young, "seq"])):
        connection.execute(delete(table).where(table.c.seq.in_(part)))
    came = {"came_by": run_id, "gone_by": None} if who else {}
    insert_rows(connection, table, tables.records(begun, since=day, until=None, **came))
    return len(gone) + len(reopened) + len(begun)


def _end(connection: Connection, table: Table, which: pd.Series[Any], **values: Any) -> None:
    for part in chunks(_numbers(which)):
        connection.execute(update(table).where(table.c.seq.in_(part)).values(**values))


def _numbers(which: pd.Series[Any]) -> list[int]:
    return [int(number) for number in which]


def _keep_identities(connection: Connection, identities: pd.DataFrame, day: date) -> int:
    table = seat_tables.seat_identities
    known = {tuple(row) for row in connection.execute(select(table.c.source, table.c.source_id))}
    pairs = identities[["source", "source_id"]].itertuples(index=False, name=None)
    new = [pair for pair in pairs if pair not in known]
    rows = [{"source": source, "source_id": source_id, "first_day": day} for source, source_id in new]
    insert_rows(connection, table, rows)
    return len(new)


def _load(connection: Connection, table: Table) -> pd.DataFrame:
    shown = [column for column in table.columns if column.name in _SHOWN or table not in _LONG]
    ordered = select(*shown).order_by(*table.primary_key.columns)
    return tables.frame(connection.execute(ordered).all(), shown)
