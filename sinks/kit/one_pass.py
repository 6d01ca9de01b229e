"""One pass over a target that fills several streams."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator

from provisioning.model.screening import Screened

Streams = dict[str, list[Screened]]


class OnePass(ABC):
    """A sink that serves accounts, assignments, entitlements, seats and capacity from one read of the target.

    Each pass serves each stream once; who asks for one again starts another pass, and a write ends the
    present one.
    """

    def __init__(self) -> None:
        self._passing = threading.Lock()
        self._waiting: Streams = {}

    def accounts(self) -> Iterator[Screened]:
        """Pages of Accounts."""
        return self._stream("accounts")

    def assignments(self) -> Iterator[Screened]:
        """Pages of Assignments."""
        return self._stream("assignments")

    def entitlements(self) -> Iterator[Screened]:
        """Pages of Entitlements."""
        return self._stream("entitlements")

    def seats(self) -> Iterator[Screened]:
        """Pages of Seats; none where the target does not tell what gives a seat."""
        return self._stream("seats")

    def capacity(self) -> Iterator[Screened]:
        """Pages of Capacity, of the products whose number of seats is told."""
        return self._stream("capacity")

    @abstractmethod
    def read(self) -> Streams:
        """Make one pass over the whole target: to its end, or it raises."""

    def end_pass(self) -> None:
        """Let the next question start a pass of its own."""
        with self._passing:
            self._waiting = {}

    def _stream(self, name: str) -> Iterator[Screened]:
        with self._passing:
            if name not in self._waiting:
                self._waiting = self.read()
            pages = self._waiting.pop(name)
        yield from pages
