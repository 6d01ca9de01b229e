"""One sync for many pushes: told once when they have come to rest, and again if that had to wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from errors import SeatwiseError
from receive.quiet import Quiet
from tests.receive.service import Service

MINUTE = timedelta(minutes=1)


def test_told_once_a_minute_after_the_last_push(service: Service) -> None:
    """Not before anything was pushed, not while it goes on, not twice for the same."""
    told: list[str] = []
    answers = [True, False, True]

    def tell() -> bool:
        told.append("told")
        return answers[len(told) - 1]

    quiet = Quiet(service.inbox, ["idp"], MINUTE, tell)
    assert not quiet.look(datetime.now(UTC) + MINUTE)
    service.add_user()
    now = datetime.now(UTC)

    assert not quiet.look(now)
    assert quiet.look(now + MINUTE)
    assert not quiet.look(now + 2 * MINUTE)
    service.send("GET", "/Users")
    assert not quiet.look(now + 3 * MINUTE)
    service.add_user("bob")
    # A sync is at work and the push has to wait; then it is told after all.
    assert not quiet.look(now + 5 * MINUTE)
    assert quiet.look(now + 5 * MINUTE)
    assert len(told) == 3


def test_it_looks_by_itself_and_survives_an_error(service: Service) -> None:
    """A server that cannot be reached is asked again."""
    told, calls = threading.Event(), []

    def tell() -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise SeatwiseError("the server is gone", "Start it.")
        told.set()
        return True

    service.add_user()
    with Quiet(service.inbox, ["idp"], timedelta(milliseconds=20), tell):
        assert told.wait(20)
    assert len(calls) == 2
