"""(c) Load: requests per change, and pacing beside the least time the limits allow."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from benchmarks.company import served
from sandbox import policy
from tasks.decide import decide_target
from tasks.extract import extract_source, extract_target
from tasks.load import batches, load_batch
from tasks.run import running
from tasks.session import Session

TARGET = "acme-cloud"
WINDOW = 30
ALLOWED = 600
"""Requests a window of one operation, as the sandbox limits what Atlassian does not document."""


def main(people: int = 4_000) -> dict[str, float]:
    """Print and return writes and looks per change, and the pacing efficiency."""
    os.environ.update(policy.SECRETS)
    with served(people) as base, tempfile.TemporaryDirectory() as folder:
        path = policy.write(Path(folder), base, people)
        with running("bench", str(path), folder) as session:
            plan = _planned(session)
            limits = {"mode": "documented", "seconds": WINDOW}
            requests.post(f"{base}/_sandbox/limits", json=limits, timeout=10)
            requests.delete(f"{base}/_sandbox/requests", timeout=10)
            spent, outcomes = _loaded(session, plan)
        rows = requests.get(f"{base}/_sandbox/requests", timeout=10).json()["requests"]
    return _told(plan.changes, outcomes, rows, spent)


def _planned(session: Session) -> Any:
    """The first plan of the company, in the ledger."""
    sources = {"okta-main": extract_source.fn(session, "okta-main")}
    decision = decide_target.fn(session, TARGET, sources, extract_target.fn(session, TARGET))
    return session.ledger.plan(decision.plan.fingerprint)


def _loaded(session: Session, plan: Any) -> tuple[float, pd.DataFrame]:
    start = time.perf_counter()
    done = [
        load_batch.fn(session, plan, TARGET, number, batch, lambda _rows: None)
        for number, batch in enumerate(batches(plan.changes))
    ]
    return time.perf_counter() - start, pd.concat(done)


def _told(
    changes: pd.DataFrame, outcomes: pd.DataFrame, rows: list[dict[str, Any]], spent: float
) -> dict[str, float]:
    looks = sum(row["count"] for row in rows if row["path"].endswith("/users/search"))
    refused = sum(row["count"] for row in rows if row["status"] == 429)
    sent = sum(row["count"] for row in rows)
    writes = sent - looks - refused
    people = changes["account_id"].fillna(changes["source_id"]).nunique()
    busiest = max(_by_operation(rows).values())
    bound = ((busiest - 1) // ALLOWED) * WINDOW
    failed = int((outcomes["status"] != "applied").sum())
    found = {
        "writes per change": writes / len(changes),
        "looks per account": looks / people,
        "pacing efficiency": bound / spent if bound else 1.0,
        "refused share": refused / sent,
    }
    print(f"(c) load: {len(changes):,} changes of {people:,} people, {failed} not applied")
    print(f"    writes per change {found['writes per change']:.2f} (at most 1), "
          f"looks per account {found['looks per account']:.2f} (at most 1)")  # fmt: skip
    print(f"    documented limits in windows of {WINDOW} s: bound {bound} s, ours {spent:.1f} s: "
          f"efficiency {found['pacing efficiency']:.2f}, refused {found['refused share']:.1%}")  # fmt: skip
    return found


def _by_operation(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Requests by method and shape of the path, as limits are counted."""
    shapes: dict[str, int] = {}
    for row in rows:
        shape = row["method"] + "/".join("*" if len(part) > 30 else part for part in row["path"].split("/"))
        shapes[shape] = shapes.get(shape, 0) + row["count"]
    return shapes
