"""What is remembered is its owner's alone, also where an earlier version left it open."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ledger import Ledger
from ledger.private import keep_folder_private, keep_private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def others(path: Path) -> int:
    return mode(path) & 0o077


def test_a_new_ledger_and_its_reads_are_the_owners_alone(tmp_path, now):
    """A process whose mask lets everyone read makes them all the same."""
    home = tmp_path / "made" / "here"
    before = os.umask(0o022)
    try:
        with Ledger.open(f"sqlite:///{home / 'seatwise.db'}") as ledger:
            run = ledger.start_run("sync", now, policy="p")
            ledger.save_snapshot("okta", {"x": pd.DataFrame({"a": ["1"]})}, complete=True, at=now, run_id=run)
            made = [home, *home.rglob("*")]
            assert len(made) >= 5
            assert {others(path) for path in made} == {0}
    finally:
        os.umask(before)


def test_an_open_ledger_is_closed_to_others_when_it_is_used(tmp_path, now):
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as ledger:
        ledger.save_snapshot("okta", {"x": pd.DataFrame({"a": ["1"]})}, complete=True, at=now, run_id=None)
    folder = tmp_path / "seatwise.snapshots"
    (tmp_path / "seatwise.db").chmod(0o644)
    folder.chmod(0o755)

    Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}").close()

    assert mode(tmp_path / "seatwise.db") == 0o600
    assert mode(folder) == 0o700


def test_a_folder_and_its_files_lose_the_rights_of_others_alone(tmp_path):
    folder = tmp_path / "out"
    (folder / "inner").mkdir(parents=True)
    file, script = folder / "plan.csv", folder / "script"
    for path, rights in ((file, 0o644), (script, 0o755)):
        path.write_text("x")
        path.chmod(rights)
    folder.chmod(0o755)

    keep_folder_private(folder)
    keep_folder_private(tmp_path / "absent")

    assert (mode(folder), mode(file), mode(script)) == (0o700, 0o600, 0o700)


def test_a_folder_that_others_need_keeps_its_rights(tmp_path):
    """The folder of the policy, what is above it, and one like /tmp are not ours to close."""
    inner = tmp_path / "etc" / "seatwise"
    inner.mkdir(parents=True)
    policy = inner / "policy.yaml"
    policy.write_text("version: 1")
    sticky = tmp_path / "everyones"
    sticky.mkdir()
    sticky.chmod(0o1777)
    for folder in (inner, inner.parent):
        folder.chmod(0o755)
        keep_folder_private(folder, shared=[policy])
    keep_folder_private(sticky)

    assert [mode(folder) for folder in (inner, inner.parent, sticky)] == [0o755, 0o755, 0o1777]


def test_a_link_is_not_followed(tmp_path):
    """Whoever may put a link into a folder may not choose whose rights change."""
    elsewhere = tmp_path / "passwd"
    elsewhere.write_text("x")
    elsewhere.chmod(0o644)
    link = tmp_path / "seatwise.db"
    link.symlink_to(elsewhere)

    keep_private(link)

    assert mode(elsewhere) == 0o644


def test_what_a_run_writes_is_the_owners_alone(tmp_path):
    """The whole command, under the usual mask, with files of an earlier version in the way."""
    (tmp_path / "people.csv").write_text("id,email,state\n1,ann@acme.test,active\n")
    (tmp_path / "accounts.csv").write_text(
        "User id,User name,email,User status\na1,Ann,ann@acme.test,Active\n"
    )
    (tmp_path / "policy.yaml").write_text(
        "version: 1\n"
        "connections:\n"
        "  hr: {kind: csv, path: people.csv}\n"
        "  jira: {kind: atlassian_export, path: accounts.csv}\n"
        "sources: [{from: hr}]\n"
        "targets: [{to: jira}]\n"
    )
    out = tmp_path / "out"
    out.mkdir()
    for name in ("plan.csv", "summary.json", "stale.csv"):
        (out / name).write_text("x")
        (out / name).chmod(0o644)
    out.chmod(0o755)
    code = (
        "import os; os.umask(0o022)\n"
        "from tasks.run import open_run\n"
        "from tasks.summary import write_summary\n"
        "with open_run('reconcile', 'policy.yaml', 'out') as session:\n"
        "    write_summary(session.out, {})\n"
        "    (session.out / 'new.csv').write_text('x')\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
    )

    assert {path.name: mode(path) for path in [out, *out.iterdir()]} == {
        "out": 0o700,
        "plan.csv": 0o600,
        "summary.json": 0o600,
        "stale.csv": 0o600,
        "new.csv": 0o600,
    }
