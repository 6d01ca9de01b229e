"""The simulated company as a process beside a command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import SeatwiseError


class SandboxFailed(SeatwiseError):
    """The process of the simulated company ended before it was ready."""

    remedy = "Run `seatwise sandbox` to see why."


@contextmanager
def serve_company(out: Path, company: list[str]) -> Iterator[tuple[Path, str]]:
    """The sandbox as a process; its policy file and address, and its tokens in the environment."""
    out.mkdir(parents=True, exist_ok=True)
    for ledger in out.glob("seatwise.db*"):
        ledger.unlink()
    command = [sys.executable, "-m", "sandbox", *company, "--port", "0", "--write", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603  our own module
    try:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if line.startswith("listening on "):
                address = line.removeprefix("listening on ").strip()
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                os.environ[name] = value.strip("'\"")
            if line.startswith("ready"):
                break
        else:
            raise SandboxFailed("the sandbox did not start")
        yield out / "policy.yaml", address
    finally:
        process.terminate()
        process.wait(timeout=10)
