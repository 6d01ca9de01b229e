"""What is pushed starts a sync by itself, through a real server; while one waits there is no second one."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from flows.setup.automations import PUSHED
from ledger import Inbox
from sandbox import policy
from tests.operations.commands import ask, seatwise, tell
from tests.servers import SEATWISE, process, server_environment, start_server, until

pytestmark = pytest.mark.live

SYNC = "seatwise-sync"


@pytest.mark.timeout(600)
def test_a_push_starts_one_sync(tmp_path: Path):
    """Off until a person switches it on. There is no worker, so the sync that was started waits."""
    env, port = server_environment(tmp_path), free_port()
    file = policy.write(tmp_path / "home", "http://127.0.0.1:1", sources=["okta-push"])
    with Inbox.open(f"sqlite:///{file.parent / 'seatwise.db'}") as inbox:
        token = inbox.make_token("okta-push", datetime.now(UTC))
    serve = [*SEATWISE, "receive", "serve", "--config", str(file), "--port", str(port), "--quiet", "1"]
    with start_server(tmp_path, env):
        assert seatwise(env, "deploy", folder=tmp_path).returncode == 0
        (automation,) = [one for one in ask(env, "automations") if one["name"] == f"{PUSHED} ({SYNC})"]
        assert not automation["enabled"]
        tell(env, "PATCH", f"automations/{automation['id']}", {"enabled": True})

        with process(serve, file.parent, env):
            until(lambda: add_user(port, token, "ada@acme.test"), "the service's start")
            (first,) = until(lambda: ask(env, "flow_runs"), "the sync")
            assert add_user(port, token, "bob@acme.test")
            assert not told_again(env, file)
            assert [one["id"] for one in ask(env, "flow_runs")] == [first["id"]]

            # What was pushed meanwhile is told as soon as nothing waits any more.
            over = {"state": {"type": "CANCELLED", "name": "Cancelled"}, "force": True}
            tell(env, "POST", f"flow_runs/{first['id']}/set_state", over)
            until(lambda: len(ask(env, "flow_runs")) == 2, "the second sync")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def add_user(port: int, token: str, name: str) -> bool:
    """Whether a user was made."""
    try:
        reply = requests.post(
            f"http://127.0.0.1:{port}/okta-push/scim/v2/Users",
            json={"userName": name},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
    except requests.ConnectionError:
        return False
    return reply.status_code == 201


def told_again(env: dict[str, str], file: Path) -> bool:
    """Whether the service would tell now, asked as it asks."""
    told = f"tell_prefect(Path({str(file)!r}))"
    code = f"from pathlib import Path; from tasks.pushed import tell_prefect; print({told})"
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return ran.stdout.strip() == "True"
