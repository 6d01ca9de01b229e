"""A Prefect server and a worker that live for days, die now and then, and are started again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sandbox import policy
from tests.operations.commands import ask, processes, seatwise, tell
from tests.servers import PREFECT, process, server_environment, start_server, until

UNDER_WAY = ("PENDING", "RUNNING", "CANCELLING")
PAGE = 200
"""What a server lists at most."""
CLOSING = 400
"""Seconds until a run whose machine died is closed: its heartbeats have to be missed first."""


class House:
    """The processes, and what a person does with them.

    Attributes:
        home: the folder of the policies and of what runs write.
        environment: of the server, and of whoever talks to it.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        """Nothing is started yet."""
        self.home, self._folder = home, folder
        self._mark = f"mark-of-{folder.name}"
        self.environment = (
            server_environment(folder)
            | policy.SECRETS
            | {"SEATWISE_HOME": str(home), "SEATWISE_MARK": self._mark}
        )
        self._server, self._worker = ExitStack(), ExitStack()

    @contextmanager
    def living(self, seconds: int, policies: Sequence[str]) -> Iterator[None]:
        """Server, worker, deployments, and schedules of syncs; nothing is left behind.

        Args:
            seconds: between two runs of a schedule.
            policies: those that get one.
        """
        self._scheduled = {f"seatwise-sync-{name}" for name in policies}
        (self._folder / "worker").mkdir()
        try:
            self._server.enter_context(start_server(self._folder, self._without_mark()))
            self.command("deploy", "--policies", "policies")
            for each in self._syncs():
                every = {"active": True, "schedule": {"interval": seconds}, "slug": "hourly"}
                tell(self.environment, "PATCH", f"deployments/{each['id']}", {"schedules": [every]})
                self._pause(each["work_queue_name"], paused=True)
            self.start_worker()
            yield
        finally:
            self._worker.close()
            self._end(processes(self._mark))
            self._server.close()

    def command(self, *arguments: str) -> str:
        """Run a command of Seatwise; what it says."""
        ran = seatwise(self.environment, *arguments, folder=self.home)
        assert ran.returncode != 1, ran.stdout + ran.stderr
        return ran.stdout

    def start_worker(self) -> None:
        """Start a worker."""
        command = [*PREFECT, "worker", "start", "--pool", "seatwise"]
        worker = process(command, self._folder / "worker", self.environment)
        self._worker_pid = self._worker.enter_context(worker).pid

    def kill_worker(self, *, with_runs: bool) -> None:
        """Kill the worker, or all that ran on its machine, and start another."""
        self._end(processes(self._mark) if with_runs else {self._worker_pid})
        self._worker.close()
        self.start_worker()

    def restart_server(self) -> None:
        """End the server in good order and start it again on its database."""
        self._server.close()
        self._server.enter_context(start_server(self._folder, self._without_mark()))

    @contextmanager
    def at_work(self, name: str) -> Iterator[None]:
        """Let the runs of a policy begin while the block lasts; afterwards none is under way."""
        self._pause(name, paused=False)
        try:
            yield
        finally:
            self._pause(name, paused=True)
        until(lambda: not self.runs(*UNDER_WAY), "the end of what was under way", CLOSING)

    def finish(self) -> None:
        """Switch the schedules off, and let end what was begun or is due."""
        for each in self._syncs():
            for schedule in each["schedules"]:
                path = f"deployments/{each['id']}/schedules/{schedule['id']}"
                tell(self.environment, "DELETE", path, None)
            self._pause(each["work_queue_name"], paused=False)
        until(lambda: not self.runs(*UNDER_WAY, "SCHEDULED"), "the end of all runs", CLOSING)

    def runs(self, *types: str) -> list[dict[str, Any]]:
        """All runs the server knows in these states, in the order of their beginning."""
        wanted = {"flow_runs": {"state": {"type": {"any_": list(types)}}}} if types else {}
        found: list[dict[str, Any]] = []
        while page := ask(
            self.environment, "flow_runs", **wanted, sort="START_TIME_ASC", limit=PAGE, offset=len(found)
        ):
            found += page
        return found

    def leaked(self, secrets: Mapping[str, str]) -> list[str]:
        """Names of the secrets that the server shows somewhere, in what was said last."""
        shown = "".join(
            json.dumps(ask(self.environment, what)) for what in ("artifacts", "logs", "flow_runs")
        )
        return [name for name, secret in secrets.items() if secret in shown]

    def start(self, deployment: str) -> str:
        """Click Quick run; the identifier of the run."""
        (found,) = ask(self.environment, "deployments", deployments={"name": {"any_": [deployment]}})
        path = f"deployments/{found['id']}/create_flow_run"
        return str(tell(self.environment, "POST", path, {})["id"])

    def answer(self, run: str, decision: str) -> None:
        """Press Resume on a run that waits, and fill the form."""
        form = {"decision": decision, "reason": "read by the soak", "approver": "Ann Admin"}
        tell(self.environment, "POST", f"flow_runs/{run}/resume", {"run_input": form})

    def _syncs(self) -> list[dict[str, Any]]:
        found = ask(self.environment, "deployments")
        return [each for each in found if each["name"] in self._scheduled]

    def _pause(self, queue: str, *, paused: bool) -> None:
        tell(self.environment, "PATCH", f"work_pools/seatwise/queues/{queue}", {"is_paused": paused})

    def _without_mark(self) -> dict[str, str]:
        """The environment of a server, which dies with no worker."""
        return {name: value for name, value in self.environment.items() if name != "SEATWISE_MARK"}

    def _end(self, pids: set[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
