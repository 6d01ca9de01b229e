"""Write what Prefect's migrations leave of an empty database, for commands that start a server of their own.

Part of `make schema`; a test tells when a new Prefect makes it necessary.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPT = Path(__file__).resolve().parents[2] / "config" / "prefect-database.sql"


def migrate(path: Path) -> None:
    """Make a database as the installed Prefect does, which takes it seconds."""
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
    url = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{path}"}
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **url})  # noqa: S603  our own words


def dump(path: Path) -> str:
    """The statements that make a database again."""
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()) + "\n"


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        made = Path(folder) / "prefect.db"
        migrate(made)
        SCRIPT.write_text(dump(made), encoding="utf-8")
