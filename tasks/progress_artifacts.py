"""How far a long step is, on the page of the run in the Prefect UI."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

from prefect.artifacts import ProgressArtifact

from tasks.progress import Advance, Progress, tell
from tasks.session import Session
from tasks.ui import artifact_key, move_progress, post_artifact

AFTER = 5.0
"""Seconds after which a step counts as long, and between two words about it."""


class InPrefect:
    """A progress artifact for each long step whose size is known, a line in the log for any other."""

    def __init__(
        self, session: Session, beneath: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Show progress for the session's run, and where it was shown before."""
        self._session, self._beneath, self._clock = session, beneath, clock

    def step(self, title: str, total: int | None = None) -> Advance:
        """Begin a step."""
        beneath = self._beneath.step(title, total)
        if self._session.flow_run is None:
            return beneath
        shown = _Step(self._session, title, total, self._clock)

        def advance(rows: int) -> None:
            beneath(rows)
            shown.advance(rows)

        return advance

    def say(self, text: str) -> None:
        """Say a line where it was said before; the log has it in any case."""
        self._beneath.say(text)


class _Step:
    """One step; several threads may advance it."""

    def __init__(self, session: Session, title: str, total: int | None, clock: Callable[[], float]) -> None:
        self._session, self._title, self._total, self._clock = session, title, total, clock
        self._done, self._said = 0, clock()
        self._artifact: UUID | None = None
        self._lock = threading.Lock()

    def advance(self, rows: int) -> None:
        with self._lock:
            self._done += rows
            ended = self._artifact is not None and self._done == self._total
            if self._clock() - self._said < AFTER and not ended:
                return
            self._said = self._clock()
            self._show()

    def _show(self) -> None:
        if not self._total:
            tell(f"{self._title}: {self._done:,} so far")
            return
        # What was read last time is a measure, not a promise.
        percent = min(100.0, round(100 * self._done / self._total, 1))
        if self._artifact is not None:
            move_progress(self._artifact, percent)
            return
        words = (self._session.policy_name, self._title)
        shown = ProgressArtifact(
            progress=percent, key=artifact_key("progress", *words), description=self._title
        )
        self._artifact = post_artifact(shown, self._session.flow_run)
