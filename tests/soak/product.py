"""The product as the oracle's company meets it: run by schedules and a worker, with a person at the UI."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from sandbox.kit.world import World
from tests.chaos.database import Postgres
from tests.operations.commands import seatwise
from tests.oracle.life import Plant
from tests.servers import until
from tests.soak.clock import LedgerClock
from tests.soak.house import CLOSING, UNDER_WAY, House

Trouble = Callable[[Plant], None]
SLOW = 0.2
"""Seconds an answer takes on a day of trouble, so that there is a middle to be killed in."""
UNHEARD = ("interrupted", None)
"""Verdicts of a run that did not come to its end by itself."""
ASKED = """
SELECT flow_run FROM planned JOIN runs USING (run_id)
WHERE fingerprint = '{fingerprint}' AND flow_run IS NOT NULL
"""
LAST = """
SELECT verdict, summary, flow_run FROM runs
WHERE config LIKE %s AND started_at >= %s ORDER BY started_at DESC, run_id DESC
"""


class Scheduled:
    """Runs that a schedule makes and a worker executes, and what befalls them on given days."""

    def __init__(self, house: House, database: Postgres, world: World, seed: int) -> None:
        """Nothing befalls them yet."""
        self.house, self.world, self._database = house, world, database
        self.clock = LedgerClock(database)
        self.chance = random.Random(seed)
        self.troubles: dict[int, list[Trouble]] = {}
        self.happened: list[str] = []

    def sync(self, plant: Plant, moment: datetime) -> dict[str, Any]:
        """Wait for the next run of the schedule that comes to its end; its summary."""
        self.clock.set(moment)
        with self.house.at_work(plant.name):
            for trouble in self.troubles.pop(self.world.company.day, ()):
                trouble(plant)
            since = self.clock.now()
            until(lambda: self._ended(plant, since), f"the end of a sync of {plant.name}", CLOSING)
        return dict(self._runs(plant, since)[0][1])

    def approve(self, plant: Plant, fingerprint: str, moment: datetime) -> None:
        """Release a plan: now and then on the form of the run that waits for it, else by the command."""
        self.clock.set(moment)
        asked = {run for (run,) in self._database.ask(ASKED.format(fingerprint=fingerprint))}
        if (open_forms := asked & self._in("PAUSED")) and self.chance.random() < 0.5:
            self.house.answer(open_forms.pop(), "approve")
            return
        said = ("--by", "Ann Admin", "--reason", "read by the soak")
        self.house.command("approve", fingerprint, *said, "--config", f"policies/{plant.name}.yaml")

    def reject_what_waits(self, plant: Plant) -> int:
        """Say no on each form that is still open; how many there were."""
        waiting = [run["id"] for run in self.house.runs("PAUSED") if plant.name in run["name"]]
        for run in waiting:
            self.house.answer(run, "reject")
        if waiting:
            with self.house.at_work(plant.name):
                until(
                    lambda: not set(waiting) & self._in("PAUSED", "SCHEDULED", *UNDER_WAY),
                    "the end of what was rejected",
                    CLOSING,
                )
        return len(waiting)

    def verdicts(self) -> dict[str, str | None]:
        """Flow run → the verdict of its last attempt."""
        query = "SELECT flow_run, verdict FROM runs WHERE flow_run IS NOT NULL ORDER BY started_at, run_id"
        return dict(self._database.ask(query))

    def kill(self, plant: Plant, *, with_runs: bool) -> None:
        """Kill the worker, perhaps with all it runs, while it writes, or reads where nothing is written."""
        self.world.limits.latency = SLOW
        run = until(lambda: self.house.runs("RUNNING"), "a run to disturb")[0]
        end, writes = time.monotonic() + self.chance.uniform(2, 12), self.world.counters.writes
        until(lambda: self.world.counters.writes > writes or time.monotonic() > end, "the first write")
        wrote = self.world.counters.writes - writes
        self.house.kill_worker(with_runs=with_runs)
        self.world.limits.latency = 0
        self._note(plant, f"worker killed{' with its run' * with_runs} after {wrote} writes")
        until(lambda: run["id"] not in self._in(*UNDER_WAY), "the closing of the killed run", CLOSING)

    def restart(self, plant: Plant) -> None:
        """Start the server again while a run is under way."""
        self.world.limits.latency = SLOW
        run = until(lambda: self.house.runs("RUNNING"), "a run to disturb")[0]
        self.house.restart_server()
        self.world.limits.latency = 0
        self._note(plant, "server restarted under a run")
        until(lambda: run["id"] not in self._in(*UNDER_WAY), "the end of the run it was away from", CLOSING)

    def by_hand(self, plant: Plant) -> None:
        """Start one sync in the UI and one by the command, while the schedule goes on."""
        self.house.start(f"seatwise-sync-{plant.name}")
        config = ("--config", f"policies/{plant.name}.yaml", "--out", "out/by-hand")
        ran = seatwise(self.house.environment, "sync", *config, folder=self.house.home)
        self._note(plant, f"two syncs started by hand; the command ended {ran.returncode}")

    def _note(self, plant: Plant, what: str) -> None:
        self.happened.append(f"day {self.world.company.day}, {plant.name}: {what}")

    def _ended(self, plant: Plant, since: datetime) -> bool:
        """Whether a run since then came to its end, and the server knows."""
        ended = {run for verdict, _, run in self._runs(plant, since) if verdict not in UNHEARD}
        return bool(ended - self._in(*UNDER_WAY))

    def _runs(self, plant: Plant, since: datetime) -> list[tuple[Any, ...]]:
        """Verdict, summary and flow run of the runs that began since, the last one first."""
        url = self._database.url.replace("+psycopg", "")
        with psycopg.connect(url) as ledger:
            return ledger.execute(LAST, [f"%/{plant.name}.yaml", since]).fetchall()

    def _in(self, *types: str) -> set[str]:
        return {run["id"] for run in self.house.runs(*types)}
