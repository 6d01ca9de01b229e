"""(e) Start: how long `seatwise --help` takes, and the demo from beginning to end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEATWISE = Path(sys.executable).parent / "seatwise"
ROUNDS = 5


def main() -> dict[str, float]:
    """Print and return the seconds."""
    help_ = sorted(_timed("--help") for _ in range(ROUNDS))[ROUNDS // 2]
    with tempfile.TemporaryDirectory() as out:
        demo = _timed("demo", "--out", out)
    print(f"(e) start: seatwise --help {help_:.2f} s (under 0.5), the demo {demo:.0f} s (under 60)")
    return {"help seconds": help_, "demo seconds": demo}


def _timed(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([SEATWISE, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start
