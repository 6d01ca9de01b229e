"""(k) Overhead: what Prefect adds to a reconcile, with a server and with the command's own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.files import write_company
from benchmarks.prefect_server import clean, served_prefect

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
    decided = decide_target.fn(session, "export", state.sources, state.targets)
    state.decisions["export"] = decided[0]
    state.plans.append(decided[1])
    remember_reads.fn(session, state.sources, state.targets, state.fallen)
    publish.publish.fn(session)
"""


def main(people: int = PEOPLE) -> dict[str, float]:
    """Print and return the seconds that Prefect adds, in one interleaved run of whole processes."""
    with tempfile.TemporaryDirectory() as folder, served_prefect() as told:
        write_company(Path(folder), people)
        _timed(Path(folder), told)  # links everybody
        rounds = [_round(Path(folder), told) for _ in range(ROUNDS)]
    found = {name: median(each[name] for each in rounds) for name in rounds[0]}
    print(f"(k) overhead: a reconcile of {people:,} people, plain functions {found['plain']:.1f} s")
    for name in WITH:
        more = found[name] - found["plain"]
        print(f"        with {name}: + {more:.1f} s, ratio {found[name] / found['plain']:.2f}")
    return {figure: found[name] - found["plain"] for name, figure in WITH.items()}


def _round(folder: Path, told: Mapping[str, str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        own = {"PREFECT_HOME": home}
        return {
            "plain": _timed(folder, {}, plain=True),
            "a server": _timed(folder, told),
            "its own, the first time": _timed(folder, own),
            "its own": _timed(folder, own),
        }


def _timed(folder: Path, prefect: Mapping[str, str], *, plain: bool = False) -> float:
    policy, out = str(folder / "policy.yaml"), str(folder / "out")
    command = [PLAIN, policy, out] if plain else [COMMAND, "reconcile", "--config", policy, "--out", out]
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", *command], cwd=folder, env=clean() | prefect, capture_output=True, check=False
    )
    spent = time.perf_counter() - start
    if ran.returncode not in (0, 2, 3, 4):
        raise RuntimeError(ran.stderr.decode())
    return spent
