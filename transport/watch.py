"""Requests that take long: one thread of the process looks at each of them twice a second.

What takes longer than a person expects is said, with the reason. An exchange that takes longer than its
bounds allow is cut: its socket is shut down, so that whoever reads it wakes at once, also where the other
side sends a byte now and then, in the head of the answer or in its body.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

log = logging.getLogger(__name__)
Say = Callable[[str], None]
PATIENCE = 10.0
"""Seconds of waiting after which it is said."""
AGAIN = 300.0
"""Seconds after which the same wait of the same host is said again."""
TICK = 0.5


@dataclass(eq=False)
class UnderWay:
    """One request, from the moment it is asked for until its answer or its failure.

    Attributes:
        host: where it goes.
        say: told when it takes long.
        waits_for: what it waits for now.
        ends: when that wait is over, on the monotonic clock, where it is known.
        overdue: whether its exchange was cut for taking too long.
    """

    host: str
    say: Say
    waits_for: str = "an answer"
    ends: float | None = None
    overdue: bool = False
    since: float = field(default_factory=time.monotonic)
    context: Context = field(default_factory=copy_context)
    _deadline: float | None = None
    _connection: Any = None
    _socket: socket.socket | None = None

    def wait_for(self, what: str) -> None:
        """Note what it waits for from now on."""
        self.waits_for, self.ends = what, None

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """Cut the exchange of this block when it takes longer."""
        self.overdue, self._connection, self._socket = False, None, None
        self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = None

    def uses(self, connection: Any) -> None:
        """Note the connection, which may still have to be opened."""
        self._connection = connection

    def reads(self, opened: socket.socket | None) -> None:
        """Note the socket, which the connection forgets before the answer is read."""
        self._socket = opened

    def look(self, now: float) -> None:
        """Cut the exchange if it is overdue."""
        if self._deadline is None or now < self._deadline:
            return
        self.overdue = True
        opened = self._socket or getattr(self._connection, "sock", None)
        if opened is not None:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def __str__(self) -> str:
        """Say what is waited for, since when, and until when where that is known."""
        so_far = f"{self.host}: waiting for {self.waits_for}, {time.monotonic() - self.since:.0f} s so far"
        if self.ends is None:
            return so_far
        until = datetime.now(UTC) + timedelta(seconds=self.ends - time.monotonic())
        return f"{so_far}, until {until:%H:%M:%S} UTC"


UNDER_WAY: ContextVar[UnderWay | None] = ContextVar("UNDER_WAY", default=None)


class Watch:
    """Looks at what is under way; its thread lives from the first request on."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._changed = threading.Condition()
        self._under_way: set[UnderWay] = set()
        self._said: dict[tuple[str, str], float] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def request(self, host: str, say: Say | None) -> Iterator[UnderWay]:
        """Watch one request until the block ends."""
        under_way = UnderWay(host, say or log.warning)
        token = UNDER_WAY.set(under_way)
        self._add(under_way)
        try:
            yield under_way
        finally:
            UNDER_WAY.reset(token)
            with self._changed:
                self._under_way.discard(under_way)

    def _add(self, under_way: UnderWay) -> None:
        with self._changed:
            self._under_way.add(under_way)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            elif len(self._under_way) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._under_way:
                    self._changed.wait()
                present = list(self._under_way)
            for each in present:
                self._look(each, time.monotonic())
            time.sleep(TICK)

    def _look(self, under_way: UnderWay, now: float) -> None:
        under_way.look(now)
        key = (under_way.host, under_way.waits_for)
        if now - under_way.since < PATIENCE or now - self._said.get(key, -AGAIN) < AGAIN:
            return
        self._said[key] = now
        try:
            under_way.context.copy().run(under_way.say, str(under_way))
        except Exception:
            log.exception("a long wait could not be said")


WATCH = Watch()
"""The one of this process."""
