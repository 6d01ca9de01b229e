"""The one way to the terminal: what commands print comes in part from outside."""

from __future__ import annotations

import typer

from reports.printable import printable_json, printable_lines


def say(text: str, *, json: bool = False) -> None:
    """Print lines for a person, or JSON for a program."""
    typer.echo(printable_json(text) if json else printable_lines(text))


def complain(text: str) -> None:
    """Print lines for a person on standard error."""
    typer.echo(printable_lines(text), err=True)
