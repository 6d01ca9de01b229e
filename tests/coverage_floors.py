"""The floors of coverage: lines and branches that tests ran, by package.

    python tests/coverage_floors.py out/coverage.json

Prints each package and what is not covered; ends with 1 where one lies below its floor.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

ALL = "all"
FLOORS = {"provisioning": 95.0, "ledger": 95.0, "transport": 95.0, ALL: 90.0}
"""Percent of lines and branches; the packages in which a mistake does harm have their own."""


def measure(files: dict[str, dict]) -> dict[str, float]:
    """Percent covered of each package and of all."""
    covered, there = Counter[str](), Counter[str]()
    for name, file in files.items():
        facts = file["summary"]
        ran = facts["covered_lines"] + facts["covered_branches"]
        for package in (Path(name).parts[0], ALL):
            covered[package] += ran
            there[package] += ran + facts["missing_lines"] + facts["missing_branches"]
    return {package: 100 * covered[package] / there[package] for package in sorted(there)}


def list_missing(files: dict[str, dict]) -> dict[str, list[str]]:
    """What is not covered, the file with most of it first."""
    missing = defaultdict(list)
    for name, file in files.items():
        branches = [f"{here}->{there}" for here, there in file["missing_branches"]]
        missing[name] = [*map(str, file["missing_lines"]), *branches]
    return {name: lines for name, lines in sorted(missing.items(), key=lambda item: -len(item[1])) if lines}


def main(report: Path) -> int:
    """Print the figures and say whether the floors hold."""
    files = json.loads(report.read_text())["files"]
    for name, lines in list_missing(files).items():
        print(f"{name}: {', '.join(lines)}")
    measured = measure(files)
    low = [package for package, floor in FLOORS.items() if measured.get(package, 0.0) < floor]
    for package, percent in measured.items():
        floor = f", the floor is {FLOORS[package]:.0f} %" if package in FLOORS else ""
        print(f"{package:<14}{percent:6.1f} %{floor}{' (below it)' if package in low else ''}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
