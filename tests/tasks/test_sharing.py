"""Two processes with one token: they divide its limits through the ledger, and waste next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from ledger import Ledger
from sandbox import policy
from sandbox.running import Running

WINDOW = 6.0
ALLOWED = 250
"""Requests for groups that Okta lets one token make in a window; the sandbox's is shorter than a minute."""

READER = """
import json, sys, time
from tasks.lease import keep_alive
from tasks.session import open_session
with open_session("policy.yaml") as session:
    session.run_id = session.ledger.start_run("reconcile", session.moment(), policy="p")
    with keep_alive(session):
        source = session.source("okta-main")
        print("ready", flush=True)
        sys.stdin.readline()
        start = time.time()
        rows = sum(len(page.frame) for page in source.memberships())
        print(json.dumps({"rows": rows, "start": start, "end": time.time()}), flush=True)
        session.ledger.finish_run(session.run_id, session.moment(), verdict="done", exit_code=0, summary={})
"""


@pytest.mark.live
@pytest.mark.timeout(280)
def test_two_processes_keep_one_limit(tmp_path: Path, monkeypatch):
    """At most 2 % are refused, and they take at most 1 / 0.85 of the least time that the limit allows."""
    for name, value in policy.SECRETS.items():
        monkeypatch.setenv(name, value)
    with Running(people=400, seed=3) as company, ExitStack() as running:
        path = policy.write(tmp_path, company.url)
        path.write_text(path.read_text().replace("kind: okta, ", "kind: okta, member_page_size: 5, "))
        limits = {"mode": "documented", "seconds": WINDOW}
        requests.post(f"{company.url}/_sandbox/limits", json=limits, timeout=10).raise_for_status()
        readers = [running.enter_context(start_reader(tmp_path)) for _ in range(2)]
        for reader in readers:
            assert reader.stdout.readline() == "ready\n"
        for reader in readers:
            reader.stdin.write("go\n")
            reader.stdin.flush()
        told = [json.loads(reader.stdout.readline()) for reader in readers]
        assert [reader.wait(timeout=30) for reader in readers] == [0, 0]
        counts = requests.get(f"{company.url}/_sandbox/requests", timeout=10).json()["requests"]

    groups = [row for row in counts if row["path"].startswith("/okta/api/v1/groups")]
    refused = sum(row["count"] for row in groups if row["status"] == 429)
    sent = sum(row["count"] for row in groups if row["status"] == 200)
    bound = (sent - 1) // ALLOWED * WINDOW
    spent = max(each["end"] for each in told) - min(each["start"] for each in told)
    pacing = bound / spent
    print(f"{sent} requests, {refused} refused: bound {bound:.0f} s, ours {spent:.1f} s, {pacing:.2f}")
    assert told[0]["rows"] == told[1]["rows"] > 0
    assert bound >= 4 * WINDOW
    assert refused / (sent + refused) <= 0.02
    assert pacing >= 0.85


def start_reader(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", READER],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_those_that_ended_or_fell_silent_are_not_counted(tmp_path):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as ledger:
        runs = [ledger.start_run("sync", now, policy="p") for _ in range(3)]
        counts = [ledger.share_tokens(run, ["host a", "host b"][: 1 + (run == runs[2])], now) for run in runs]
        ledger.finish_run(runs[0], now, verdict="done", exit_code=0, summary={})
        later = now + timedelta(minutes=1)
        ledger.beat(runs[2], later)

        assert counts == [{"host a": 1}, {"host a": 2}, {"host a": 3, "host b": 1}]
        assert ledger.share_tokens(runs[2], ["host a", "host b"], later) == {"host a": 1, "host b": 1}
