"""Runs of a worker that end before their time: told to, or killed. What they wrote is shown all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tasks.session import open_session
from tests.flows.test_crash import writes
from tests.flows.test_deployments import ROOT, environment  # noqa: F401
from tests.flows.test_states import OUTCOME, PLAN, artifacts
from tests.flows.test_sync import released
from tests.servers import HTTP, PREFECT, process, start_server, until

pytestmark = pytest.mark.live


class Deployed:
    """A server with the deployments and a worker."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(
        self, deployment: str, parameters: dict[str, object], name: str | None = None
    ) -> requests.Response:
        """What the server answers to a filled form."""
        query = {"deployments": {"name": {"any_": [deployment]}}}
        (found,) = HTTP.post(f"{self.url}/deployments/filter", json=query, timeout=10).json()
        form = {"parameters": parameters} | ({"name": name} if name else {})
        return HTTP.post(f"{self.url}/deployments/{found['id']}/create_flow_run", json=form, timeout=10)

    def start(self, deployment: str, name: str | None = None, **parameters: object) -> str:
        """Start a run of a deployment; its identifier."""
        reply = self.ask(deployment, parameters, name)
        reply.raise_for_status()
        return str(reply.json()["id"])

    def run(self, run_id: str) -> dict:
        """What the server knows of a run."""
        return dict(HTTP.get(f"{self.url}/flow_runs/{run_id}", timeout=10).json())

    def ended(self, run_id: str, *types: str) -> dict:
        """The run, once it is in one of these states."""
        return until(
            lambda: run if (run := self.run(run_id))["state_type"] in types else None, f"{types} of the run"
        )

    def scheduled(self, *types: str) -> dict | None:
        """A run that a schedule made, once one is in one of these states."""
        query = {"flow_runs": {"state": {"type": {"any_": list(types)}}}}
        runs = HTTP.post(f"{self.url}/flow_runs/filter", json=query, timeout=10).json()
        return next((run for run in runs if run["auto_scheduled"]), None)

    def retry(self, run_id: str) -> None:
        """Press Retry."""
        at = {"scheduled_time": datetime.now(UTC).isoformat()}
        state = {"type": "SCHEDULED", "name": "AwaitingRetry", "state_details": at}
        HTTP.post(
            f"{self.url}/flow_runs/{run_id}/set_state", json={"state": state, "force": True}, timeout=10
        ).raise_for_status()

    def set_state(self, run_id: str, kind: str) -> None:
        """Put a run into a state, as a button of the UI does."""
        state = {"state": {"type": kind, "name": kind.title()}}
        HTTP.post(f"{self.url}/flow_runs/{run_id}/set_state", json=state, timeout=10).raise_for_status()


@contextmanager
def deployment(company, environment: dict[str, str], folder: Path) -> Iterator[Deployed]:  # noqa: F811
    """The company's deployments on a server of their own, and a worker beside it."""
    from sandbox import policy

    worker = folder / "worker"
    worker.mkdir()
    env = environment | policy.SECRETS | {"SEATWISE_HOME": str(company.policy.parent)}
    with start_server(folder, environment):
        subprocess.run(
            ["make", "-o", ".venv/run.stamp", f"BIN={Path(sys.executable).parent}", "deploy"],
            cwd=ROOT, env=env, check=True, capture_output=True,
        )  # fmt: skip
        with process([*PREFECT, "worker", "start", "--pool", "seatwise"], worker, env):
            yield Deployed(environment["PREFECT_API_URL"])


def begin_to_write(company, deployed: Deployed) -> tuple[dict, str]:
    """A released plan and a run of seatwise-apply that has written some of it, slowly."""
    plan = released(company)
    requests.post(f"{company.url}/_sandbox/limits", json={"latency": 0.5}, timeout=5)
    requests.delete(f"{company.url}/_sandbox/requests", timeout=5)
    run_id = deployed.start("seatwise-apply", "my own name", plan=plan["fingerprint"])
    until(lambda: sum(row["count"] for row in writes(company)) > 10, "the first writes")
    return plan, run_id


def last_run(company):
    with open_session(company.policy) as session:
        run_id = session.ledger.runs(1)["run_id"].iloc[0]
        return session.ledger.run(run_id), session.ledger.unsettled()


def require_words_about_wrong_values(deployed: Deployed) -> None:
    """The server refuses a form before a run exists, and names the field."""
    wrong: list[tuple[str, str, object]] = [
        ("seatwise-apply", "plan", ""),
        ("seatwise-apply", "plan", "no fingerprint"),
        ("seatwise-undo", "run_id", "yesterday's"),
        ("seatwise-reconcile", "as_of", "yesterday"),
        ("seatwise-reconcile", "full", "maybe"),
        ("seatwise-sync", "config", " "),
        ("seatwise-sync", "config", "another.yaml"),
        ("seatwise-sync", "only", "ada"),
    ]
    for name, field, value in wrong:
        reply = deployed.ask(name, {field: value})
        assert reply.status_code == 409, (name, field, value)
        assert field in reply.text


@pytest.mark.timeout(400)
def test_a_run_that_ends_early_shows_what_it_wrote(company, environment, tmp_path):  # noqa: F811
    """Cancelled: no further request is sent. Killed: the worker tells. Plan, outcomes, counts are shown."""
    with deployment(company, environment, tmp_path) as deployed:
        require_words_about_wrong_values(deployed)
        plan, run_id = begin_to_write(company, deployed)
        deployed.set_state(run_id, "CANCELLING")
        deployed.ended(run_id, "CANCELLED")
        sent = sum(row["count"] for row in writes(company))
        time.sleep(1.5)
        after = sum(row["count"] for row in writes(company))
        run, unsettled = last_run(company)
        shown = artifacts(deployed.url, run_id)

        assert deployed.run(run_id)["name"] == "my own name"
        assert (company.policy.parent / "out" / "latest" / "plan.csv").is_file()
        assert (company.policy.parent / "out" / run.run_id / "plan.csv").is_file()
        assert after == sent < sum(plan["changes"].values())
        assert unsettled.empty
        assert run.verdict == "error"
        assert run.summary["applied"] >= 10
        assert run.summary["changes"] == plan["changes"]
        assert {PLAN, OUTCOME} <= set(shown)

        plan, run_id = begin_to_write(company, deployed)
        until(lambda: last_run(company)[0].pid, "its process")
        started, _ = last_run(company)

        os.kill(started.pid, signal.SIGKILL)

        deployed.ended(run_id, "CRASHED")
        run = until(lambda: found if (found := last_run(company)[0]).summary else None, "the worker's word")
        shown = artifacts(deployed.url, run_id)

        assert run.run_id == started.run_id
        assert run.verdict == "interrupted"
        assert run.summary["changes"] == plan["changes"]
        assert PLAN in shown

        requests.post(f"{company.url}/_sandbox/limits", json={"latency": 0}, timeout=5)
        last = company.run("sync")
        assert last["verdict"] in ("done", "changes planned")
