"""Commands and requests that operations are tested by."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.servers import SEATWISE


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
