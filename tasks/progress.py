"""How far a long step is, shown to whoever watches: a terminal, or nobody."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from reports.printable import printable

log = logging.getLogger(__name__)
Advance = Callable[[int], None]


class Progress(Protocol):
    """Where steps say how far they are."""

    def step(self, title: str, total: int | None = None) -> Advance:
        """Begin a step; call the answer with the number of rows done since the last call."""

    def say(self, text: str) -> None:
        """One line a person should read."""


class Silent:
    """For scheduled runs and tests: Prefect's own logs tell the story."""

    def step(self, title: str, total: int | None = None) -> Advance:
        """Take no notice."""
        del title, total
        return lambda _rows: None

    def say(self, text: str) -> None:
        """Take no notice."""


class Terminal:
    """Live bars on standard error, one per step."""

    def __init__(self, bars: object, print_line: Callable[[str], None]) -> None:
        self._bars = bars
        self._print = print_line

    def step(self, title: str, total: int | None = None) -> Advance:
        """Add a bar."""
        task = self._bars.add_task(title, total=total)  # type: ignore[attr-defined]
        return lambda rows: self._bars.advance(task, rows)  # type: ignore[attr-defined]

    def say(self, text: str) -> None:
        """Print above the bars."""
        self._print(printable(text))


_current: list[Progress] = [Silent()]


def current_progress() -> Progress:
    """Where this process shows progress; flows take no such parameter, so that anybody can start them."""
    return _current[-1]


def announce(text: str) -> None:
    """Say one line where a person sees it, and in the log: of the run where there is one."""
    current_progress().say(text)
    _log().warning("%s", printable(text))


def tell(text: str) -> None:
    """Say in plain words what a step did, in the log of the run."""
    _log().info("%s", printable(text))


def _log() -> logging.Logger | logging.LoggerAdapter[Any]:
    # Commands that run no flow do not load Prefect, which takes longer than they do.
    if "prefect" not in sys.modules:
        return log
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        return get_run_logger()
    except MissingContextError:
        return log


@contextmanager
def show_on(progress: Progress) -> Iterator[Progress]:
    """Show progress there until the block ends."""
    _current.append(progress)
    try:
        yield progress
    finally:
        _current.pop()


@contextmanager
def show_on_terminal() -> Iterator[Progress]:
    """Bars on standard error; plain lines where it is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bars, show_on(Terminal(bars, partial(console.print, markup=False, highlight=False))) as progress:
        yield progress
