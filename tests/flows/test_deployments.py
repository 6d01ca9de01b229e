"""The deployments of prefect.yaml, on a real server with a real worker."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
import yaml

from tests.flows.conftest import Company
from tests.servers import PREFECT, process, server_environment, start_server, until

ROOT = Path(__file__).parents[2]
NAMES = {f"seatwise-{flow}" for flow in ("sync", "reconcile", "apply", "licences", "undo")}
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")


def deployments() -> list[dict]:
    return yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def test_the_deployments_are_the_five_people_rely_on():
    assert {deployment["name"] for deployment in deployments()} == NAMES


@pytest.mark.parametrize("entrypoint", [d["entrypoint"] for d in deployments()])
def test_every_entrypoint_is_a_flow_that_takes_the_parameters_given(entrypoint: str):
    """Deploying imports nothing, so a broken entrypoint would only show when a run crashes."""
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(entrypoint)
    (given,) = [d["parameters"] for d in deployments() if d["entrypoint"] == entrypoint]

    assert set(given) <= set(flow.parameters.properties)
    assert all("SecretStr" not in str(shape) for shape in flow.parameters.properties.values())


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("name", [d["name"] for d in deployments() if "schedules" in d])
def test_the_server_knows_the_next_runs_of_every_schedule(name: str, zone: str):
    """As its scheduler works them out, in whichever zone; what it cannot work out never fires, unseen."""
    from prefect.server.schemas.schedules import CronSchedule

    (deployment,) = [d for d in deployments() if d["name"] == name]
    for schedule in deployment["schedules"]:
        coming = asyncio.run(CronSchedule(cron=schedule["cron"], timezone=zone).get_dates(3))
        assert len(set(coming)) == 3


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A server's and worker's environment of their own: nothing of the machine's Prefect is used."""
    return server_environment(tmp_path)


@pytest.fixture
def team(company, postgres: str) -> Iterator[Company]:
    """A company whose ledger is a PostgreSQL database, as it is where several machines work."""
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("CREATE DATABASE team")
    url = postgres.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/team?")
    company.rewrite("ledger: sqlite:///seatwise.db", f"ledger: {url}")
    yield company
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("DROP DATABASE team WITH (FORCE)")


@pytest.mark.live
@pytest.mark.timeout(600)
def test_a_schedule_fires_again_and_again(team, environment, tmp_path: Path):
    """`make deploy`, a worker elsewhere, a schedule: run after run ends well, and no secret is at the server.

    The ledger is PostgreSQL; the reads lie where the policy lies, not where the worker works.
    """
    from sandbox import policy

    url = environment["PREFECT_API_URL"]
    home = team.policy.parent
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = environment | policy.SECRETS | {"SEATWISE_HOME": str(home)}
    with start_server(tmp_path, environment):
        subprocess.run(
            ["make", "-o", ".venv/run.stamp", f"BIN={Path(sys.executable).parent}", "deploy"],
            cwd=ROOT, env=environment, check=True, capture_output=True,
        )  # fmt: skip
        found = requests.post(f"{url}/deployments/filter", json={}, timeout=10).json()
        assert {deployment["name"] for deployment in found} == NAMES
        (sync,) = [d for d in found if d["name"] == "seatwise-sync"]
        switch_on(url, next(d for d in found if d["name"] == "seatwise-licences"))
        with process([*PREFECT, "worker", "start", "--pool", "seatwise"], elsewhere, env):
            every = [{"active": True, "schedule": {"interval": 20}}]
            reply = requests.post(f"{url}/deployments/{sync['id']}/schedules", json=every, timeout=10)
            reply.raise_for_status()
            runs = until(lambda: twice_ended(url), "the end of two scheduled runs")
            steps = [until(lambda run=run: task_runs(url, run["id"]), "its steps") for run in runs]

        log = (elsewhere / "process.log").read_text()[-4000:]
        assert [run["state_type"] for run in runs] == ["PAUSED", "CANCELLED"], log
        assert {run["state_name"] for run in runs} == {"Needs approval"}
        assert all(
            {"extract okta-main", "extract acme-cloud", "decide acme-cloud"} <= names for names in steps
        )
        assert (
            json.loads((home / "out" / "latest" / "summary.json").read_text())["verdict"] == "needs approval"
        )
        assert (home / "team.snapshots").is_dir()
        assert [path.name for path in elsewhere.iterdir()] == ["process.log"]
        artifacts = requests.post(f"{url}/artifacts/filter", json={}, timeout=10).text
        assert "seatwise-plan-policy-acme-cloud" in artifacts
        logs = requests.post(f"{url}/logs/filter", json={}, timeout=10).text
        shown = artifacts + logs + requests.post(f"{url}/flow_runs/filter", json={}, timeout=10).text
        assert not [secret for secret in policy.SECRETS.values() if secret in shown]


def switch_on(url: str, deployment: dict) -> None:
    """Switch the schedule on that it comes with, and wait until the server has planned a run by it."""
    (schedule,) = deployment["schedules"]
    path = f"{url}/deployments/{deployment['id']}/schedules/{schedule['id']}"
    requests.patch(path, json={"active": True}, timeout=10).raise_for_status()
    query = {"deployments": {"id": {"any_": [deployment["id"]]}}}
    until(lambda: requests.post(f"{url}/flow_runs/filter", json=query, timeout=10).json(), "a planned run")


def twice_ended(url: str) -> list[dict] | None:
    """The first two runs that the schedule made, once both have ended."""
    query = {"flow_runs": {"start_time": {"is_null_": False}}, "sort": "START_TIME_ASC"}
    runs = requests.post(f"{url}/flow_runs/filter", json=query, timeout=10).json()
    scheduled = [run for run in runs if run["auto_scheduled"] and run["state_type"] in ENDED]
    return scheduled[:2] if len(scheduled) > 1 else None


def task_runs(url: str, run_id: str) -> set[str] | None:
    """Names of the run's steps, once the server's recorder has caught up."""
    query = {"flow_runs": {"id": {"any_": [run_id]}}}
    names = {run["name"] for run in requests.post(f"{url}/task_runs/filter", json=query, timeout=10).json()}
    return names if any(name.startswith("publish") for name in names) else None
