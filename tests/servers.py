"""Real Prefect servers and workers for tests, each a process with an environment of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from flows.cli.authorities import SETTING, one_authority
from flows.cli.own_server import lay_out

ROOT = Path(__file__).parents[1]
PREFECT = [sys.executable, "-m", "prefect"]
SEATWISE = [sys.executable, "-c", "import sys; from flows.cli import main; sys.argv[0] = 'seatwise'; main()"]
PATIENCE = 240

# A server on SQLite is busy now and then, and says so; what it refused so it has not done.
HTTP = requests.Session()
HTTP.mount(
    "http://",
    HTTPAdapter(max_retries=Retry(20, status_forcelist=[503], backoff_factor=0.2, allowed_methods=None)),
)


def server_environment(folder: Path) -> dict[str, str]:
    """The environment of a server and its workers: nothing of the machine's Prefect is used."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = folder / "prefect"
    home.mkdir()
    lay_out(home / "prefect.db")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return clean | {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        SETTING: str(one_authority(home)),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{install_entry_points(folder)}",
    }


def install_entry_points(folder: Path) -> Path:
    """What installing the package tells Prefect, for an environment that was set up before it was said."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    info = folder / "installed" / "seatwise_entry_points-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: seatwise-entry-points\nVersion: 0\n")
    lines = [
        line for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return info.parent


@contextmanager
def start_server(folder: Path, environment: dict[str, str], *options: str) -> Iterator[str]:
    """A server that answers, at the address of its environment."""
    url = environment["PREFECT_API_URL"]
    command = [*PREFECT, "server", "start", "--port", environment["PREFECT_SERVER_API_PORT"], *options]
    with process(command, folder, environment):
        until(lambda: healthy(url), "the server's start")
        yield url


@contextmanager
def process(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A process with its output in a file; interrupted, then killed if need be, at the end."""
    with (folder / "process.log").open("a") as log:
        running = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(timeout=20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait(timeout=20)


def until(done, what: str, patience: float = PATIENCE):
    """The first true answer, asked again and again for so many seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {patience} s")


def healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=2).ok
    except requests.RequestException:
        return False
