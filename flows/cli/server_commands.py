"""Commands about a Prefect server: deploy, up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Debug
from flows.cli.terminal import say


def deploy(
    policies: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of policies; each gets deployments and a work queue of its own."
        ),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE/NAME", help="Notification block to tell of events, such as slack-webhook/ops."
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Register block types, work pool, deployments and automations with the server of PREFECT_API_URL.

    Do it again after every upgrade: schedules, switches and channels you have set since stay as they are.
    """
    from flows.cli.run import prepare_prefect

    prepare_prefect()
    from flows.cli.deploy import deploy_all

    say(deploy_all(policies, channel))


def up(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything it writes.")] = Path(
        "out/up"
    ),
    port: Annotated[int, typer.Option(help="Port of the server on 127.0.0.1.")] = 4200,
    people: Annotated[int, typer.Option(min=20, help="People in the simulated company.")] = 500,
    debug: Debug = False,
) -> None:
    """Start a Prefect server, a worker, the deployments and a simulated company, for a first look.

    Everything is on this machine and ends with Ctrl-C.
    """
    from flows.cli.up import run_all

    run_all(out, port, people)


COMMANDS = (deploy, up)
