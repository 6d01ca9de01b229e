"""A run that dies, or an answer that is lost, loses nothing and repeats nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pandas as pd
import requests

from tests.flows.test_sync import released

APPLY = """
import asyncio, sys
from flows.apply import apply
asyncio.run(apply(plan=sys.argv[1], config=sys.argv[2], out=sys.argv[3]))
"""


READS = ("/search", "/workspaces")
CHANGES = ("POST", "PATCH", "PUT", "DELETE")


def writes(company) -> list[dict]:
    """Requests that change something, as the target counted them."""
    rows = requests.get(f"{company.url}/_sandbox/requests", timeout=5).json()["requests"]
    return [row for row in rows if row["method"] in CHANGES and not row["path"].endswith(READS)]


def test_a_killed_run_is_finished_by_the_next(company, server):
    """Killed in the middle of writing: the next run settles by reading, does the rest, and nothing twice."""
    plan = released(company)
    requests.post(f"{company.url}/_sandbox/limits", json={"latency": 0.05}, timeout=5)
    requests.delete(f"{company.url}/_sandbox/requests", timeout=5)
    command = [sys.executable, "-c", APPLY, plan["fingerprint"], str(company.policy), str(company.out)]
    dying = subprocess.Popen(command, env={**os.environ, "PREFECT_API_URL": server})
    end = time.monotonic() + 120
    while sum(row["count"] for row in writes(company)) < 10:
        assert dying.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.02)
    dying.send_signal(signal.SIGKILL)
    dying.wait(timeout=10)
    requests.post(f"{company.url}/_sandbox/limits", json={"latency": 0}, timeout=5)

    later = datetime.now(UTC) + timedelta(minutes=30)
    company.run("apply", plan=plan["fingerprint"], as_of=later)
    summary = company.run("sync", as_of=later)

    assert summary["exit_code"] == 0
    assert summary["changes"] == {}
    sent = {(row["method"], row["path"]): row["count"] for row in writes(company) if row["status"] < 300}
    (invite,) = [key for key in sent if key[1].endswith("/invite")]
    assert sent.pop(invite) == plan["changes"]["create"]
    assert set(sent.values()) == {1}


def test_a_lost_answer_is_settled_by_reading(company):
    """The write happened and the connection was cut: it is found done, not sent again."""
    plan = released(company)
    company.fault(path="/atlassian/admin/v2", method="DELETE", kind="lost_write", times=3)

    summary = company.run("apply", plan=plan["fingerprint"])

    outcomes = pd.read_csv(company.out / "outcomes.csv")
    assert outcomes["message"].str.contains("found done", na=False).sum() == 3
    assert summary["exit_code"] == 0
    assert summary["residual"] == 0


def test_a_refused_write_is_one_bad_row(company):
    """One account the target will not change: it is told with what to do, the others are done."""
    plan = released(company)
    company.fault(path="/atlassian/users", method="PATCH", kind="status", status=403, times=1)

    summary = company.run("apply", plan=plan["fingerprint"])

    outcomes = pd.read_csv(company.out / "outcomes.csv")
    (failed,) = outcomes[outcomes["status"] == "failed"]["message"]
    assert summary["failed"] == 1
    assert summary["exit_code"] == 4
    assert "403" in failed
    assert summary["applied"] == len(outcomes) - 1
