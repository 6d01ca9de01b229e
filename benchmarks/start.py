"""(h) Start: commands that answer at once, beside what Python needs to import pandas, and the whole demo."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure
from benchmarks.files import write_company

PEOPLE = 20_000
SEATWISE = str(Path(sys.executable).parent / "seatwise")
IMPORT = (sys.executable, "-c", "import pandas")
ROUNDS = 5


def main() -> dict[str, float]:
    """Print and return the shares of `import pandas`, and the seconds of the demo."""
    with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as company:
        demo = _timed((SEATWISE, "demo", "--out", out))
        config = ("--config", str(Path(out) / "policy.yaml"))
        large = ("--config", str(Path(company) / "policy.yaml"))
        write_company(Path(company), PEOPLE)
        _timed((SEATWISE, "reconcile", *large, "--out", company))
        asked = {
            "--help": ("--help",),
            "check --offline": ("check", "--offline", *config),
            "show": ("show", *config),
            "history": ("history", *config),
            f"explain, {PEOPLE:,} people,": ("explain", "person.000007@acme.test", *large),
        }
        found: dict[str, float] = {
            f"{name} over import pandas": _share((SEATWISE, *words)) for name, words in asked.items()
        }
    print(f"(h) start: the demo {demo:.0f} s; " + ", ".join(f"{n} {v:.2f}" for n, v in found.items()))
    return {**found, "demo seconds": demo}


def _share(command: Sequence[str]) -> Figure:
    """Median of several turns, in each of which both run."""
    turns = [(_timed(command), _timed(IMPORT)) for _ in range(ROUNDS)]
    ours, pandas = (median(turn[which] for turn in turns) for which in (0, 1))
    return Figure.of(
        median(one / other for one, other in turns), f"{ours:.2f} s", f"{pandas:.2f} s to import pandas"
    )


def _timed(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start
