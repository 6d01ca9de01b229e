"""The `seatwise` command. Heavy libraries load inside the commands that need them."""

from __future__ import annotations

import gc
import sys
import traceback

import typer

from errors import explain_error
from flows.cli import flow_commands, plain_commands, receive_commands, sandbox_commands, server_commands
from flows.cli.terminal import complain

EXIT_CODES = """Exit codes: 0 done and nothing left to do · 2 changes planned · 3 needs approval ·
4 done with failed or stale rows, or rows not read · 1 error."""

app = typer.Typer(
    name="seatwise",
    help="Keep Atlassian in step with your identity provider, and see what every seat costs.\n\n"
    "Start with `seatwise demo` (a simulated company), then `seatwise init` for your own.\n\n" + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (sandbox_commands, plain_commands, flow_commands, server_commands):
    for command in group.COMMANDS:
        app.command()(command)
app.add_typer(receive_commands.app)


COLLECT_AFTER = 50_000
"""New objects after which the collector of garbage runs; usually 700."""


def main() -> None:
    """Run the command; a failure becomes one readable paragraph and exit code 1."""
    # What a command loads stays to its end. Walking through it again and again would be a sixth of its start.
    gc.set_threshold(COLLECT_AFTER)
    try:
        app()
    except Exception as error:  # noqa: BLE001  whatever it is, a person reads it
        if "--debug" in sys.argv:
            complain(traceback.format_exc())
        complain(f"error: {describe_error(error)}")
        sys.exit(1)


def describe_error(error: Exception) -> str:
    """What went wrong and what to do next, each on its own lines."""
    explained = explain_error(error)
    return f"{explained.message}\n{explained.remedy}"
