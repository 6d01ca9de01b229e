"""A sandbox in a process of its own, so that serving and reading do not share a core's time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(people: int, *options: str) -> Iterator[str]:
    """The address of a sandbox with that many people and no malformed records."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "sandbox", "--people", str(people), "--port", "0", "--plain"]
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), "--write", folder, *options], stdout=subprocess.DEVNULL
        )
        try:
            while not (ready.exists() and ready.read_text()):
                if process.poll() is not None:
                    raise RuntimeError("the sandbox did not start")
                time.sleep(0.05)
            yield ready.read_text().strip()
        finally:
            process.terminate()
            process.wait(timeout=10)
