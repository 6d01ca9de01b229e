"""Calls at the same time: in order, bounded, and quick to fail."""

from __future__ import annotations

import threading
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.service import Answer, serving
from transport.clock import Clock
from transport.door import Door
from transport.errors import Abandoned, NotFound
from transport.parallel import beside, in_parallel


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
def test_results_come_in_the_order_of_the_calls(items, workers):
    """For any calls and any number of workers it is a map."""
    assert list(in_parallel((lambda each=each: each * 2 for each in items), workers)) == [
        2 * i for i in items
    ]


def test_no_more_than_workers_run_and_twice_as_many_are_started():
    """Endless calls are taken only as results are taken."""
    lock, running, most = threading.Lock(), 0, 0
    taken = count()

    def call():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1

    def endless():
        for _ in taken:
            yield call

    results = in_parallel(endless(), 3)
    for _ in range(10):
        next(results)
    results.close()

    assert most <= 3
    assert next(taken) <= 10 + 2 * 3 + 1


def test_the_first_error_is_raised_though_an_earlier_call_still_runs():
    """Whichever call fails first ends the batch; those that wait are never started."""
    release, started = threading.Event(), []

    def slow():
        release.wait(5)

    def fails():
        release.set()
        raise ValueError("first")

    def late():
        started.append(1)

    with pytest.raises(ValueError, match="first"):
        list(in_parallel([slow, fails, *[late] * 100], 2))

    assert len(started) < 100


def test_an_error_wakes_those_that_wait_for_a_window(open_client):
    """A batch does not sit out a minute's wait on the machine's clock after one call failed."""
    dry = (("X-Rate-Limit-Limit", "9"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "3000"))
    waiting = threading.Event()
    failures: list[BaseException] = []

    class Watched(Clock):
        def wait_until(self, moment: float) -> None:
            waiting.set()
            super().wait_until(moment)

    def waits():
        try:
            client.get("/dry")
        except Abandoned as error:
            failures.append(error)
            raise

    def fails():
        waiting.wait(5)
        client.get("/missing")

    door = Door()
    door.pacing.clock = Watched()
    with serving(lambda asked: Answer(404) if asked.path == "/missing" else Answer(headers=dry)) as service:
        client = open_client(door, service.url, workers=2)
        client.get("/dry")
        with pytest.raises(NotFound):
            list(client.in_parallel([waits, fails]))

    assert len(failures) == 1
    assert [asked.path for asked in service.asked] == ["/dry", "/missing"]


def test_a_batch_within_a_batch_stops_with_it():
    """The inner calls hear that the outer batch is over."""
    from transport.clock import is_stopped

    inside, heard = threading.Event(), threading.Event()

    def inner():
        inside.set()
        while not is_stopped():
            threading.Event().wait(0.01)
        heard.set()

    def outer_fails():
        inside.wait(5)
        raise ValueError("outer")

    with pytest.raises(ValueError, match="outer"):
        list(in_parallel([lambda: list(in_parallel([inner], 1)), outer_fails], 2))

    assert heard.is_set()


def test_a_call_goes_on_beside_the_block_and_gives_its_result():
    """Both wait for each other, so neither could end alone."""
    meeting = threading.Barrier(2, timeout=5)

    def call():
        meeting.wait()
        return "beside"

    with beside() as begin:
        begun = begin(call)
        meeting.wait()

        assert begun.result() == "beside"


def test_what_goes_on_beside_a_block_that_fails_is_stopped():
    """Its requests are not sent any more, and the block's own error is raised."""
    waiting = threading.Event()

    def call():
        waiting.set()
        Clock().wait_until(Clock().monotonic() + 60)

    def block():
        with beside() as begin:
            begin(call)
            waiting.wait(5)
            raise KeyError("the block's own")

    with pytest.raises(KeyError, match="the block's own"):
        block()
