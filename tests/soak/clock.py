"""A clock that can be set, for everybody who works on one ledger.

On PostgreSQL all runs go by the clock of the database, wherever they run. Setting that one simulates days for
the server's schedules, the worker, its runs, its hooks and the commands alike, and none of them is told.
"""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from tests.chaos.database import Postgres

SIMULATED = """
CREATE TABLE public.simulated (ahead interval NOT NULL);
INSERT INTO public.simulated VALUES (interval '0');
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM public.simulated';
ALTER DATABASE seatwise SET search_path = public, pg_catalog;
"""


class LedgerClock:
    """The clock of the database `seatwise`; it goes on by itself from where it was set."""

    def __init__(self, database: Postgres) -> None:
        """Put a clock of its own before PostgreSQL's."""
        self._database = database
        with self._connect() as connection:
            connection.execute(SIMULATED)
        self._shown: datetime | None = None

    def set(self, moment: datetime) -> None:
        """Set it; what it was set to already stays, for it has gone on since."""
        if moment == self._shown:
            return
        self._shown = moment
        with self._connect() as connection:
            connection.execute("UPDATE public.simulated SET ahead = %s", [moment - datetime.now(UTC)])

    def now(self) -> datetime:
        """What it shows."""
        with self._connect() as connection:
            (found,) = connection.execute("SELECT clock_timestamp()").fetchone() or (datetime.now(UTC),)
        return found

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._database.url.replace("+psycopg", ""), autocommit=True)
