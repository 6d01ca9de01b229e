"""Three days of a living server, and its judge: a table that finds no difference must be able to find one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.ending import ENDINGS
from tests.soak.agreement import STATES, compare, table

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(1200)
def test_three_days_leave_nothing_wrong() -> None:
    """The worker is killed, the server started again, syncs are started by hand; the schedule fires on."""
    command = [sys.executable, "-m", "tests.soak", "--days", "3", "--only", "services"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def run(kind: str, state: str) -> dict[str, str]:
    return {"id": f"{kind} {state}", "name": "sync", "state_type": kind, "state_name": state}


def test_what_server_and_ledger_say_differently_is_found() -> None:
    runs = [run("COMPLETED", "Completed"), run("FAILED", "Failed"), run("CANCELLED", "Cancelled")]
    verdicts = {"COMPLETED Completed": "needs approval", "FAILED Failed": "error"}

    said = compare(runs, verdicts)

    assert [one.agrees for one in said] == [False, True, True]
    assert next(line for line in table(said).splitlines() if "DIFFER" in line).startswith("Completed")


@pytest.mark.parametrize("kind", ["RUNNING", "PENDING", "CANCELLING", "SCHEDULED"])
def test_what_is_left_under_way_is_a_zombie(kind: str) -> None:
    (said,) = compare([run(kind, kind.title())], {})

    assert said.zombie


def test_every_verdict_of_the_product_is_known() -> None:
    assert set(ENDINGS) == set(STATES) - {"error", "interrupted", None}
