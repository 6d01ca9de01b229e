"""A Prefect server for the session, a company for each test, and a policy that joins them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    **{
        f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false"
        for name in (
            "SCHEDULER", "LATE_RUNS", "FOREMAN", "TRIGGERS", "EVENT_PERSISTER", "PAUSE_EXPIRATIONS",
            "CANCELLATION_CLEANUP", "REPOSSESSOR", "DB_VACUUM", "TASK_RUN_RECORDER",
        )
    },
}  # fmt: skip
os.environ.update(QUIET)


def template() -> Path:
    """A migrated database to copy: migrating one costs more than all the flows of a test."""
    import prefect

    path = Path(tempfile.gettempdir()) / f"seatwise-prefect-{prefect.__version__}-{os.getuid()}.db"
    if not path.exists():
        new = path.with_suffix(f".{os.getpid()}")
        url = f"sqlite+aiosqlite:///{new}"
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
            check=True,
            capture_output=True,
            env={**os.environ, "PREFECT_SERVER_DATABASE_CONNECTION_URL": url},
        )
        connection = sqlite3.connect(new)
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
        new.replace(path)
    return path


def one_authority(folder: Path) -> Path:
    """A file with the first certificate alone: every client of Prefect reads all of them, a third of a run.

    The server speaks http, so none of them is ever asked.
    """
    import certifi

    end = "-----END CERTIFICATE-----\n"
    path = folder / "authority.pem"
    path.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end)
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server in a process of its own."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import (
        PREFECT_API_SSL_CERT_FILE,
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_HOME,
        PREFECT_LOGGING_TO_API_ENABLED,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        temporary_settings,
    )

    home = tmp_path_factory.mktemp("prefect")
    shutil.copy(template(), home / "prefect.db")
    settings = {
        PREFECT_HOME: home,
        PREFECT_API_SSL_CERT_FILE: str(one_authority(home)),
        PREFECT_SERVER_DATABASE_CONNECTION_URL: f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(settings):
        process = SubprocessASGIServer()
        process.start(timeout=120)
        with temporary_settings({PREFECT_API_URL: process.api_url}):
            yield process.api_url
        process.stop()


@dataclass
class Company:
    """A running sandbox and the policy that points at it."""

    url: str
    policy: Path
    out: Path
    world: Any

    def run(self, flow: str, **parameters: Any) -> dict[str, Any]:
        """Run a flow to its end; its summary."""
        from tasks.ending import summary_of

        return summary_of(self.end(flow, **parameters))

    def end(self, flow: str, **parameters: Any) -> Any:
        """Run a flow to its end; its state."""
        run = getattr(import_module(f"flows.{flow}"), flow)
        return asyncio.run(run(config=str(self.policy), out=str(self.out), **parameters, return_state=True))

    def rename_account(self, account_id: str, name: str) -> None:
        """Change a name in the target, as an administrator would by hand."""
        reply = requests.patch(
            f"{self.url}/atlassian/users/{account_id}/manage/profile",
            json={"name": name},
            headers={"Authorization": "Bearer sandbox-org-key"},
            timeout=10,
        )
        reply.raise_for_status()

    def fault(self, **told: Any) -> None:
        """Have the sandbox fail as told (`sandbox.kit.faults`)."""
        requests.post(f"{self.url}/_sandbox/faults", json=told, timeout=5).raise_for_status()

    def rewrite(self, old: str, new: str) -> None:
        """Change the policy file."""
        text = self.policy.read_text()
        assert old in text
        self.policy.write_text(text.replace(old, new))


@pytest.fixture
def company(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """120 people, their Okta and their Atlassian, not yet in step."""
    from sandbox import policy
    from sandbox.running import Running

    with Running(people=120, seed=7) as running:
        for name, value in policy.SECRETS.items():
            monkeypatch.setenv(name, value)
        path = policy.write(tmp_path, running.url)
        yield Company(running.url, path, tmp_path / "out", running.world)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Prefect's client leaves sockets to the collector; that is no defect of what is tested here."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
