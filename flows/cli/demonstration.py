"""What `seatwise demo` does: the main job, on a simulated company served by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from flows.cli.run import show, summarised

APPROVER = "the reader of this demo"


def demonstrate(out: Path, company: list[str], *, json: bool) -> int:
    """Plan, show, approve, apply, read back, and plan again.

    Args:
        out: folder for everything that is written.
        company: options of the sandbox.
        json: whether only the summary is printed.

    Returns:
        The gravest exit code of the runs.
    """
    say = (lambda _text: None) if json else typer.echo
    with _served(out, company) as policy:
        say(f"A simulated company is served on this machine. Its policy: {policy}\n")
        done = _flow("sync", policy, out)
        _show_plan(policy, say)
        if done["verdict"] == "needs approval":
            _approve(policy, done, say)
            done = _flow("sync", policy, out)
        again = _flow("sync", policy, out / "again")
    show(done, json=json)
    say(f"\nA second run of the same sync plans {sum(again['changes'].values())} changes.")
    say(f"The licence report: {out / 'licences.html'}")
    return int(max(done["exit_code"], again["exit_code"]))


def _flow(name: str, policy: Path, out: Path, **more: str) -> dict[str, Any]:
    return summarised(name, {"config": str(policy), "out": str(out), **more})


def _show_plan(policy: Path, say: Any) -> None:
    from flows.cli.looking import shown

    say(shown(policy, None, rows=3, json=False))


def _approve(policy: Path, planned: dict[str, Any], say: Any) -> None:
    from flows.cli.looking import approved

    say("\nIt needs approval, as every first plan that takes something away. You have read it, so:")
    for fingerprint in planned["fingerprints"].values():
        say(approved(policy, fingerprint, by=APPROVER, reason="first plan, read above"))
    say("")


@contextmanager
def _served(out: Path, company: list[str]) -> Iterator[Path]:
    """The sandbox as a process; its policy file, and its tokens in the environment."""
    out.mkdir(parents=True, exist_ok=True)
    for ledger in out.glob("seatwise.db*"):
        ledger.unlink()
    command = [sys.executable, "-m", "sandbox", *company, "--port", "0", "--write", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own module
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                os.environ[name] = value.strip("'\"")
            if line.startswith("ready"):
                break
        else:
            raise RuntimeError("the sandbox did not start; run `seatwise sandbox` to see why")
        yield out / "policy.yaml"
    finally:
        process.terminate()
        process.wait(timeout=10)
