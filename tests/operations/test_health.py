"""`seatwise health` on a real server: what is wrong is found, and nothing else is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ledger import Ledger
from tests.operations.commands import ask, make_late, seatwise, tell
from tests.servers import PREFECT, process, server_environment, start_server, until


def levels(said: str, part: str) -> dict[str, str]:
    return {each["subject"]: each["level"] for each in json.loads(said)[part]}


def keep_read(folder: Path, at: datetime) -> None:
    """Reads as a run would have left them."""
    import pandas as pd

    frame = pd.DataFrame({"name": pd.Series(["a"], dtype="str")})
    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}") as ledger:
        for name in ("people", "export"):
            ledger.save_snapshot(name, {name: frame}, complete=True, at=at, run_id=None)


def test_fresh_reads_are_well_and_old_or_lost_ones_are_not(environment, folder):
    no_server = environment | {"PREFECT_API_URL": ""}
    never = seatwise(no_server, "health", "--json", folder=folder)
    keep_read(folder, datetime.now(UTC))
    fresh = seatwise(no_server, "health", "--json", folder=folder)
    lost = next((folder / "seatwise.snapshots").rglob("*.parquet"))
    lost.unlink()
    damaged = seatwise(no_server, "health", "--json", folder=folder)
    keep_read(folder, datetime.now(UTC) - timedelta(days=3))
    old = seatwise(no_server, "health", folder=folder)

    assert (never.returncode, fresh.returncode, damaged.returncode, old.returncode) == (0, 0, 1, 1), (
        fresh.stderr
    )
    assert levels(never.stdout, "memory") == {
        "ledger": "ok", "snapshots": "ok", "people": "warning", "export": "warning",
    }  # fmt: skip
    assert set(levels(fresh.stdout, "memory").values()) == {"ok"}
    assert levels(fresh.stdout, "prefect") == {"server": "warning"}
    assert "lost" in damaged.stdout
    assert "3 days ago" in old.stdout


def test_who_writes_is_told_and_whether_they_fell_silent(environment, folder):
    keep_read(folder, datetime.now(UTC))
    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}") as ledger:
        run = ledger.start_run("sync", datetime.now(UTC), policy="p")
        ledger.lease(run, "export", at=datetime.now(UTC))
    no_server = environment | {"PREFECT_API_URL": ""}
    alive = seatwise(no_server, "health", folder=folder)
    with create_engine(f"sqlite:///{folder / 'seatwise.db'}").begin() as plain:
        plain.execute(text("UPDATE runs SET alive_at = '2026-01-01 00:00:00.000000'"))
    silent = seatwise(no_server, "health", folder=folder)

    assert f"is being written by run {run}" in alive.stdout
    assert "fell silent" in silent.stdout
    assert "seatwise release" in silent.stdout


def test_a_ledger_that_cannot_be_opened_is_told_and_the_server_all_the_same(environment, folder):
    (folder / "seatwise.db").write_text("this is no database, however long it is " * 100)

    ran = seatwise(environment, "health", "--json", folder=folder)

    assert ran.returncode == 1
    assert levels(ran.stdout, "memory") == {"ledger": "error"}
    assert levels(ran.stdout, "prefect")["server"] == "ok"


@pytest.mark.timeout(600)
@pytest.mark.live
def test_schedules_and_workers_behind_a_login(tmp_path: Path, folder):
    """A server with basic authentication: without the login nothing is told, and what to set."""
    keep_read(folder, datetime.now(UTC))
    login = {"PREFECT_SERVER_API_AUTH_STRING": "ops:a-made-up-password"}
    env = server_environment(tmp_path) | login
    mine = env | {"PREFECT_API_AUTH_STRING": "ops:a-made-up-password", "SEATWISE_HOME": str(folder)}
    outside = {name: value for name, value in env.items() if name not in login}
    auth = ("ops", "a-made-up-password")
    with start_server(tmp_path, env):
        refused = seatwise(outside, "deploy", folder=folder)
        asked = seatwise(outside, "health", folder=folder)
        assert (refused.returncode, asked.returncode) == (1, 1)
        assert "refuses the login" in refused.stderr
        assert "PREFECT_API_AUTH_STRING" in asked.stdout

        assert seatwise(mine, "deploy", folder=folder).returncode == 0
        idle = seatwise(mine, "health", "--json", folder=folder)
        assert levels(idle.stdout, "prefect") == {"server": "ok", "workers": "warning"}

        (sync,) = ask(mine, "deployments", auth=auth, deployments={"name": {"any_": ["seatwise-sync"]}})
        on = {"schedules": [{"schedule": {"interval": 3600}, "active": True, "slug": "hourly"}]}
        tell(mine, "PATCH", f"deployments/{sync['id']}", on, auth=auth)
        until(lambda: ask(mine, "flow_runs", auth=auth), "the first scheduled run")
        alone = seatwise(mine, "health", "--json", folder=folder)
        assert alone.returncode == 1
        assert levels(alone.stdout, "prefect")["workers"] == "error"

        with process([*PREFECT, "worker", "start", "--pool", "seatwise"], tmp_path, mine):
            until(lambda: workers(mine, auth), "the worker")
            well = seatwise(mine, "health", "--json", folder=folder)
        assert levels(well.stdout, "prefect") == {"server": "ok", "workers": "ok", "seatwise-sync": "ok"}
        assert well.returncode == 0

        make_late(tmp_path, [datetime.now(UTC) - timedelta(hours=1)])
        behind = seatwise(mine, "health", folder=folder)
        assert "seatwise-sync: is late" in behind.stdout
        assert behind.returncode == 1


def workers(env: dict[str, str], auth: tuple[str, str]) -> list[dict]:
    return ask(env, "work_pools/seatwise/workers", auth=auth)
