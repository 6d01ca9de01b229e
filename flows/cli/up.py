"""What `seatwise up` does: everything there is to look at, on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import requests

from errors import SeatwiseError
from flows.cli.authorities import spare_authorities
from flows.cli.company import serve_company
from flows.cli.run import prepare_prefect
from flows.cli.terminal import say

PATIENCE = 120.0
"""Seconds a server may take to answer: a fresh database is slow on a small machine."""
GRACE = 20.0
"""Seconds a process may take to end by itself."""
PREFECT = (sys.executable, "-m", "prefect")


class PortTaken(SeatwiseError):
    """Another program serves the port, perhaps a Prefect server."""

    remedy = "Choose another with --port."


class ProcessEnded(SeatwiseError):
    """A process that should run until the end has ended."""


def run_all(out: Path, port: int, people: int) -> None:
    """Serve until interrupted.

    Raises:
        PortTaken: something listens at the port already.
        ProcessEnded: server or worker ended by itself.
    """
    out = out.absolute()
    _require_free(port)
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt), ExitStack() as running:
        policy, _ = running.enter_context(serve_company(out, ["--people", str(people)]))
        _set_environment(out, port)
        say(f"A simulated company of {people} people is running. Its policy: {policy}")
        server = running.enter_context(_process("server", ["server", "start", "--port", str(port)], out))
        _wait_for(server, f"http://127.0.0.1:{port}/api/health")
        from flows.cli.deploy import deploy_all

        say(deploy_all(None, None, worker=True))
        worker = running.enter_context(_process("worker", ["worker", "start", "--pool", "seatwise"], out))
        say(f"\nEverything is running, a worker too; look at http://127.0.0.1:{port}. Ctrl-C ends it.")
        _watch({"server": server, "worker": worker})
    say("Ended; nothing is left running.")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _require_free(port: int) -> None:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(f"port {port} is taken") from error


def _set_environment(out: Path, port: int) -> None:
    """A Prefect of its own: what this machine knows of other servers is neither used nor changed."""
    prepare_prefect()
    home = out / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "true",
        "SEATWISE_HOME": str(out),
    }
    spare_authorities(home)


@contextmanager
def _process(name: str, arguments: list[str], out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Prefect process with its output in a file; at the end it and all it started are gone."""
    with (out / f"{name}.log").open("wb") as log:
        # A group of its own: Ctrl-C reaches this command alone, which ends the others in order.
        process = subprocess.Popen([*PREFECT, *arguments], stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=GRACE)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).ok:
                return
        time.sleep(0.5)
    raise ProcessEnded("the Prefect server did not start", "Read server.log in the folder of --out.")


def _watch(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise ProcessEnded(
                    f"the Prefect {name} has ended", f"Read {name}.log in the folder of --out."
                )
        time.sleep(1)
