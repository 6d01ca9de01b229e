"""`python -m benchmarks [NAME …] [--short]`: every budget, or the ones named; --short is what tests run."""

from __future__ import annotations

import sys

from benchmarks import (
    bookkeeping,
    decide,
    directory,
    extract,
    files,
    incremental,
    load,
    overhead,
    receive,
    start,
)

BENCHES = {
    "decide": decide.main,
    "extract": extract.main,
    "directory": directory.main,
    "load": load.main,
    "incremental": incremental.main,
    "start": start.main,
    "files": files.main,
    "bookkeeping": bookkeeping.main,
    "receive": receive.main,
    "overhead": overhead.main,
}
SHORT = {
    "decide": 20_000,
    "extract": 2_000,
    "directory": 2_000,
    "load": 50,
    "incremental": 2_000,
    "files": 5_000,
    "bookkeeping": 20_000,
    "receive": 500,
    "overhead": 2_000,
}

if __name__ == "__main__":
    named = [name for name in sys.argv[1:] if not name.startswith("-")] or list(BENCHES)
    short = "--short" in sys.argv
    for name in named:
        BENCHES[name](*([SHORT[name]] if short and name in SHORT else []))
