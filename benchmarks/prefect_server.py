"""A Prefect server that was there before, as on a worker."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = """
import sys
from flows.cli.own_server import OwnServer, lay_out, prefect_home

lay_out(prefect_home() / "prefect.db")
server = OwnServer()
server.wait()
print(server.address, flush=True)
sys.stdin.read()
"""


@contextmanager
def served_prefect() -> Iterator[dict[str, str]]:
    """The environment of commands that use such a server; it ends with the block."""
    with tempfile.TemporaryDirectory() as home:
        told = clean() | {"PREFECT_HOME": home}
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER], env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            address = server.stdout.readline().strip()
            if not address:
                raise RuntimeError("the Prefect server did not start")
            yield {**told, "PREFECT_API_URL": address}
        finally:
            server.communicate()


def clean() -> dict[str, str]:
    """The environment without the machine's own Prefect."""
    told = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PREFECT_") and name != "SEATWISE_HOME"
    }
    quiet = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    return told | quiet | {"PYTHONPATH": str(Path(__file__).parents[1])}
