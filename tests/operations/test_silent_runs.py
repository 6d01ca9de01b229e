"""A worker killed together with its run: the server closes the run, and the next one may start."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from sandbox import policy
from sandbox.running import Running
from tests.operations.commands import ENDS, ask, processes, seatwise, start_run, state_of, tell
from tests.servers import PREFECT, process, server_environment, start_server, until

pytestmark = pytest.mark.live
CLOSED = 150
"""Seconds after its last sign of life by which a silent run is closed."""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.timeout(900)
def test_a_run_whose_machine_died_is_closed_and_the_next_one_is_told_of(tmp_path: Path):
    """Deployed with nothing switched by hand. The event that follows names no person."""
    env = server_environment(tmp_path)
    home = tmp_path / "home"
    with Running(people=40, seed=7) as company, start_server(tmp_path, env):
        policy.write(home, company.url)
        assert seatwise(env, "deploy", folder=tmp_path).returncode == 0
        mark = f"mark-of-{tmp_path.name}"
        mine = env | policy.SECRETS | {"SEATWISE_HOME": str(home), "SEATWISE_MARK": mark}
        hang = {"path": "/okta/api/v1/users", "method": "GET", "times": 0, "kind": "timeout"}
        requests.post(f"{company.url}/_sandbox/faults", json=hang, timeout=5).raise_for_status()
        worker = [*PREFECT, "worker", "start", "--pool", "seatwise"]
        with process(worker, tmp_path, mine):
            run = start_run(env, "seatwise-sync")
            until(lambda: heart_beats(env, run), "the run's first sign of life")
            for pid in processes(mark):
                os.kill(pid, signal.SIGKILL)
        requests.delete(f"{company.url}/_sandbox/faults", timeout=5).raise_for_status()
        until(lambda: state_of(env, run, "CRASHED"), "the closing of the silent run")

        with process(worker, tmp_path, mine):
            again = start_run(env, "seatwise-sync")
            # Its plan takes something away, so it waits for a person.
            assert until(lambda: state_of(env, again, *ENDS, "PAUSED"), "the next run") == "PAUSED"
            (event,) = until(lambda: events(env, "seatwise.plan.waiting"), "the event")

    assert event["resource"]["prefect.resource.id"] == "seatwise.target.acme-cloud"
    assert set(event["payload"]) == {"policy", "run", "plan", "changes", "destructive"}
    assert event["payload"]["policy"] == "policy"


def heart_beats(env: dict[str, str], run: str) -> bool:
    wanted = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    return bool(found(env, wanted))


def events(env: dict[str, str], name: str) -> list[dict]:
    return found(env, {"event": {"name": [name]}})


def found(env: dict[str, str], wanted: dict) -> list[dict]:
    reply = requests.post(f"{env['PREFECT_API_URL']}/events/filter", json={"filter": wanted}, timeout=10)
    reply.raise_for_status()
    return reply.json()["events"]


@pytest.mark.timeout(900)
def test_a_run_of_a_fresh_schedule_that_waits_for_a_person_is_not_taken_for_silent(tmp_path: Path):
    """It gives no sign of life while it waits, and the automation must have heard why."""
    env = server_environment(tmp_path)
    home = tmp_path / "home"
    with Running(people=40, seed=7) as company, start_server(tmp_path, env):
        policy.write(home, company.url)
        assert seatwise(env, "deploy", folder=tmp_path).returncode == 0
        (sync,) = ask(env, "deployments", deployments={"name": {"any_": ["seatwise-sync"]}})
        every = {"schedule": {"interval": 600, "anchor_date": f"{datetime.now(UTC) + timedelta(seconds=20)}"}}
        schedules = [{**every, "active": True, "slug": "hourly"}]
        tell(env, "PATCH", f"deployments/{sync['id']}", {"schedules": schedules})
        mine = env | policy.SECRETS | {"SEATWISE_HOME": str(home)}
        with process([*PREFECT, "worker", "start", "--pool", "seatwise"], tmp_path, mine):
            run = until(lambda: waiting(env), "the run that waits")
            until(lambda: ended_in_sight(env, run), "the time in which a silent run is closed", CLOSED + 60)

        assert waiting(env) == run


def waiting(env: dict[str, str]) -> str | None:
    found = ask(env, "flow_runs", flow_runs={"state": {"type": {"any_": ["PAUSED"]}}})
    return found[0]["id"] if found else None


def ended_in_sight(env: dict[str, str], run: str) -> bool:
    """Whether the last sign of life is so old that the automation must have judged it."""
    (last, *_) = found(
        env,
        {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run}"]}},
    )
    return datetime.now(UTC) - datetime.fromisoformat(last["occurred"]) > timedelta(seconds=CLOSED)
