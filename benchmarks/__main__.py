"""`python -m benchmarks [NAME …] [--short]`: the figures of all benches, or some; exits 1 on a missed budget.

`--short` measures small companies, to see in minutes that every bench still works; budgets mean little there
and are told without being held.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import (
    bookkeeping,
    decide,
    directory,
    extract,
    files,
    flight,
    incremental,
    load,
    overhead,
    receive,
    report,
    start,
    unchanged,
)
from benchmarks.figure import HEAD, lines

BENCHES = {
    "decide": decide.main,
    "extract": extract.main,
    "directory": directory.main,
    "load": load.main,
    "flight": flight.main,
    "incremental": incremental.main,
    "start": start.main,
    "files": files.main,
    "bookkeeping": bookkeeping.main,
    "receive": receive.main,
    "overhead": overhead.main,
    "report": report.main,
    "unchanged": unchanged.main,
}
SHORT = {
    "decide": 20_000,
    "extract": 2_000,
    "directory": 2_000,
    "load": 50,
    "flight": 60,
    "incremental": 2_000,
    "files": 5_000,
    "bookkeeping": 20_000,
    "receive": 500,
    "overhead": 2_000,
    "report": 1_000,
    "unchanged": 500,
}


def main(words: list[str]) -> int:
    """Run the benches named and print their table.

    Returns:
        How many budgets were missed, at most 1.
    """
    asked = _arguments(words)
    found: dict[str, float] = {}
    for name in asked.names or BENCHES:
        found |= BENCHES[name](*([SHORT[name]] if asked.short and name in SHORT else []))
    table = lines(found)
    print("\n".join(["", HEAD, *map(str, table)]))
    missed = [line.measure for line in table if line.missed]
    if missed:
        print(f"\nMissed: {', '.join(missed)}. Run the bench alone on a calm machine before looking further.")
    return int(bool(missed) and not asked.short)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition(":")[2])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHES)}; all if left out")
    parser.add_argument("--short", action="store_true", help="small companies, in minutes; holds no budget")
    asked = parser.parse_args(words)
    if unknown := [name for name in asked.names if name not in BENCHES]:
        parser.error(f"there is no bench {', '.join(unknown)}: choose from {', '.join(BENCHES)}")
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
