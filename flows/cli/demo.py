"""What `seatwise demo` does: the main job, on a simulated company served by a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.cli import terminal
from flows.cli.company import serve_company
from flows.cli.demo_push import push_company
from flows.cli.run import print_summary, run_flow

APPROVER = "the reader of this demo"
Say = Callable[[str], None]


def run_demo(out: Path, company: list[str], *, json: bool) -> int:
    """Plan, show, approve, apply, read back, and plan again.

    Args:
        out: folder for everything that is written.
        company: options of the sandbox.
        json: whether only the summary is printed.

    Returns:
        The gravest exit code of the runs.
    """
    say = _say_nothing if json else terminal.say
    with serve_company(out, company) as (policy, address), push_company(policy, address, say):
        say(f"A simulated company is running on this machine. Its policy: {policy}\n")
        done = _run("sync", policy, out)
        _show_plan(policy, say)
        if done["verdict"] == "needs approval":
            _approve(policy, done, say)
            done = _run("sync", policy, out)
        again = _run("sync", policy, out / "again")
    print_summary(done, json=json)
    say(f"\nA second run of the same sync plans {sum(again['changes'].values())} changes.")
    say(f"The licence report: {out / 'licences.html'}")
    return int(max(done["exit_code"], again["exit_code"]))


def _say_nothing(_text: str) -> None:
    """With --json the summary is all that is printed."""


def _run(name: str, policy: Path, out: Path, **more: str) -> dict[str, Any]:
    return run_flow(name, {"config": str(policy), "out": str(out), **more})


def _show_plan(policy: Path, say: Say) -> None:
    from flows.cli.show import describe

    say(describe(policy, None, rows=3, json=False))


def _approve(policy: Path, planned: dict[str, Any], say: Say) -> None:
    from flows.cli.history import approve_plan

    say("\nThe plan needs approval, like every first plan that takes something away. You have read it, so:")
    for fingerprint in planned["fingerprints"].values():
        say(approve_plan(policy, fingerprint, by=APPROVER, reason="first plan, read above"))
    say("")
