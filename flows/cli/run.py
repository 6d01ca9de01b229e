"""Runs a flow for the command line: progress, the temporary server, the summary, the exit code."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import Any

import typer

from flows.cli.authorities import spare_authorities
from flows.cli.own_server import has_own_server, prefect_home, start_own_server
from flows.cli.terminal import say

PREFECT_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Nobody opens a form of the temporary server; registering block types would import every connector.
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    # A fresh database takes eleven seconds on two cores; slow machines need more than the default twenty.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # The terminal shows our own progress and sentences; Prefect's log goes to its server.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}

JSON_LOG = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_COLORS": "false",
}
"""With SEATWISE_LOG=json standard error is for a program, in place of bars and sentences."""

_announced: list[bool] = []
"""Whether this process has announced its temporary server; the demo runs several flows on one."""


def run_command(flow: str, parameters: dict[str, Any], *, json: bool) -> None:
    """Run a flow to its end, print what came of it and leave with its exit code."""
    summary = run_flow(flow, parameters)
    print_summary(summary, json=json)
    raise typer.Exit(summary["exit_code"])


def run_flow(flow: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Run a flow to its end with progress on standard error.

    Args:
        flow: name of the flow and of its module.
        parameters: what it is started with.

    Returns:
        Its summary.
    """
    prepare_prefect()
    own = start_own_server()
    spare_authorities(prefect_home())
    from tasks.ending import summary_of
    from tasks.progress import Silent, show_on, show_on_terminal

    start = getattr(import_module(f"flows.{flow}"), flow)
    with show_on(Silent()) if wants_json_log() else show_on_terminal() as progress:
        if not server_address() and not _announced:
            progress.say("PREFECT_API_URL is not set: a temporary local Prefect server serves this run.")
            _announced.append(True)
        if own is not None:
            # Prefect loads it when a run begins; here it is loaded while the server starts.
            import_module("fastapi.encoders")
            own.wait()
        return summary_of(asyncio.run(start(**parameters, return_state=True)))


def prepare_prefect() -> None:
    """Set what Prefect needs before its first import; the caller's own settings win."""
    if wants_json_log():
        os.environ |= JSON_LOG
    for name, value in PREFECT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    prefect_home().mkdir(parents=True, exist_ok=True)


def wants_json_log() -> bool:
    """Whether the log is asked for as one JSON object a line."""
    return os.environ.get("SEATWISE_LOG") == "json"


def server_address() -> str | None:
    """The Prefect server that this process talks to; None where it has one of its own, or would start one."""
    if has_own_server():
        return None
    from prefect.settings import get_current_settings

    return get_current_settings().api.url


def print_summary(summary: dict[str, Any], *, json: bool) -> None:
    """Print the summary: JSON alone, or a few lines for a person."""
    if json:
        import orjson

        say(orjson.dumps(summary, option=orjson.OPT_INDENT_2, default=str).decode(), json=True)
        return
    from flows.cli.summary_lines import describe_summary
    from reports.printable import as_lines

    say(as_lines(describe_summary(summary)))
