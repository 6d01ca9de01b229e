"""The flows of the product without Prefect around them: the same steps in the same order, in one process.

Prefect keeps a task run in its database for each step; a campaign of thousands of runs would measure that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from tasks.clock import SIMULATED

TIMEOUT = 1.0
"""Seconds between two pieces of an answer; the product's own patience would make each time-out a minute."""


class Begun:
    """A step under way, as the flows know the futures of Prefect."""

    under_way: ClassVar[set[Future[Any]]] = set()

    def __init__(self, pool: ThreadPoolExecutor, work: Callable[[], Any]) -> None:
        """Begin it."""
        self._future: Future[Any] = pool.submit(copy_context().run, work)
        self.under_way.add(self._future)

    def result(self, *, raise_on_failure: bool = True) -> Any:
        """What it came to, or its error."""
        if not raise_on_failure and (error := self._future.exception()):
            return error
        return self._future.result()

    def add_done_callback(self, fn: Callable[[Begun], object]) -> None:
        """Call a function with this step once it has ended."""
        self._future.add_done_callback(lambda _: fn(self))


def _no_artifacts(*_: Any, **__: Any) -> None:
    return None


def _hasty(made: Callable[..., None]) -> Callable[..., None]:
    """A client that waits no longer than `TIMEOUT` for a piece of an answer."""

    def make(self: Any, *args: Any, **options: Any) -> None:
        made(self, *args, **options)
        self._timeouts = (TIMEOUT, TIMEOUT)

    return make


@contextmanager
def without_prefect(*, hasty: bool = False, report: bool = False) -> Iterator[None]:
    """Run every task as the plain function it is, and wait for nothing.

    Args:
        hasty: whether a silent server is given up after a second.
        report: whether the licence report is made; it decides nothing, and costs as much as all that does.
    """
    from prefect.tasks import Task

    from tasks import publish
    from transport.clock import no_waiting
    from transport.wire import Wire

    impatient = hasty and find_spec("ldap")
    silent = patch("sources.ldap.connections.ANSWER", TIMEOUT) if impatient else nullcontext()
    with ThreadPoolExecutor(16, thread_name_prefix="step") as pool, no_waiting(), silent:

        def call(self: Any, *args: Any, **options: Any) -> Any:
            return self.fn(*args, **options)

        def submit(self: Any, *args: Any, **options: Any) -> Begun:
            return Begun(pool, lambda: self.fn(*args, **options))

        with (
            patch.object(Task, "__call__", call),
            patch.object(Task, "submit", submit),
            patch("tasks.publish.show_artifacts", _no_artifacts),
            patch.object(publish, "_build_report", publish._build_report if report else lambda *_: None),
            patch.object(Wire, "__init__", _hasty(Wire.__init__) if hasty else Wire.__init__),
        ):
            yield


def run(flow: str, folder: Path, **parameters: Any) -> dict[str, Any]:
    """Run a flow on the policy of a folder; its summary, or one that holds the error it ended with."""
    if (moment := parameters.pop("as_of", None)) is not None:
        os.environ[SIMULATED] = moment.isoformat()
    body = getattr(import_module(f"flows.{flow}"), flow).fn
    try:
        state = asyncio.run(body(config=str(folder / "policy.yaml"), out=str(folder / "out"), **parameters))
    except Exception as error:  # noqa: BLE001 (any end of a run is an answer here)
        text = f"{type(error).__name__}: {error}"
        return {"exit_code": 1, "error": text, "raw": _is_raw(error), "fingerprints": {}}
    finally:
        # Prefect ends no flow before its steps; one that fails at once leaves others that still write.
        wait(Begun.under_way)
        Begun.under_way.clear()
    return dict(state.data)


def _is_raw(error: Exception) -> bool:
    """Whether an error speaks of Python instead of the matter: nobody foresaw it."""
    from errors import SeatwiseError, Unforeseen

    return isinstance(error, Unforeseen) or not isinstance(error, SeatwiseError)


def approve(folder: Path, fingerprint: str, moment: datetime | None = None, *, by: str = "tester") -> None:
    """Release a plan, as a person does who has read it; at a moment of the simulated clock, if given."""
    from tasks.consent import accept_reads
    from tasks.session import open_session

    if moment is not None:
        os.environ[SIMULATED] = moment.isoformat()
    with open_session(folder / "policy.yaml") as session:
        stored = session.ledger.plan(fingerprint)
        session.ledger.approve(stored.fingerprint, by=by, reason="read by the campaign", at=session.now)
        accept_reads(session, stored)


def sync(folder: Path, moment: datetime | None = None, *, full: bool = False) -> dict[str, Any]:
    """Bring the targets in step as of a moment."""
    return run("sync", folder, full=full, **({} if moment is None else {"as_of": moment}))
