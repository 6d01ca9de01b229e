"""Commands and requests that operations are tested by."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.servers import HTTP, SEATWISE

ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def ask(
    environment: dict[str, str], path: str, *, auth: tuple[str, str] | None = None, **body: object
) -> list[dict[str, Any]]:
    """What the server lists of a sort of thing."""
    reply = HTTP.post(f"{environment['PREFECT_API_URL']}/{path}/filter", json=body, auth=auth, timeout=10)
    reply.raise_for_status()
    return reply.json()


def tell(
    environment: dict[str, str], method: str, path: str, body: object, *, auth: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Change something at the server, as its UI would."""
    url = f"{environment['PREFECT_API_URL']}/{path}"
    reply = HTTP.request(method, url, json=body, auth=auth, timeout=10)
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


def make_late(folder: Path, moments: list[datetime]) -> list[str]:
    """Move the next runs of a server back to these moments, as if nobody had been there to start them."""
    database = folder / "prefect" / "prefect.db"
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30})
    waiting = "SELECT id FROM flow_run WHERE state_type = 'SCHEDULED' ORDER BY expected_start_time LIMIT :n"
    moved = "UPDATE flow_run SET expected_start_time = :at, next_scheduled_start_time = :at WHERE id = :id"
    with engine.begin() as plain:
        runs = list(plain.execute(text(waiting), {"n": len(moments)}).scalars())
        for run, at in zip(runs, moments, strict=True):
            plain.execute(text(moved), {"id": run, "at": f"{at:%Y-%m-%d %H:%M:%S.%f}"})
    return [str(run) for run in runs]
