"""One pass over a target that fills several streams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from provisioning.frames import Screened

Streams = dict[str, list[Screened]]


class OnePass:
    """Serves accounts, entitlements, grants, seats and capacity from one read of the target.

    Each pass serves each stream once; who asks for one again starts another pass, and a write ends the
    present one.

    Args:
        read: one pass over the whole target; it raises unless it came to its end.
    """

    def __init__(self, read: Callable[[], Streams]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._waiting: Streams = {}

    def stream(self, name: str) -> Iterator[Screened]:
        """The pages of one stream."""
        with self._lock:
            if name not in self._waiting:
                self._waiting = self._read()
            pages = self._waiting.pop(name)
        yield from pages

    def end(self) -> None:
        """Let the next question start a pass of its own."""
        with self._lock:
            self._waiting = {}
