"""Schedules that nobody served, and the log for programs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.operations.commands import ENDS, ask, make_late, seatwise, tell
from tests.servers import PREFECT, process, server_environment, start_server, until

pytestmark = pytest.mark.live


@pytest.mark.timeout(600)
def test_what_was_missed_is_done_once(tmp_path: Path, folder):
    """A worker comes back after three hours: one sync does for all.

    The others say so, or are turned away while it is at work.
    """
    env = server_environment(tmp_path)
    with start_server(tmp_path, env):
        assert seatwise(env, "deploy", folder=folder).returncode == 0
        (sync,) = ask(env, "deployments", deployments={"name": {"any_": ["seatwise-sync"]}})
        on = {"schedules": [{"schedule": {"interval": 3600}, "active": True, "slug": "hourly"}]}
        tell(env, "PATCH", f"deployments/{sync['id']}", on)
        until(lambda: len(ask(env, "flow_runs")) > 2, "the scheduled runs")
        now = datetime.now(UTC)
        missed = make_late(tmp_path, [now - timedelta(hours=hours) for hours in (3, 2, 1)])
        worker = [*PREFECT, "worker", "start", "--pool", "seatwise", "--limit", "1"]
        with process(worker, tmp_path, env | {"SEATWISE_HOME": str(folder)}):
            runs = until(lambda: ended(env, missed), "the end of the missed runs")

    names = Counter(run["state"]["name"] for run in runs)
    said = [run["state"]["message"] for run in runs if run["state"]["name"] == "Skipped"]
    assert names["Skipped"] + names["Cancelled"] == 2, names
    assert all("no worker was there" in words for words in said)
    (summary,) = {path.resolve() for path in folder.glob("out/*/summary.json")}
    assert json.loads(summary.read_text())["flow"] == "sync"


def ended(env: dict[str, str], runs: list[str]) -> list[dict] | None:
    found = ask(env, "flow_runs", flow_runs={"id": {"any_": runs}})
    return found if all(run["state_type"] in (*ENDS, "PAUSED") for run in found) else None


def test_the_log_is_one_object_a_line_where_a_program_asks_for_it(environment, folder):
    env = environment | {"SEATWISE_LOG": "json"}

    ran = seatwise(env, "reconcile", "--json", folder=folder)

    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert json.loads(ran.stdout)["flow"] == "reconcile"
    assert {"levelname", "name", "created"} <= set(lines[0])
    assert any("extract people" in str(line) for line in lines)
