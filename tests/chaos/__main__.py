"""`python -m tests.chaos [OPTIONS]`: all that can go wrong, on purpose; `--help` tells the options.

Prints a table of campaigns and the input of each violation, and ends with exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

SHORT = {"kill acme-cloud": 1, "read okta-main whole": 2, "write legacy-jira": 1}
"""Points of each campaign in the test suite, where the soak lives beside the oracle instead."""


class Job(NamedTuple):
    """One campaign against one connection."""

    name: str
    work: Callable[..., Any]


def main() -> None:
    """Run the campaigns that were asked for."""
    asked = _arguments()
    os.environ |= {"PREFECT_LOGGING_LEVEL": "CRITICAL", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    logging.disable(logging.CRITICAL)
    started = time.monotonic()
    wanted = [(job, most) for job in _jobs(asked.fault) if (most := _points(asked, job.name))]
    tallies = list(_side_by_side(wanted, asked.jobs, asked.seed))
    from tests.chaos.tally import table

    print(table(tallies))
    print(f"\n{time.monotonic() - started:.0f} s, seed {asked.seed}")
    sys.exit(1 if any(one.violations for one in tallies) else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="a handful of points, as the test suite does")
    parser.add_argument("--points", type=int, default=100, help="points of each campaign at most (100)")
    parser.add_argument("--only", default="", help="campaigns whose name holds this, such as 'kill crowd'")
    parser.add_argument(
        "--fault", default="", help="of reads, faults of this kind alone: stale_read, reshape…"
    )
    parser.add_argument("--jobs", type=int, default=2, help="campaigns side by side (2)")
    parser.add_argument(
        "--seed", type=int, default=int(os.environ.get("CHAOS_SEED", "1")), help="which points"
    )
    return parser.parse_args()


def _points(asked: argparse.Namespace, name: str) -> int:
    if asked.only not in name:
        return 0
    usual = SHORT.get(name, 0) if asked.short else int(asked.points)
    return int(os.environ.get("ORACLE_DAYS", usual if asked.short else 90)) if name == "oracle" else usual


def _jobs(fault: str) -> Iterator[Job]:
    from tests.chaos import company, database, kills, reads, writes

    yield Job("oracle", company.campaign)
    for target in kills.TARGETS:
        yield Job(f"kill {target}", partial(kills.campaign, target))
    for source in reads.SOURCES:
        one = partial(reads.campaign, source=source, target="acme-cloud", of=source, kind=fault)
        yield Job(f"read {source} whole", partial(one, full=True))
        if source in reads.FEEDS:
            yield Job(f"read {source} changes", partial(one, full=False))
    for target in kills.TARGETS:
        one = partial(reads.campaign, source="okta-main", target=target, of=target, kind=fault)
        yield Job(f"read {target} whole", partial(one, full=True))
        if target in reads.TARGET_FEEDS:
            yield Job(f"read {target} changes", partial(one, full=False))
    for target in kills.TARGETS:
        yield Job(f"write {target}", partial(writes.campaign, target))
    yield Job("database acme-cloud", partial(database.campaign, "acme-cloud"))


def _side_by_side(wanted: list[tuple[Job, int]], jobs: int, seed: int) -> Iterator[Any]:
    """The tallies of the jobs; each runs in a process of its own, for it forks and starts threads."""
    import flows.apply
    import flows.reconcile
    import flows.sync  # noqa: F401  loaded once for all
    from tests.chaos.staging import Waiting, free_port
    from tests.chaos.tally import Tally

    with tempfile.TemporaryDirectory(prefix="seatwise-chaos-") as folder:

        def run(job: Job, most: int, nth: int, port: int) -> dict[str, Any]:
            tally = job.work(folder=Path(folder) / str(nth), port=port, most=most, seed=seed)
            return dict(tally.plain())

        todo = [Waiting(partial(run, job, most, nth, free_port())) for nth, (job, most) in enumerate(wanted)]
        for started in range(0, len(todo), jobs):
            under_way = todo[started : started + jobs]
            for one in under_way:
                one.start()
            for (job, _), one in zip(wanted[started : started + jobs], under_way, strict=True):
                said = one.answer()
                if said is None:
                    said = Tally(job.name, "", violations=[("the campaign itself failed", job.name)]).plain()
                print(
                    f"{job.name}: {said['points']} points, {len(said['violations'])} violations", flush=True
                )
                yield Tally(**said)


if __name__ == "__main__":
    main()
