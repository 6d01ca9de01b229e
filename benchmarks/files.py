"""(f) Files: a whole `seatwise reconcile` of 100,000 accounts from two exports, with nothing to do.

A Prefect server is running, as on a worker. Beside it stands another whole process, which reads the same two
files with pandas and merges them, and no more than that. Both run in turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.figure import Figure
from benchmarks.prefect_server import served_prefect

PEOPLE, ROUNDS = 100_000, 3
SEATWISE = Path(sys.executable).parent / "seatwise"
POLICY = """\
version: 1
connections:
  people: {kind: csv, path: people.csv, groups: {columns: [Groups], separator: ', '}}
  export: {kind: atlassian_export, path: export-users.csv}
sources: [{from: people}]
targets:
  - to: export
    groups: {map: {atl-jira: [jira-software-users]}, may_remove: [jira-software-users]}
"""
BARE = """\
import pandas as pd
people, held = (pd.read_csv(name, dtype="str") for name in ("people.csv", "export-users.csv"))
people.merge(held, left_on="Email", right_on="email", how="outer", indicator=True)
"""
DAYS = {"files": None, "files, every seat idle,": "12 May 2026"}
"""When everybody was last seen; None stands for today."""


def main(people: int = PEOPLE) -> dict[str, float]:
    """Print and return how many times as long it takes as the bare process, and the peak in MB."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, served_prefect() as told:
        for name, day in DAYS.items():
            place = Path(folder) / name.replace(" ", "-")
            write_company(place, people, day)
            found |= _measured(name, place, told)
    print(f"(f) files: {people:,} accounts, a whole `seatwise reconcile` with nothing to do")
    for name, figure in found.items():
        print(f"    {name}: {figure:.1f}")
    return found


def _measured(name: str, folder: Path, told: Mapping[str, str]) -> dict[str, float]:
    ours = [str(SEATWISE), "reconcile", "--config", "policy.yaml", "--json"]
    _run(ours, folder, told)  # The first run links everybody; the next ones have nothing to do.
    runs = [
        (_run(ours, folder, told), _run([sys.executable, "-c", BARE], folder, told)) for _ in range(ROUNDS)
    ]
    spent, bare = (median(pair[which][0] for pair in runs) for which in (0, 1))
    ratio = median(own[0] / other[0] for own, other in runs)
    peak = max(own[1] for own, _ in runs)
    return {
        f"{name} over pandas": Figure.of(ratio, f"{spent:.1f} s", f"{bare:.2f} s of pandas"),
        f"{name} MB".replace(", MB", " MB"): peak,
    }


def _run(command: list[str], folder: Path, told: Mapping[str, str]) -> tuple[float, float]:
    """Run a command to its end: seconds, and the most MB that it held."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=told, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, used.ru_maxrss / 1024


def write_company(folder: Path, people: int, seen: str | None = None) -> None:
    """The two exports of that many people, and a policy for them.

    Args:
        folder: where they go; made where it is missing.
        people: how many.
        seen: the day everybody was last seen; today by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = pd.Series(np.arange(people)).astype("str").str.zfill(6)
    email = "person." + number + "@acme.test"
    stated = {"Employee ID": number, "Login": email, "Email": email, "Status": "Active", "Groups": "atl-jira"}
    pd.DataFrame(stated).to_csv(folder / "people.csv", index=False)
    held = {
        "Group name": "jira-software-users",
        "User id": "712020:" + number,
        "User name": "Person " + number,
        "email": email,
        "User status": "Active",
        "Added to org": "3 Jan 2024",
        "Org role": "",
        "Jira - acme": "User",
        "Last seen in Jira - acme": seen or f"{datetime.now(UTC):%d %b %Y}",
    }
    pd.DataFrame(held).to_csv(folder / "export-users.csv", index=False)
    (folder / "policy.yaml").write_text(POLICY)
