"""The temporary server of a command: laid out without migrations, and only where Prefect knows no other."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from flows.cli import own_server
from flows.cli.own_server import TOLD, lay_out
from flows.setup.database import dump


@pytest.fixture(scope="session")
def migrated() -> Path:
    """What the installed Prefect migrates to, made once on a machine: it takes as long as many tests."""
    path = Path(tempfile.gettempdir()) / f"seatwise-prefect-{version('prefect')}-{os.getuid()}.db"
    if not path.exists():
        new = path.with_suffix(f".{os.getpid()}")
        url = f"sqlite+aiosqlite:///{new}"
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
            check=True,
            capture_output=True,
            env={**os.environ, "PREFECT_SERVER_DATABASE_CONNECTION_URL": url},
        )
        with closing(sqlite3.connect(new)) as database:
            database.execute("pragma wal_checkpoint(truncate)")
        new.replace(path)
    return path


def lines_of(database: Path) -> list[str]:
    """What makes a database, in an order of its own: migrations list constraints as a set gives them."""
    return sorted(line.strip(", ") for line in dump(database).splitlines())


def test_the_database_is_the_one_that_the_installed_prefect_migrates_to(tmp_path, migrated):
    """Where this fails after an update of Prefect, `make schema` writes the new one."""
    lay_out(tmp_path / "prefect" / "prefect.db")

    assert lines_of(tmp_path / "prefect" / "prefect.db") == lines_of(migrated)
    assert [path.name for path in (tmp_path / "prefect").iterdir()] == ["prefect.db"]


def test_a_database_that_is_there_stays(tmp_path):
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database:
        database.execute("create table mine (x)")

    lay_out(tmp_path / "prefect.db")

    assert "mine" in dump(tmp_path / "prefect.db")


@pytest.fixture
def untold(tmp_path, monkeypatch):
    """A folder to work in, and a home where Prefect was told nothing."""
    for name in TOLD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("home/profiles.toml", 'active = "local"', True),
        ("prefect.toml", '[api]\nurl = "http://prefect.acme.test/api"', True),
        (".env", "PREFECT_API_URL=http://prefect.acme.test/api", True),
        ("pyproject.toml", '[tool.prefect.api]\nurl = "http://prefect.acme.test/api"', True),
        (".env", "OKTA_TOKEN=x", False),
        ("pyproject.toml", '[project]\nname = "an API"', False),
    ],
)
def test_a_server_that_a_file_may_name_is_left_to_prefect(untold, file, text, told):
    assert not own_server._may_be_told()
    (untold / file).write_text(text)

    assert own_server._may_be_told() == told


def test_a_server_of_the_environment_is_used(untold, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.acme.test/api")

    assert own_server.start_own_server() is None


def test_the_server_ends_with_its_command_however_that_ends(tmp_path):
    """The command is killed at once; both write to one pipe, which ends when the last of them has."""
    killed = "import os; from flows.cli.own_server import OwnServer; OwnServer(); os.kill(os.getpid(), 9)"

    ran = subprocess.run(
        [sys.executable, "-c", killed],
        check=False,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PREFECT_HOME": str(tmp_path)},
    )

    assert ran.returncode == -9
