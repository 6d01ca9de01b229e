"""(k) Overhead: what Prefect adds to a reconcile, with a server and with the command's own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.files import write_company

PEOPLE = 20_000
ROUNDS = 3
WITH = {
    "a server": "a server adds, seconds",
    "its own, the first time": "its own server adds the first time, seconds",
    "its own": "its own server adds, seconds",
}
"""What is compared with the plain functions, and the name of its figure."""
COMMAND = "import sys; from flows.cli import main; sys.argv[0] = 'seatwise'; main()"
PLAIN = """
import sys
from tasks.decide import decide_target, remember_reads
from tasks.extract import extract_source, extract_target
from tasks.kept import take_source, take_target
from tasks import publish
from tasks.run import open_run

publish.show_artifacts = lambda *_: None  # they are Prefect's

with open_run("reconcile", sys.argv[1], sys.argv[2]) as session:
    state, run = session.state, session.reference
    state.sources["people"] = take_source(session, extract_source.fn(run, "people"))
    state.targets["export"] = take_target(session, extract_target.fn(run, "export"))
    decided = decide_target.fn(session, "export", state.sources, state.targets["export"])
    state.decisions["export"] = decided[0]
    state.plans.append(decided[1])
    remember_reads.fn(session, state.sources, state.targets, state.decisions)
    publish.publish.fn(session)
"""
SERVER = """
import sys
from flows.cli.own_server import OwnServer

server = OwnServer()
server.wait()
print(server.address, flush=True)
sys.stdin.read()
"""


def main(people: int = PEOPLE) -> dict[str, float]:
    """Print and return the seconds that Prefect adds, in one interleaved run of whole processes."""
    with tempfile.TemporaryDirectory() as folder, _served() as address:
        write_company(Path(folder), people)
        _timed(Path(folder), {"PREFECT_API_URL": address})  # links everybody
        rounds = [_round(Path(folder), address) for _ in range(ROUNDS)]
    found = {name: median(each[name] for each in rounds) for name in rounds[0]}
    print(f"(k) overhead: a reconcile of {people:,} people, plain functions {found['plain']:.1f} s")
    for name in WITH:
        more = found[name] - found["plain"]
        print(f"        with {name}: + {more:.1f} s, ratio {found[name] / found['plain']:.2f}")
    return {figure: found[name] - found["plain"] for name, figure in WITH.items()}


def _round(folder: Path, address: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        own = {"PREFECT_HOME": home}
        return {
            "plain": _timed(folder, {}, plain=True),
            "a server": _timed(folder, {"PREFECT_API_URL": address}),
            "its own, the first time": _timed(folder, own),
            "its own": _timed(folder, own),
        }


def _timed(folder: Path, prefect: Mapping[str, str], *, plain: bool = False) -> float:
    policy, out = str(folder / "policy.yaml"), str(folder / "out")
    command = [PLAIN, policy, out] if plain else [COMMAND, "reconcile", "--config", policy, "--out", out]
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", *command], cwd=folder, env=_clean() | prefect, capture_output=True, check=False
    )
    spent = time.perf_counter() - start
    if ran.returncode not in (0, 2, 3, 4):
        raise RuntimeError(ran.stderr.decode())
    return spent


@contextmanager
def _served() -> Iterator[str]:
    """A server that was there before, at its address."""
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env=_clean() | {"PREFECT_HOME": home},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate()


def _clean() -> dict[str, str]:
    """The environment without the machine's own Prefect."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    quiet = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    return told | quiet | {"PYTHONPATH": str(Path(__file__).parents[1])}
