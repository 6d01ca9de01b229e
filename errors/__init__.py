"""What can go wrong, for a person: one root, so that message and remedy are always shown together.

Every floor may raise errors and every floor may show them, so this package lies below all others. Each floor
names its own errors beneath the root.
"""

from __future__ import annotations

__all__ = ["STOPPED", "SeatwiseError", "Unforeseen", "explain_error"]

UNFORESEEN = "Run the command with --debug to see where it happened; if it is not your mistake, report it."
STOPPED = "Start it again when you are ready."


class SeatwiseError(Exception):
    """Something a person has to know, and what to do next.

    As text an error holds both, because texts travel: into the log, the state of a Prefect run,
    `summary.json` and the report. Whoever shows the two apart takes `message` and `remedy`.

    Attributes:
        remedy: the next step, in one plain sentence; a class whose errors share theirs states it once.
    """

    remedy: str = ""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        """Keep both apart; a class without a remedy of its own is given one each time."""
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy

    @property
    def message(self) -> str:
        """What went wrong, without the remedy."""
        return str(self.args[0]) if self.args and self.args[0] else type(self).__name__

    def __str__(self) -> str:
        """Say what went wrong and what to do next, in one line unless the message has several."""
        if not self.remedy:
            return self.message
        gap = "\n" if "\n" in self.message else " "
        end = "" if self.message.endswith((".", "!", "?", ":")) else "."
        return f"{self.message}{end}{gap}{self.remedy}"


class Unforeseen(SeatwiseError):
    """An error that nobody foresaw, in its own words."""

    remedy = UNFORESEEN


def explain_error(error: BaseException) -> SeatwiseError:
    """Any error as one with a remedy, also one that nobody foresaw."""
    if isinstance(error, SeatwiseError):
        return error
    words = str(error) or type(error).__name__
    return Unforeseen(words) if isinstance(error, Exception) else SeatwiseError(words, STOPPED)
