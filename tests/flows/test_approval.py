"""Approval in the Prefect UI: a sync that needs it waits, a person answers the form, the same run goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.session import open_session
from tests.flows.test_crash import writes
from tests.flows.test_deployments import environment  # noqa: F401
from tests.flows.test_endings import HTTP, Deployed, deployment
from tests.flows.test_states import OUTCOME, artifacts
from tests.servers import until

pytestmark = pytest.mark.live

SEATWISE = str(Path(sys.executable).parent / "seatwise")


def waiting(deployed: Deployed, run_id: str) -> dict:
    """The run, once it waits for a person."""
    return deployed.ended(run_id, "PAUSED", "FAILED", "CRASHED", "COMPLETED", "CANCELLED")


def answer(deployed: Deployed, run_id: str, **given: str) -> dict:
    """Fill the form as the Resume button does."""
    url = f"{deployed.url}/flow_runs/{run_id}/resume"
    reply = HTTP.post(url, json={"run_input": given}, timeout=10)
    reply.raise_for_status()
    return dict(reply.json())


def decisions(company, fingerprint: str) -> list[tuple[str, str, str]]:
    """What the ledger keeps of who decided what about a plan, and why."""
    with open_session(company.policy) as session:
        known = session.ledger.decisions(fingerprint)
    return list(known[["by", "decision", "reason"]].itertuples(index=False, name=None))


def planned(company) -> tuple[str | None, dict]:
    """The plan of the last run, and its summary."""
    with open_session(company.policy) as session:
        run = session.ledger.run(session.ledger.runs(1)["run_id"].iloc[0])
    summary = run.summary or {}
    return summary.get("fingerprint"), summary


@pytest.mark.timeout(560)
def test_a_sync_waits_for_a_person_who_may_reject(company, environment, tmp_path):  # noqa: F811
    """The form shows the plan, no other run asks beside it, and of a rejected plan nothing is written."""
    with deployment(company, environment, tmp_path) as deployed:
        first = deployed.start("seatwise-sync")
        run = waiting(deployed, first)
        fingerprint, summary = planned(company)
        schema = HTTP.get(
            f"{deployed.url}/flow_runs/{first}/input/approval-{fingerprint[:12]}-0-schema", timeout=10
        ).json()
        description = HTTP.get(
            f"{deployed.url}/flow_runs/{first}/input/approval-{fingerprint[:12]}-0-description", timeout=10
        ).text

        assert (run["state_type"], run["state"]["name"]) == ("PAUSED", "Needs approval")
        assert f"{sum(summary['changes'].values())} changes planned" in run["state"]["message"]
        assert set(schema["properties"]) == {"decision", "reason", "approver"}
        assert fingerprint[:12] in description
        assert "destructive" in description
        assert answer(deployed, first, decision="approve")["status"] == "REJECT"
        assert deployed.run(first)["state_type"] == "PAUSED"

        second = deployed.ended(deployed.start("seatwise-sync"), "CANCELLED", "PAUSED", "FAILED")
        assert (second["state_type"], second["state"]["name"]) == ("CANCELLED", "Needs approval")

        answer(deployed, first, decision="reject", reason="the filter is wrong", approver="Ann")
        run = deployed.ended(first, "CANCELLED", "FAILED", "COMPLETED")
        assert run["state"]["name"] == "Rejected"
        assert "Ann rejected" in run["state"]["message"]
        assert "the filter is wrong" in run["state"]["message"]
        assert decisions(company, fingerprint) == [("Ann", "reject", "the filter is wrong")]
        assert writes(company) == []


@pytest.mark.timeout(560)
def test_two_people_release_the_plan_they_were_shown(company, environment, tmp_path):  # noqa: F811
    """One in the UI, one at the terminal; what was said of the plan of another policy counts for nothing."""
    company.rewrite("version: 1", "version: 1\napprove: {second_person_above: 20}")
    with deployment(company, environment, tmp_path) as deployed:
        run_id = deployed.start("seatwise-sync")
        waiting(deployed, run_id)
        outdated, _ = planned(company)
        company.rewrite("segment_drop: 40%", "segment_drop: 42%")
        answer(deployed, run_id, decision="approve", reason="too late", approver="Ann")
        until(lambda: planned(company)[0] not in (None, outdated), "another plan")
        waiting(deployed, run_id)
        fingerprint, summary = planned(company)
        assert decisions(company, outdated) == [("Ann", "approve", "too late")]
        assert decisions(company, fingerprint) == []
        assert writes(company) == []

        answer(deployed, run_id, decision="approve", reason="read it", approver="Ann")
        run = until(
            lambda: found if (found := deployed.run(run_id))["state"]["name"] == "Needs approval" and
            len(decisions(company, fingerprint)) == 1 else None,
            "the second question",
        )  # fmt: skip
        assert writes(company) == []
        told = subprocess.run(
            [SEATWISE, "approve", fingerprint[:12], "--by", "Bo", "--reason", "me too",
             "--config", str(company.policy)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "goes on" in told.stdout, told.stderr
        run = deployed.ended(run_id, "COMPLETED", "FAILED", "CRASHED", "CANCELLED")

        total = sum(summary["changes"].values())
        assert run["state"]["message"].startswith(f"{total} changes applied: ")
        assert decisions(company, fingerprint) == [("Ann", "approve", "read it"), ("Bo", "approve", "me too")]
        assert OUTCOME in artifacts(deployed.url, run_id)
        assert run["name"].endswith(f"{total} changes applied")


@pytest.mark.timeout(560)
def test_an_answer_counts_although_its_run_is_turned_away(company, environment, tmp_path):  # noqa: F811
    """Another sync is at work when a person answers, so the run cannot go on; whichever reads next does."""
    with deployment(company, environment, tmp_path) as deployed:
        asking = deployed.start("seatwise-sync")
        waiting(deployed, asking)
        fingerprint, _ = planned(company)
        HTTP.post(f"{company.url}/_sandbox/limits", json={"latency": 1.5}, timeout=5)
        busy = deployed.start("seatwise-sync")
        deployed.ended(busy, "RUNNING")
        answer(deployed, asking, decision="approve", reason="read it", approver="Ann")
        turned_away = deployed.ended(asking, "CANCELLED", "COMPLETED", "FAILED")
        HTTP.post(f"{company.url}/_sandbox/limits", json={"latency": 0}, timeout=5)
        deployed.ended(busy, "CANCELLED", "FAILED", "COMPLETED")
        after = deployed.ended(deployed.start("seatwise-sync"), "COMPLETED", "FAILED", "CANCELLED", "PAUSED")

        assert turned_away["state"]["name"] == "Cancelled"
        assert decisions(company, fingerprint) == [("Ann", "approve", "read it")]
        assert after["state_type"] == "COMPLETED", after["state"]["message"]
        assert writes(company)
