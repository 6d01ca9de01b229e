"""The temporary Prefect server of a command that is told of no other.

Prefect would start one by itself, once everything is loaded, and load the whole server in the command's own
process to do so. Here it starts first, and the command loads what a run needs beside it. Where Prefect may
have been told of a server in a file of its own, that is left to Prefect.
"""

from __future__ import annotations

import atexit
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile

from errors import SeatwiseError

PATIENCE = 120.0
"""Seconds it may take to answer; two slow cores need ten."""
ASIDE = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    # No block types are registered, so none need be loaded to see whether they have changed.
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "0",
}
"""How Prefect marks a server that it starts by itself: no page, and few services."""
UVICORN = """
import gc, os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
gc.set_threshold(50_000)
from uvicorn import main
main()
"""
"""The server, without a collector that walks again and again through the modules it loads.

Its input ends with the process that started it, however that ends; then it ends, too.
"""
TOLD = ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_SERVER_EPHEMERAL_ENABLED")
"""Settings that say which server is used, or that none is started."""
OTHER_DATABASE = "DATABASE_CONNECTION_URL"
_OF_PREFECT = re.compile(r"tool\.prefect|PREFECT_(API|PROFILE|SERVER)")
_started: list[OwnServer] = []
"""The server of this process; the demo runs several flows on one."""


class ServerFailed(SeatwiseError):
    """The temporary server ended before it answered, or does not answer."""

    remedy = "Run `prefect server start` to see why; with PREFECT_API_URL set a command uses that server."


class OwnServer:
    """A Prefect server that lives as long as this process."""

    def __init__(self) -> None:
        """Start it; it answers once `wait` returns."""
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        app = ["--factory", "prefect.server.api.server:create_app", "--lifespan", "on"]
        where = ["--host", "127.0.0.1", "--port", str(self._port), "--log-level", "error"]
        command = [sys.executable, "-c", UVICORN, *app, *where]
        self._process = subprocess.Popen(  # noqa: S603  our own words
            command, env={**os.environ, **ASIDE}, stdin=subprocess.PIPE
        )
        atexit.register(self._stop)

    @property
    def address(self) -> str:
        """Where it answers, as PREFECT_API_URL wants it."""
        return f"http://127.0.0.1:{self._port}/api"

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            ServerFailed: it ended, or takes too long.
        """
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if (code := self._process.poll()) is not None:
                raise ServerFailed(f"the temporary Prefect server ended at once, with code {code}")
            if time.monotonic() > end:
                raise ServerFailed(f"the temporary Prefect server does not answer after {PATIENCE:.0f} s")
            time.sleep(0.05)

    def _answers(self) -> bool:
        import httpx

        try:
            return httpx.get(f"{self.address}/health").is_success
        except httpx.TransportError:
            return False

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_own_server() -> OwnServer | None:
    """Start a server beside the imports of this process, and tell Prefect of it; None where it has another.

    Whatever Prefect reads from its settings it reads when it is imported, so this comes before that.
    """
    if not _started and "prefect" not in sys.modules and not _may_be_told():
        if not any(OTHER_DATABASE in name for name in os.environ):
            lay_out(prefect_home() / "prefect.db")
        _started.append(OwnServer())
        os.environ["PREFECT_API_URL"] = _started[0].address
    return _started[0] if _started else None


def has_own_server() -> bool:
    """Whether this process has started one."""
    return bool(_started)


def prefect_home() -> Path:
    """The folder where Prefect keeps its settings and its database."""
    return Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()


def _may_be_told() -> bool:
    """Whether Prefect may know a server: by the environment, or by one of the files it reads."""
    if any(name in os.environ for name in TOLD):
        return True
    if (prefect_home() / "profiles.toml").exists() or Path("prefect.toml").exists():
        return True
    shared = [path for path in (Path("pyproject.toml"), Path(".env")) if path.is_file()]
    return any(_OF_PREFECT.search(path.read_text(encoding="utf-8", errors="replace")) for path in shared)


def lay_out(path: Path) -> None:
    """Make a server's database where there is none, as Prefect's migrations leave it, without their seconds.

    A later Prefect migrates on from there.
    """
    if path.exists():
        return
    statements = files("config").joinpath("prefect-database.sql").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".part") as part:
        with closing(sqlite3.connect(part.name)) as database:
            database.executescript(statements)
        # Another command may have been quicker; what is there already stays.
        try:
            os.link(part.name, path)
        except OSError:
            return
