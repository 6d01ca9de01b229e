"""Dying at a chosen moment: before or after the n-th request, before or after the n-th transaction."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch


class Moment(NamedTuple):
    """When something happens: at which end of which request or transaction."""

    what: str
    end: str
    number: int

    def __str__(self) -> str:
        """As a person says it."""
        return f"{self.end} {self.what} {self.number}"


def kill() -> None:
    """Die as a process dies that nobody asked."""
    os.kill(os.getpid(), signal.SIGKILL)


class Watch:
    """Counts requests and writing transactions, and acts at one moment."""

    def __init__(self, moment: Moment | None = None, act: Callable[[], None] = kill) -> None:
        """Act at the moment; without one, only count."""
        self.moment, self.act = moment, act
        self.counts = {"request": 0, "transaction": 0}
        self._lock = threading.Lock()
        self._within = threading.local()

    def around(self, what: str, work: Callable[[], Any]) -> Any:
        """Do one request or transaction, and act before or after it if it is the one."""
        with self._lock:
            self.counts[what] += 1
            number = self.counts[what]
        self._reach(Moment(what, "before", number))
        done = work()
        self._reach(Moment(what, "after", number))
        return done

    def _reach(self, moment: Moment) -> None:
        if moment == self.moment:
            self.act()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Watch everything this process sends and commits until the block ends."""
        from requests.adapters import HTTPAdapter
        from sqlalchemy import Engine, event
        from sqlalchemy.engine.default import DefaultDialect

        send, commit = HTTPAdapter.send, DefaultDialect.do_commit

        def sending(adapter: Any, *args: Any, **options: Any) -> Any:
            return self.around("request", lambda: send(adapter, *args, **options))

        def committing(dialect: Any, connection: Any) -> None:
            if getattr(self._within, "writes", False):
                self.around("transaction", lambda: commit(dialect, connection))
            else:
                commit(dialect, connection)

        def noting(connection: Any) -> None:
            self._within.writes = connection.get_execution_options().get("writes", False)

        event.listen(Engine, "commit", noting)
        try:
            with (
                patch.object(HTTPAdapter, "send", sending),
                patch.object(DefaultDialect, "do_commit", committing),
            ):
                yield
        finally:
            event.remove(Engine, "commit", noting)
