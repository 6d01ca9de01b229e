"""(b, c) Requests in flight: reading and loading each target with 100 ms an answer, beside what is allowed.

What is allowed is the longest of: all requests divided among the connection's workers; the longest chain of
pages of which each names the next; and, when loading, what the documented limits let through.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

import requests

from benchmarks.company import served
from benchmarks.figure import Figure
from benchmarks.load import CASES, WORTH_TIMING, Asked, Batches, planned
from sandbox import policy
from tasks.extract import extract_target
from tasks.load import load_plan
from tasks.verify import verify

LATENCY, WORKERS = 0.1, 8
CHAINS = re.compile(r"/users/search$|/admin/v1/orgs/[^/]+/users$|/search/user$|/user/list$")
"""Listings of which each page names the next: nobody can ask for two of their pages at once."""
PEOPLE = {"acme-cloud": 4_200, "acme-scim": 4_200, "acme-jira": 2_000, "acme-confluence": 2_000}
FEW = 300


def main(people: int | None = None) -> dict[str, float]:
    """Print and return the share of the allowed that reading, loading and verifying each target reach."""
    os.environ.update(policy.SECRETS)
    print(f"(b, c) in flight with {LATENCY * 1000:.0f} ms an answer: at least 0.8 of what is allowed")
    found: dict[str, float] = {}
    for target in CASES:
        told = _measured(target, people or PEOPLE.get(target, FEW))
        found |= {f"{target}: {name}": value for name, value in told.items()}
    return found


def _measured(target: str, people: int) -> dict[str, float]:
    with served(people, "--limits", "off") as base, planned(base, target, people) as (session, plan):
        requests.post(f"{base}/_sandbox/limits", json={"latency": LATENCY}, timeout=10)
        found: dict[str, float] = {}
        requests.delete(f"{base}/_sandbox/requests", timeout=10)
        start = time.perf_counter()
        extract_target.fn(session, target)
        found |= _told(target, "read", time.perf_counter() - start, [_asked(base)])
        with Batches(base, session, plan) as batches:
            start = time.perf_counter()
            outcomes = load_plan(session, plan, batches.begin)
            spent = time.perf_counter() - start
        found |= _told(target, "load", spent, batches.phases)
        requests.delete(f"{base}/_sandbox/requests", timeout=10)
        start = time.perf_counter()
        verify.fn(session, plan, outcomes)
        found |= _told(target, "verify", time.perf_counter() - start, [_asked(base)])
    return found


def _asked(base: str) -> Asked:
    asked: Asked = Asked()
    for row in requests.get(f"{base}/_sandbox/requests", timeout=10).json()["requests"]:
        asked[row["method"], row["path"]] += row["count"]
    return asked


def _told(target: str, name: str, spent: float, phases: Sequence[Asked]) -> dict[str, float]:
    sent = sum(phase.total() for phase in phases)
    chain = _chain(phases[0]) if name == "read" else 0
    least = LATENCY * max(sent / WORKERS, chain)
    told = f"{sent:,} requests, {spent:.1f} s, least {least:.1f} s: {least / spent:.2f}"
    print(f"    {target}: {name} {told}", flush=True)
    if least < WORTH_TIMING:
        return {}
    return {f"{name} in flight": Figure.of(least / spent, f"{spent:.1f} s", f"{least:.1f} s allowed")}


def _chain(phase: Asked) -> int:
    return max((n for (_, path), n in phase.items() if CHAINS.search(path)), default=0)
