"""Forgetting of the history of seats: what ended long ago, and the names of whoever held it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Text, cast, delete, func, literal, or_, select, update

from ledger import seat_tables
from ledger.people_gone import HIDDEN

NAMED = ("account_id", "source_id", "display_name", "email", "manager")
"""Columns that tell who somebody is."""


def forget_history(connection: Connection, before: date, names_before: date) -> int:
    """Delete what ended before a day, and hide who held what ended before another.

    Whoever holds a seat now bears the name of now. What they were called, or who led them, ended with an
    earlier row and goes with it, so that nobody's former name stays.

    Args:
        connection: a writing transaction.
        before: what ended before this day goes.
        names_before: what ended before this day loses its names; figures stay.

    Returns:
        Rows that lost names.
    """
    for table in (seat_tables.seat_spans, seat_tables.seat_prices, seat_tables.seat_people):
        connection.execute(delete(table).where(table.c.until < before))
    days = seat_tables.seat_days
    last = select(func.max(days.c.day)).scalar_subquery()
    connection.execute(delete(days).where(days.c.day < before, days.c.day != last))
    people = seat_tables.seat_people
    named = or_(*(people.c[name].is_not(None) for name in NAMED))
    ended = update(people).where(people.c.until < names_before, named)
    hidden = connection.execute(ended.values(dict.fromkeys(NAMED))).rowcount
    return hidden + _forget_accounts(connection, names_before)


def _forget_accounts(connection: Connection, names_before: date) -> int:
    """Accounts that hold nothing any more lose their name, and go with their last row."""
    people, spans, accounts = seat_tables.seat_people, seat_tables.seat_spans, seat_tables.seat_accounts
    rows = select(people.c.account_key).union(select(spans.c.account_key))
    connection.execute(delete(accounts).where(accounts.c.seq.not_in(rows)))
    young = or_(people.c.until.is_(None), people.c.until >= names_before)
    gone = accounts.c.seq.not_in(select(people.c.account_key).where(young))
    named = update(accounts).where(gone, accounts.c.holder.not_like(f"{HIDDEN}%"))
    hidden = literal(f"{HIDDEN} ") + cast(accounts.c.seq, Text)
    return connection.execute(named.values(holder=hidden)).rowcount
