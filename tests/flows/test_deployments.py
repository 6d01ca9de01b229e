"""The deployments of prefect.yaml, on a real server with a real worker."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from tests.flows.conftest import template

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]
NAMES = {f"seatwise-{flow}" for flow in ("sync", "reconcile", "apply", "licences", "undo")}
PATIENCE = 150


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


@contextmanager
def process(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A process with its output in a file; interrupted, then killed if need be, at the end."""
    with (folder / "process.log").open("a") as log:
        running = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait(timeout=20)


def until(done, what: str):
    """The first true answer, asked again and again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


def healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A server's and worker's environment of their own: nothing of the machine's Prefect is used."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path / "prefect"
    home.mkdir()
    shutil.copy(template(), home / "prefect.db")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return clean | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.timeout(600)
def test_a_worker_runs_a_deployed_sync_to_its_end(company, environment, tmp_path: Path):
    """`make deploy`, a worker elsewhere, one run: its steps and tables are at the server, no secret is."""
    from sandbox import policy

    url = environment["PREFECT_API_URL"]
    port = environment["PREFECT_SERVER_API_PORT"]
    env = environment | policy.SECRETS | {"SEATWISE_HOME": str(company.policy.parent)}
    out = company.policy.parent / "out"
    with process([*PREFECT, "server", "start", "--port", port], tmp_path, environment):
        until(lambda: healthy(url), "the server's start")
        subprocess.run(
            ["make", "-o", ".venv/run.stamp", f"BIN={Path(sys.executable).parent}", "deploy"],
            cwd=ROOT, env=environment, check=True, capture_output=True,
        )  # fmt: skip
        found = requests.post(f"{url}/deployments/filter", json={}, timeout=10).json()
        assert {deployment["name"] for deployment in found} == NAMES
        (sync,) = [d for d in found if d["name"] == "seatwise-sync"]
        with process([*PREFECT, "worker", "start", "--pool", "seatwise"], tmp_path, env):
            run = requests.post(f"{url}/deployments/{sync['id']}/create_flow_run", json={}, timeout=10).json()
            state = until(lambda: ended(url, run["id"]), "the run's end")
            steps = until(lambda: task_runs(url, run["id"]), "the record of the steps")

        assert state == "COMPLETED", (tmp_path / "process.log").read_text()[-4000:]
        assert json.loads((out / "summary.json").read_text())["verdict"] == "needs approval"
        assert {"extract okta-main", "extract acme-cloud", "decide acme-cloud"} <= steps
        artifacts = requests.post(f"{url}/artifacts/filter", json={}, timeout=10).text
        assert "seatwise-plan" in artifacts
        logs = requests.post(f"{url}/logs/filter", json={}, timeout=10).text
        shown = artifacts + logs + requests.post(f"{url}/flow_runs/filter", json={}, timeout=10).text
        assert not [secret for secret in policy.SECRETS.values() if secret in shown]


def ended(url: str, run_id: str) -> str | None:
    state = requests.get(f"{url}/flow_runs/{run_id}", timeout=10).json()["state"]
    return state["type"] if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None


def task_runs(url: str, run_id: str) -> set[str] | None:
    """Names of the run's steps, once the server's recorder has caught up."""
    query = {"flow_runs": {"id": {"any_": [run_id]}}}
    names = {run["name"] for run in requests.post(f"{url}/task_runs/filter", json=query, timeout=10).json()}
    return names if any(name.startswith("publish") for name in names) else None
