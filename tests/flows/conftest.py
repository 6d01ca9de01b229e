"""A Prefect server for the session, a company for each test, and a policy that joins them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests

from flows.cli.authorities import one_authority
from flows.cli.own_server import lay_out

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
    lay_out(home / "prefect.db")
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
            item.add_marker(pytest.mark.usefixtures("sockets_collected"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
