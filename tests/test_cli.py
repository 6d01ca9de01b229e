"""The command line: it teaches, it answers at once, and every error says what to do next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sinks
import sources
from errors import SeatwiseError
from flows.cli import app, describe_error

COMMANDS = [command.callback.__name__ for command in app.registered_commands]
DESIGNED = [
    "demo", "init", "check", "reconcile", "show", "approve", "apply", "sync", "licences", "explain", "undo",
    "history", "release", "lift", "prune", "sandbox", "deploy", "up", "health", "backup", "restore",
]  # fmt: skip
QUICK = ["show", "history", "explain nobody@acme.test", "check", "check --offline", "init", "--help"]
README = (Path(__file__).parents[1] / "README.md").read_text()


def seatwise(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from flows.cli import main; sys.argv[0] = 'seatwise'; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_designed_command_is_there():
    assert sorted(COMMANDS) == sorted(DESIGNED)


@pytest.mark.parametrize("command", DESIGNED)
def test_every_command_has_help_and_stands_in_the_readme(command: str):
    shown = CliRunner().invoke(app, [command, "--help"])

    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 8
    assert f"seatwise {command}" in README


@pytest.mark.parametrize("command", QUICK)
def test_commands_that_only_look_never_import_prefect(command: str, folder: Path):
    code = (
        "import sys\n"
        "from flows.cli import app\n"
        "try:\n"
        f"    app({command.split()!r}, standalone_mode=False)\n"
        "except Exception as error:\n"
        "    print(error)\n"
        "sys.exit('prefect' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr


def test_help_loads_nothing_that_a_form_or_a_run_needs():
    """What every command says of itself costs the command line's own library alone."""
    code = (
        "import sys\nimport flows.cli\n"
        "sys.exit(bool({'pydantic', 'pandas', 'prefect', 'sqlalchemy', 'requests'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_policy_is_checked_without_any_frame(tmp_path: Path):
    """Nothing is loaded that reads a connection, of whatever kind; what is wrong with each is told."""
    kinds = [*sources.KINDS, *sinks.KINDS]
    connections = "".join(f"  my-{kind}: {{kind: {kind}, colour: red}}\n" for kind in kinds)
    rules = """
sources: [{from: my-okta, scope: {filter: 'hireDate gt "2026-01-05" and not (department eq "Test")'}}]
targets: [{to: my-crowd, groups: {rename: [{regex: '^APP-(.*)$', to: $1}]}}]
"""
    (tmp_path / "policy.yaml").write_text(f"version: 1\nconnections:\n{connections}{rules}")
    code = (
        "import sys\n"
        "from flows.cli import app\n"
        "from provisioning.policy.yaml_file import PolicyError\n"
        "try:\n"
        "    app(['check', '--offline'], standalone_mode=False)\n"
        "except PolicyError as error:\n"
        "    print(error)\n"
        "heavy = {'pandas', 'pandera', 'pyarrow', 'prefect', 'sqlalchemy', 'requests'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert [kind for kind in kinds if f"connections.my-{kind}.colour" not in ran.stdout] == []


def test_the_history_waits_for_no_frames(folder: Path):
    """Reading runs takes neither pandas nor the rules of the policy; the same runs are shown."""
    from datetime import UTC, datetime

    from ledger import Ledger

    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}") as ledger:
        done = ledger.start_run("sync", datetime(2026, 3, 1, 12, 30, tzinfo=UTC), policy="p")
        ledger.finish_run(
            done, datetime(2026, 3, 1, 12, 31, tzinfo=UTC), verdict="done", exit_code=0, summary={}
        )
        ledger.start_run("licences", datetime(2026, 3, 2, 6, 0, tzinfo=UTC), policy="p")
    code = (
        "import sys\n"
        "from flows.cli import app\n"
        "app(['history'], standalone_mode=False)\n"
        "sys.exit(bool({'pandas', 'pandera', 'pyarrow', 'prefect', 'requests'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )

    head, first, second = [line.split() for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, ran.stderr
    assert head == ["run", "id", "flow", "started", "at", "verdict", "exit", "code"]
    assert first[1:] == ["licences", "2026-03-02", "06:00", "running", "running"]
    assert second == [done, "sync", "2026-03-01", "12:30", "done", "0"]


def test_a_plan_is_shown_without_frames(folder: Path):
    """By its run, by its own name, and with what became of its changes; the same rows as JSON."""
    from datetime import UTC, datetime

    from ledger import Ledger, StoredPlan
    from provisioning.model import frames
    from provisioning.model.terms import Action
    from tests.flows.test_load import changes

    at = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    planned = changes(("ada@acme.test", Action.GRANT, False), ("bo@acme.test", Action.DELETE, True))
    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}") as ledger:
        run = ledger.start_run("sync", at, policy="p")
        ledger.store_plan(StoredPlan("f1" * 32, "acme", run, "p", ["a limit"], at, planned))
        ledger.intend(run, ["c0"], "f1" * 32, at)
        told = planned.head(1).assign(status="failed", message="no seat", at=at)
        ledger.record(run, "f1" * 32, frames.complete(frames.Outcomes, told))
        ledger.finish_run(run, at, verdict="done", exit_code=0, summary={"applied": 0})
    code = (
        "import sys\n"
        "from flows.cli import app\n"
        "app(['show'], standalone_mode=False)\n"
        "sys.exit(bool({'pandas', 'pandera', 'pyarrow', 'prefect', 'alembic'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )

    lines = ran.stdout.splitlines()
    assert ran.returncode == 0, ran.stderr
    assert lines[0] == f"run {run}: sync, done"
    assert lines[1].startswith("plan f1f1f1f1f1f1 for acme: 2 changes, 1 destructive")
    assert lines[-3:] == ["needs approval: a limit", "outcome: 1 failed", "  failed: ada@acme.test: no seat"]
    plan = json.loads(seatwise("show", "f1f1", "--json", folder=folder).stdout)
    assert (plan["target"], plan["blocked_by"]) == ("acme", ["a limit"])
    assert list(plan["changes"][0]) == frames.columns(frames.Changes)
    assert json.loads(seatwise("show", run, "--json", folder=folder).stdout) == {"applied": 0}


def test_the_history_as_json_holds_every_column_but_the_long_ones(folder: Path):
    from datetime import UTC, datetime

    from ledger import Ledger
    from ledger.tables import runs

    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}") as ledger:
        ledger.start_run("sync", datetime(2026, 3, 1, 12, 30, tzinfo=UTC), policy="p")

    (told,) = json.loads(seatwise("history", "--json", folder=folder).stdout)
    assert set(told) == {column.name for column in runs.columns} - {"config", "summary"}
    assert told["started_at"] == "2026-03-01T12:30:00+00:00"


def test_check_says_what_each_connection_can_do(folder: Path):
    ran = seatwise("check", folder=folder)

    assert ran.returncode == 0
    assert "policy.yaml is valid" in ran.stdout
    assert "people" in ran.stdout
    assert "export" in ran.stdout


def test_a_mistake_in_the_policy_is_told_with_its_line_and_the_nearest_word(folder: Path):
    text = (folder / "policy.yaml").read_text()
    (folder / "policy.yaml").write_text(text.replace("sources:", "sorces:"))

    ran = seatwise("check", folder=folder)

    assert ran.returncode == 1
    assert "line 5" in ran.stderr
    assert "sources" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_missing_policy_is_told_with_the_next_step(tmp_path: Path):
    ran = seatwise("check", folder=tmp_path)

    assert ran.returncode == 1
    assert "seatwise init" in ran.stderr


def test_a_missing_secret_is_told_by_its_name(folder: Path):
    text = (folder / "policy.yaml").read_text()
    okta = "people: {kind: okta, url: 'http://127.0.0.1:1', token: 'env:NOT_SET_ANYWHERE'}"
    (folder / "policy.yaml").write_text(text.replace("people: {kind: csv, path: people.csv}", okta))

    ran = seatwise("check", folder=folder)

    assert ran.returncode == 1
    assert "NOT_SET_ANYWHERE" in ran.stdout


def test_init_writes_examples_that_are_valid_and_keeps_what_is_there(tmp_path: Path):
    """The example policy is valid, with the connectors' own options."""
    from tasks.policy_file import read_policy

    first, again = seatwise("init", folder=tmp_path), seatwise("init", folder=tmp_path)

    assert first.returncode == again.returncode == 0
    assert "wrote" in first.stdout
    assert "kept" in again.stdout
    assert read_policy(tmp_path / "policy.yaml").targets
    assert json.loads((tmp_path / "policy.schema.json").read_text())["title"]


def test_an_empty_ledger_says_how_to_begin(folder: Path):
    assert "seatwise reconcile" in seatwise("history", folder=folder).stdout
    assert "seatwise reconcile" in seatwise("show", folder=folder).stdout
    assert "seatwise reconcile" in seatwise("explain", "a@acme.test", folder=folder).stderr


def test_an_unknown_run_is_refused_in_words(folder: Path):
    ran = seatwise("show", "nonsense", folder=folder)

    assert ran.returncode == 1
    assert "nonsense" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_error_is_shown_with_its_remedy_on_a_line_of_its_own():
    """An error that nobody foresaw gets the advice to look closer."""
    assert describe_error(SeatwiseError("it broke", "Do this.")) == "it broke\nDo this."
    assert describe_error(ValueError("it broke")).startswith("it broke\nRun the command with --debug")
