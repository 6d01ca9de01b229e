"""Commands and requests that operations are tested by."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.servers import SEATWISE

ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def ask(environment: dict[str, str], path: str, **body: object) -> list[dict[str, Any]]:
    """What the server lists of a sort of thing."""
    reply = requests.post(f"{environment['PREFECT_API_URL']}/{path}/filter", json=body, timeout=10)
    reply.raise_for_status()
    return reply.json()


def tell(environment: dict[str, str], method: str, path: str, body: object) -> dict[str, Any]:
    """Change something at the server, as its UI would."""
    reply = requests.request(method, f"{environment['PREFECT_API_URL']}/{path}", json=body, timeout=10)
    reply.raise_for_status()
    return reply.json() if reply.content else {}


def seatwise(environment: dict[str, str], *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*SEATWISE, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def start_run(environment: dict[str, str], deployment: str) -> str:
    """Click Quick run; the identifier of the run."""
    (found,) = ask(environment, "deployments", deployments={"name": {"any_": [deployment]}})
    return str(tell(environment, "POST", f"deployments/{found['id']}/create_flow_run", {})["id"])


def state_of(environment: dict[str, str], run: str, *wanted: str) -> str | None:
    """The state of a run; None while it is none of those that are waited for."""
    (found,) = ask(environment, "flow_runs", flow_runs={"id": {"any_": [run]}})
    return found["state_type"] if found["state_type"] in wanted else None


def processes(mark: str) -> set[int]:
    """Processes that have an environment variable of this value."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.add(int(path.parent.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
