"""Every dialect of rate limit is learned, spent whole, and never exceeded."""

from __future__ import annotations

import threading

import pytest

from tests.transport import limiter
from tests.transport.limiter import Refilling, Windows
from tests.transport.service import Answer, SettableClock, serving
from transport.concurrency_limit import ANSWERS_TO_GROW, ConcurrencyLimit
from transport.door import Door
from transport.pace import Pacing

NOTHING = 0
PHASES = [0.0, 17.4, 59.9]


def _read_many(door, open_client, service, count, workers=6, **more):
    client = open_client(door, service.url, workers=workers, **more)
    return list(client.in_parallel((lambda: client.get("/things").json()) for _ in range(count)))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("skew", [0.0, 290.7, -290.7])
@pytest.mark.parametrize("speak", [limiter.okta, limiter.atlassian, limiter.onelogin])
def test_a_stated_limit_is_never_exceeded_and_spent_whole(*, speak, skew, phase, clock, door, open_client):
    """Six threads spend each window at once, without one refusal, and sleep just until the next.

    The service's clock is off by almost five minutes: its Date header makes up for it.
    """
    limit = Windows(clock, speak, limit=20, phase=phase, skew=skew)
    with serving(limit) as service:
        _read_many(door, open_client, service, 90)

    bound = _bound(limit, 90)
    assert (limit.served, limit.refused) == (90, 0)
    assert bound / clock.monotonic() >= 0.97


def _bound(limit, count):
    """Return the seconds until the window opens in which the last of so many requests may go."""
    first = 60 - (SettableClock().wall() + limit.skew - limit.phase) % 60
    return first + 60 * ((count - 1) // limit.limit - 1)


@pytest.mark.parametrize(
    ("speak", "most_refused"),
    [
        (limiter.okta_rounding_down, 3),
        (limiter.onelogin_rounding_down, 3),
        (limiter.jira, 2),
        (limiter.atlassian_to_the_minute, 12),
    ],
)
@pytest.mark.parametrize("phase", PHASES)
def test_a_limit_that_is_stated_roughly_is_found_out(*, speak, most_refused, phase, clock, door, open_client):
    """A moment that is rounded down costs a few refusals once, and then no more."""
    limit = Windows(clock, speak, limit=20, phase=phase)
    with serving(limit) as service:
        _read_many(door, open_client, service, 200)

    assert limit.served == 200
    assert limit.refused <= most_refused
    assert _bound(limit, 200) / clock.monotonic() >= 0.9


@pytest.mark.parametrize("speak", [limiter.graph, limiter.dated])
def test_a_refusal_s_own_moment_is_obeyed(speak, clock, door, open_client):
    """Where only refusals speak, one storm of those under way ends each window, never a second."""
    limit = Windows(clock, speak, limit=20, phase=17.4)
    with serving(limit) as service:
        _read_many(door, open_client, service, 90)

    assert limit.served == 90
    assert limit.refused <= 4 * 6
    assert _bound(limit, 90) / clock.monotonic() >= 0.97


def test_a_service_that_says_nothing_is_still_outlasted(clock, door, open_client):
    """Refusals without any header make the pauses grow until one request gets through."""
    limit = Windows(clock, limiter.silent, limit=20)
    with serving(limit) as service:
        _read_many(door, open_client, service, 50, workers=1)

    assert limit.served == 50


def test_a_bucket_that_refills_is_emptied_and_never_overdrawn(clock, door, open_client):
    """Data Center's tokens are spent as they drop; its Retry-After: 0 on every 200 says nothing."""
    limit = Refilling(clock, capacity=30, fill=10, interval=5)
    with serving(limit) as service:
        _read_many(door, open_client, service, 130)

    assert (limit.served, limit.refused) == (130, 0)
    assert 50 / clock.monotonic() >= 0.9


def test_a_retry_after_on_success_is_ignored(clock, door, open_client):
    """Only a refusal's Retry-After counts."""
    with serving(Answer(headers=(("Retry-After", "30"),))) as service:
        _read_many(door, open_client, service, 10)

    assert clock.monotonic() == NOTHING


def test_a_service_that_is_down_for_a_while_is_left_alone(clock, door, open_client):
    """The Retry-After of a 503 holds for every thread."""
    down = Answer(503, headers=(("Retry-After", "12"),))
    with serving(down, Answer()) as service:
        _read_many(door, open_client, service, 10)

    assert clock.monotonic() == 12
    assert len(service.asked) == 11


def test_the_first_request_of_a_bucket_goes_alone(clock, open_client):
    """With three left for this token, eight threads do not send four."""
    limit = Windows(clock, limiter.okta, limit=3)
    with serving(limit) as service:
        _read_many(Door(pacing=Pacing(clock)), open_client, service, 8, workers=8)

    assert limit.refused == 0


def test_two_clients_with_one_token_share_a_pace_and_others_do_not(clock, open_client):
    """What one client learns, all with the same host, token and bucket know."""
    limit = Windows(clock, limiter.okta, limit=20)
    pacing = Pacing(clock)
    with serving(limit) as service:
        one, two = (open_client(Door(pacing=pacing), service.url, workers=4) for _ in range(2))
        calls = [one.get, two.get] * 40
        list(one.in_parallel((lambda get=get: get("/things")) for get in calls))

    assert (limit.served, limit.refused) == (80, 0)
    assert pacing.pace("a", "t", "b") is pacing.pace("a", "t", "b")
    assert (
        len(
            {
                id(pacing.pace(*key))
                for key in [("a", "t", "b"), ("z", "t", "b"), ("a", "z", "b"), ("a", "t", "z")]
            }
        )
        == 4
    )


def test_each_bucket_keeps_its_own_count(clock, door, open_client):
    """One bucket that ran dry does not stop another."""
    dry = (("X-Rate-Limit-Limit", "5"), ("X-Rate-Limit-Remaining", "0"), ("X-Rate-Limit-Reset", "50"))
    with serving(lambda asked: Answer(headers=dry if asked.path == "/dry" else ())) as service:
        client = open_client(door, service.url)
        for path in ("/dry", "/free", "/free"):
            client.get(path)
        assert clock.monotonic() == NOTHING
        client.get("/dry")

    assert clock.monotonic() == 50


def test_a_write_waits_for_the_window_as_a_read_does(clock, writable, open_client):
    """Writes are paced before they are sent, so that none is refused."""
    limit = Windows(clock, limiter.okta, limit=5)
    with serving(limit) as service:
        client = open_client(writable, service.url)
        for number in range(12):
            client.write("PUT", f"/things/a{number}", {})

    assert (limit.served, limit.refused) == (12, 0)


def test_too_many_at_once_halves_those_under_way(clock, door, open_client):
    """Okta's concurrency refusal: a short pause, fewer at a time, and the window stays as it was."""
    lock, room, under_way = threading.Lock(), 4, set()
    too_many_at_once = threading.Event()
    too_many = (
        ("X-Rate-Limit-Limit", "0"),
        ("X-Rate-Limit-Remaining", "0"),
        ("X-Rate-Limit-Reset", "1790000500"),
    )

    def answer(asked):
        with lock:
            under_way.add(asked.number)
            refused = len(under_way) > room
            if refused:
                too_many_at_once.set()
        if asked.number > 1:
            too_many_at_once.wait(5)
        with lock:
            under_way.discard(asked.number)
        return Answer(429, {}, too_many) if refused else Answer()

    with serving(answer) as service:
        _read_many(door, open_client, service, 40, workers=8)

    concurrency = door.pacing._limits[service.host, "test"]
    assert concurrency.most is not None
    assert concurrency.most < 8
    assert clock.monotonic() < 60
    assert door.meter.counts()[service.host]["retried"] <= 8


def test_the_number_at_once_grows_again(clock):
    """After many answers without a refusal one more is let in."""
    concurrency = ConcurrencyLimit(clock)
    entered = [concurrency.enter() for _ in range(4)]
    concurrency.leave(entered[0], too_many_at_once=True)
    concurrency.leave(entered[1], too_many_at_once=True)
    assert concurrency.most == 2
    for after in entered[2:]:
        concurrency.leave(after, too_many_at_once=False)
    for _ in range(2 * ANSWERS_TO_GROW - 3):
        concurrency.leave(concurrency.enter(), too_many_at_once=False)
    assert concurrency.most == 2
    concurrency.leave(concurrency.enter(), too_many_at_once=False)
    assert concurrency.most == 3
