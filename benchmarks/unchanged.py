"""(l) Unchanged: a whole `seatwise sync` after which nothing is different, beside the first `reconcile`.

Both are whole processes beside a Prefect server that runs, as on a worker. The first one reads everybody; the
next ones, after its plan has been made, read what changed, decide, and find nothing to do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.company import served
from benchmarks.figure import Figure
from benchmarks.prefect_server import served_prefect
from sandbox import policy

PEOPLE, ROUNDS = 20_000, 3
SEATWISE = Path(sys.executable).parent / "seatwise"
LATENCIES = {"0 ms": "0", "100 ms": "0.1"}
"""How long an answer takes."""


def main(people: int = PEOPLE) -> dict[str, float]:
    """Print and return the share of the first run's time."""
    print(f"(l) unchanged: {people:,} people of Okta and the organisation, one run after the other")
    return {f"unchanged over first, {name}": _share(people, name) for name in LATENCIES}


def _share(people: int, latency: str) -> Figure:
    with (
        tempfile.TemporaryDirectory() as folder,
        served(people, "--limits", "off", "--latency", LATENCIES[latency]) as base,
        served_prefect() as told,
    ):
        policy.write(Path(folder), base, people, sources=["okta-main"], targets=["acme-cloud"])
        environment = {**told, **policy.SECRETS}
        first = _timed(Path(folder), environment, "reconcile")
        _bring_in_step(Path(folder), environment)
        later = median(_timed(Path(folder), environment, "sync") for _ in range(ROUNDS))
    print(f"    {latency} an answer: first {first:.1f} s, unchanged {later:.1f} s, {later / first:.2f}")
    return Figure.of(later / first, f"{later:.1f} s", f"{first:.1f} s the first")


def _bring_in_step(folder: Path, environment: Mapping[str, str]) -> None:
    """Make what is planned, and read what came of it."""
    plan = _summary(folder)["fingerprints"]["acme-cloud"]
    _timed(folder, environment, "approve", plan, "--by", "bench", "--reason", "to be in step")
    _timed(folder, environment, "apply", plan)
    _timed(folder, environment, "sync")
    if changes := _summary(folder)["changes"]:
        raise RuntimeError(f"the company is not in step: {changes}")


def _timed(folder: Path, environment: Mapping[str, str], *words: str) -> float:
    start = time.perf_counter()
    command, known = [str(SEATWISE), *words], {**os.environ, **environment}
    ran = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False)
    if ran.returncode == 1:
        raise RuntimeError(ran.stdout + ran.stderr)
    return time.perf_counter() - start


def _summary(folder: Path) -> dict[str, dict[str, str]]:
    return dict(json.loads((folder / "out" / "summary.json").read_text()))
