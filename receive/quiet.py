"""Notices that pushes have come to rest, so that one sync reads many of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Self

from errors import SeatwiseError
from ledger.pushed import Inbox

log = logging.getLogger(__name__)
LOOKS = timedelta(seconds=5)
"""Time between two looks at the record of writes, at most."""


class Quiet:
    """Tells once what was written, as soon as nothing was written for a while.

    It looks into the record of writes, so that it knows of what other processes took, too. After a start
    everything counts as untold.
    """

    def __init__(
        self, inbox: Inbox, connections: Collection[str], rest: timedelta, tell: Callable[[], bool]
    ) -> None:
        """Watch nothing yet.

        Args:
            inbox: what is kept.
            connections: names of those that are watched.
            rest: how long nothing must be written.
            tell: says that there is something new; False where that has to wait, so that it is said later.
        """
        self._inbox, self._connections, self._rest, self._tell = inbox, connections, rest, tell
        self._told = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="quiet", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._stop.set()
        self._thread.join()

    def look(self, now: datetime) -> bool:
        """Tell if there is something new and it is at rest; whether it was told."""
        seq, at = self._inbox.last_write(self._connections)
        if seq <= self._told or at is None or now - at < self._rest:
            return False
        if self._tell():
            self._told = seq
            return True
        return False

    def _watch(self) -> None:
        pause = min(LOOKS, self._rest / 4).total_seconds()
        while not self._stop.wait(pause):
            try:
                self.look(datetime.now(UTC))
            except SeatwiseError as error:
                log.error("%s", error)  # noqa: TRY400 - the message says it; it is tried again
