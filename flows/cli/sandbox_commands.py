"""Commands that need no company: the demo and the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Debug, Json

Sources = Annotated[str, typer.Option(help="Names of the simulated sources, with commas between, or all.")]
Targets = Annotated[str, typer.Option(help="Names of the simulated targets, with commas between, or all.")]


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything the demo writes.")] = Path(
        "out/demo"
    ),
    people: Annotated[int, typer.Option(min=20, help="People in the simulated company.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 1,
    sources: Sources = "okta-main",
    targets: Targets = "acme-cloud",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Do the main job on a simulated company: plan, read it, apply, read back, and plan again."""
    from flows.cli.demo import run_demo

    raise typer.Exit(run_demo(out, _company(people, seed, sources, targets), json=json))


def sandbox(
    people: Annotated[int, typer.Option(min=1, help="People in the simulated company.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 1,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8700,
    write: Annotated[
        Path | None, typer.Option(help="Folder to write a ready policy file and price book into.")
    ] = None,
    sources: Sources = "okta-main",
    targets: Targets = "acme-cloud",
    debug: Debug = False,
) -> None:
    """Serve a simulated company: its identity provider and its Atlassian, over HTTP on this machine.

    It prints a ready policy file. Stop it with Ctrl-C.
    """
    import subprocess
    import sys

    company = _company(people, seed, sources, targets)
    command = [sys.executable, "-m", "sandbox", *company, "--port", str(port)]
    command += ["--write", str(write)] if write else []
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  our own module
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _company(people: int, seed: int, sources: str, targets: str) -> list[str]:
    """The options of the sandbox's process."""
    return ["--people", str(people), "--seed", str(seed), "--sources", sources, "--targets", targets]


COMMANDS = (demo, sandbox)
