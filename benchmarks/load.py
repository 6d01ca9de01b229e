"""(c) Load: what a change costs in requests, and pacing beside the least time the limits allow.

Each target that can be written has a company of its own, and the plan of its first run is loaded as the
flow loads it, under the limits that are documented for its API. The least time follows from what the
sandbox enforces and the requests that got through:

- `atlassian_org`: windows of each operation. A window opens with its first request, so n requests of one
  operation wait for (n - 1) // allowance windows to pass.
- `jira_cloud`, `confluence_cloud`: a bucket of each operation, one for all searches of people; it holds
  what refills in a second, so n requests take (n - size) / rate seconds.
- `jira_dc`, `confluence_dc`, `crowd`, `bitbucket_dc`: one bucket of the caller for everything, filled in
  steps; the first may come at once.
- `atlassian_scim`: nothing is documented, and nothing is enforced.
- `jsm_customers`: of the burst of a site only the size is known; `jsm_customers_dc`: the bucket as above. A
  look is several requests there, for no one of them tells an account with all it is in.

Operations are limited apart from each other, so of those the busiest counts. A turn of the plan must not
begin before the one before it has ended (a seat is freed before it is filled), so the times of the phases are
added up.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

import pandas as pd
import requests

from benchmarks.company import served
from benchmarks.figure import Figure
from ledger import StoredPlan
from sandbox import policy
from sandbox.kit.cloud_wire import USUAL_LIMIT
from sandbox.kit.datacenter_wire import FILL, INTERVAL, LIMIT
from sandbox.kit.site_wire import READS, SEARCHES, WRITES
from sinks import Sink
from tasks.batches import load_batch
from tasks.decide import decide_target
from tasks.extract import read_source, read_target
from tasks.load import SIDE_BY_SIDE, load_plan
from tasks.run import open_run
from tasks.session import Session
from transport.door import by_shape

WINDOW = 30
"""Seconds, where the number of requests is documented for a minute."""
WORTH_TIMING = 5
"""Seconds from which on the beginning and the end of a load weigh little."""
ONCE = re.compile(
    r"/(groups?(/search|/bulk|s/picker)?|groups/picker|role-assignments|applicationrole|workspaces"
    r"|Groups/[^/]+|myself|user/current|application-properties)$"
)
"""Reads of groups and of the caller, which a phase asks once. All others count as looks, also a list of
Confluence that is asked for a hundred accounts, and the directory's number of users."""
Asked = Counter[tuple[str, str]]
"""Requests by method and path."""


def windows(phases: Sequence[Asked]) -> float:
    """Least seconds where each administration operation has windows."""
    return sum(WINDOW * ((_busiest(phase, "/admin/") - 1) // USUAL_LIMIT) for phase in phases)


def buckets(phases: Sequence[Asked]) -> float:
    """Least seconds where each operation has a bucket that refills within a second."""
    return sum(max(0.0, *(n / _rate(*key) - 1 for key, n in _site(phase).items())) for phase in phases)


def one_bucket(phases: Sequence[Asked]) -> float:
    """Least seconds where all requests of the caller share a bucket."""
    sent = sum(phase.total() for phase in phases)
    return max(0, math.ceil((sent - LIMIT) / FILL) - 1) * INTERVAL


class Case(NamedTuple):
    """How a target is measured.

    Attributes:
        people: enough of them that the limits, not the processor, take the time.
        least: least seconds that the limits allow the requests of some phases.
        edits: what is said otherwise in the policy, so that there is enough to change.
    """

    people: int
    least: Callable[[Sequence[Asked]], float] | None
    edits: Mapping[str, str] = MappingProxyType({})


NO_STAFF_GROUP = {
    "      default: {all: [all-staff]}\n": "",
    "manage: [confluence-users]": "manage: [all-staff, confluence-users]",
    "may_remove: [confluence-users]": "may_remove: [all-staff, confluence-users]",
}
"""Takes a group away from everybody."""
CASES = {
    "acme-cloud": Case(4_200, windows),
    "acme-scim": Case(500, None),
    "acme-jira": Case(4_000, buckets),
    "acme-confluence": Case(1_200, buckets, NO_STAFF_GROUP),
    "legacy-jira": Case(130, one_bucket),
    "legacy-confluence": Case(260, one_bucket),
    "crowd": Case(360, one_bucket),
    "bitbucket": Case(100, one_bucket),
    "acme-customers": Case(300, None),
    "legacy-customers": Case(300, one_bucket),
}


def main(people: int | None = None) -> dict[str, float]:
    """Print and return writes and looks per change, and the pacing efficiency, of every target.

    Args:
        people: size of every company, instead of its own.
    """
    os.environ.update(policy.SECRETS)
    print("(c) load: requests, and pacing under the documented limits")
    found: dict[str, float] = {}
    for target, case in CASES.items():
        told = measured(target, case, people or case.people)
        found |= {f"{target}: {name}": value for name, value in told.items()}
    return found


def measured(target: str, case: Case, people: int) -> dict[str, float]:
    with served(people) as base, planned(base, target, people) as (session, plan):
        requests.post(f"{base}/_sandbox/limits", json={"mode": "documented", "seconds": WINDOW}, timeout=10)
        with Batches(base, session, plan) as batches:
            start = time.perf_counter()
            outcomes = load_plan(session, plan, batches.begin)
            spent = time.perf_counter() - start
    return _told(target, case, plan.changes, outcomes, batches, spent)


@contextmanager
def planned(base: str, target: str, people: int) -> Iterator[tuple[Session, StoredPlan]]:
    """A run and the first plan of the company, in its ledger."""
    with tempfile.TemporaryDirectory() as folder:
        path = policy.write(Path(folder), base, people, targets=[target])
        for old, new in CASES[target].edits.items():
            path.write_text(path.read_text().replace(old, new))
        with open_run("bench", str(path), folder) as session:
            sources = {"okta-main": read_source(session, "okta-main")}
            _, plan = decide_target.fn(session, target, sources, {target: read_target(session, target)})
            yield session, plan


class Batches:
    """Begins batches in threads, and keeps what each phase asked of the sandbox.

    Attributes:
        phases: requests of each phase that got through.
        refused: requests that came too soon.
    """

    def __init__(self, base: str, session: Session, plan: StoredPlan) -> None:
        self._requests, self._session, self._plan = f"{base}/_sandbox/requests", session, plan
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        self._sink: Sink | None = None
        self.phases: list[Asked] = []
        self.refused = 0

    def __enter__(self) -> Self:
        requests.delete(self._requests, timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        self._end_phase()

    def begin(self, sink: Sink, number: int, batch: pd.DataFrame) -> Future[pd.DataFrame]:
        """Start a batch; what comes before a sink is opened anew counts as a phase of its own."""
        if self._sink not in (None, sink):
            self._end_phase()
        self._sink = sink
        work = (self._session, self._plan, sink, number, batch, lambda _rows: None)
        return self._pool.submit(load_batch, *work)

    def _end_phase(self) -> None:
        rows = requests.get(self._requests, timeout=10).json()["requests"]
        requests.delete(self._requests, timeout=10)
        asked: Asked = Counter()
        for row in rows:
            if row["status"] == 429:
                self.refused += row["count"]
            else:
                asked[row["method"], row["path"]] += row["count"]
        self.phases.append(asked)


def _told(
    target: str, case: Case, changes: pd.DataFrame, outcomes: pd.DataFrame, batches: Batches, spent: float
) -> dict[str, float]:
    whole = sum(batches.phases, Counter())
    reads = {
        key: n for key, n in whole.items() if key[0] == "GET" or key[1].endswith(("/search", "/workspaces"))
    }
    once = sum(n for (_, path), n in reads.items() if ONCE.search(path))
    accounts = changes["account_id"].fillna(changes["source_id"]).nunique()
    failed = int((~outcomes["status"].isin(["applied", "propagating"])).sum())
    found: dict[str, float] = {
        "writes per change": (whole.total() - sum(reads.values())) / len(changes),
        "looks per account": (sum(reads.values()) - once) / accounts,
    }
    print(f"    {target}: {len(changes):,} changes of {accounts:,} accounts, {failed} failed")
    print(f"        writes per change {found['writes per change']:.2f}, "
          f"looks per account {found['looks per account']:.2f}, {once} reads once")  # fmt: skip
    if case.least is None:
        print("        no limit is documented")
        return found
    least = case.least(batches.phases)
    if least < WORTH_TIMING:
        print(f"        bound {least:.1f} s, too short to time")
        return found
    refused = batches.refused / (whole.total() + batches.refused)
    print(f"        bound {least:.1f} s, ours {spent:.1f} s: "
          f"efficiency {least / spent:.2f} (at least 0.95), refused {refused:.1%}")  # fmt: skip
    kept = Figure.of(least / spent, f"{spent:.1f} s", f"{least:.1f} s by the limits")
    return {**found, "pacing efficiency": kept, "refused share": refused}


def _busiest(turn: Asked, part: str) -> int:
    """Requests of the busiest operation whose path holds a part."""
    operations: Counter[str] = Counter()
    for (method, path), n in turn.items():
        operations[by_shape(method, path)] += n if part in path else 0
    return max(operations.values(), default=0)


def _site(turn: Asked) -> Asked:
    """Requests of a site by operation, the searches of people as one."""
    operations: Asked = Counter({("GET", "-"): 0})
    for (method, path), n in turn.items():
        operations[("GET", "searches") if path.endswith("/user/search") else (method, path)] += n
    return operations


def _rate(method: str, path: str) -> int:
    if path == "searches":
        return SEARCHES
    return READS if method in ("GET", "POST") else WRITES
