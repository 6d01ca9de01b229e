"""A run that dies, or an answer that is lost, loses nothing and repeats nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import requests

from ledger.errors import TargetBusy
from tasks.clock import SIMULATED
from tasks.session import open_session
from tests.flows.test_sync import released

APPLY = """
import asyncio, sys
from flows.apply import apply

asyncio.run(apply(plan=sys.argv[1], config=sys.argv[2], out=sys.argv[3], return_state=True))
"""

READS = ("/search", "/workspaces")
CHANGES = ("POST", "PATCH", "PUT", "DELETE")


def writes(company) -> list[dict]:
    """Requests that change something, as the target counted them."""
    rows = requests.get(f"{company.url}/_sandbox/requests", timeout=5).json()["requests"]
    return [row for row in rows if row["method"] in CHANGES and not row["path"].endswith(READS)]


def ended(company) -> list[str]:
    """The runs that were found killed."""
    with open_session(company.policy) as session:
        runs = session.ledger.runs()
    return [f"{run.flow} {run.verdict}" for run in runs.itertuples() if run.verdict == "interrupted"]


def memory(company) -> dict[str, pd.DataFrame]:
    """What later runs decide by: whose is what, who is who, what was taken."""
    with open_session(company.policy) as session:
        ledger, target = session.ledger, session.target_names[0]
        return {
            "owned": ledger.owned(target),
            "links": ledger.links(target).drop(columns="rule"),
            "taken": ledger.taken(target),
        }


def test_a_killed_run_is_finished_by_the_next(company, server, monkeypatch):
    """Killed in the middle of writing: a minute later the next run settles, does the rest, nothing twice."""
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

    with pytest.raises(TargetBusy, match="process"):
        company.run("apply", plan=plan["fingerprint"])
    monkeypatch.setenv(SIMULATED, (datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    with open_session(company.policy) as session:
        begun = session.ledger.unsettled()
    company.run("apply", plan=plan["fingerprint"])
    summary = company.run("sync")

    assert len(begun) > 0
    assert ended(company) == ["apply interrupted"]
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


@pytest.mark.parametrize("kind", ["lost_write", "truncate"])
def test_what_was_made_is_ours_also_when_the_answer_was_lost(company, kind):
    """The account of a lost invitation is found by its address, so that it can be taken back."""
    plan = released(company)
    company.fault(path="/atlassian/admin/v2", method="POST", kind=kind, times=3)

    company.run("apply", plan=plan["fingerprint"])

    outcomes = pd.read_csv(company.out / "outcomes.csv").merge(
        pd.read_csv(company.out / "plan.csv")[["change_id", "action", "kind", "entitlement_id"]],
        on="change_id",
    )
    made = outcomes[outcomes["action"].isin(["create", "grant"]) & outcomes["status"].eq("applied")]
    ours = memory(company)["owned"]
    assert plan["changes"]["create"] == (made["action"] == "create").sum()
    assert made["account_id"].notna().all()
    assert set(made["account_id"]) <= set(ours["account_id"])


def begin_and_die(company, action: str) -> pd.DataFrame:
    """A run that intends the changes of one action, sends one of them, and is heard of no more."""
    from provisioning.model.frames import rows

    with open_session(company.policy) as session:
        ledger = session.ledger
        plan = ledger.plans(ledger.runs(1)["run_id"].iloc[0])[0]
        run = ledger.start_run("sync", session.moment(), policy=session.policy.fingerprint())
        begun = plan.changes[plan.changes["action"] == action].head(2)
        ledger.intend(run, begun["change_id"].tolist(), plan.fingerprint, session.moment())
        session.sink(plan.target, writable=True).apply(rows(begun.head(1)))
        return begun


def test_what_an_interrupted_run_took_is_known_before_anything_is_decided(company, monkeypatch):
    """A seat that was taken for disuse is not given back because nobody saw the answer."""
    planned = company.run("reconcile")
    begun = begin_and_die(company, "revoke")
    monkeypatch.setenv(SIMULATED, (datetime.now(UTC) + timedelta(minutes=1)).isoformat())

    again = company.run("reconcile")

    with open_session(company.policy) as session:
        assert session.ledger.unsettled().empty
        assert session.ledger.taken(session.target_names[0])["account_id"].tolist() == [
            begun["account_id"].iloc[0]
        ]
    assert again["changes"]["revoke"] == planned["changes"]["revoke"] - 1
    assert again["changes"]["grant"] == planned["changes"]["grant"]


def test_lost_snapshots_cost_a_whole_read(company):
    """Nobody is told to repair what only a new read can replace, and ownership stays."""
    first = company.run("reconcile")
    for path in company.policy.parent.rglob("*.parquet"):
        path.unlink()

    again = company.run("reconcile")

    assert again["fingerprint"] == first["fingerprint"]
    assert "lost" in again["sources"]["okta-main"]["why_whole"]


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
