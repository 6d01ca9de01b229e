"""What is sent again, and what never is."""

from __future__ import annotations

import pytest

from tests.transport.service import Answer, Service, SettableClock, free_port, serving
from transport.bounds import Bounds
from transport.clock import no_waiting
from transport.door import Door
from transport.errors import (
    ConnectionLost,
    Malformed,
    RateLimited,
    TransportError,
    Unavailable,
    UnknownOutcome,
)
from transport.pace import Pacing
from transport.retry_policy import RetryPolicy

GOOD = Answer(body={"rows": [1, 2, 3]})
PASSING = [
    Answer(408),
    Answer(429),
    Answer(500),
    Answer(502),
    Answer(503),
    Answer(504),
    Answer(behave="reset"),
    Answer(body={"rows": list(range(500))}, behave="truncated"),
    Answer(body={"rows": list(range(500))}, behave="chunk_cut"),
    Answer(body={"rows": list(range(500))}, behave="unframed_cut"),
    Answer(body=b"not gzip at all", headers=(("Content-Encoding", "gzip"),)),
]
NAMES = [f"{answer.status}-{answer.behave}" for answer in PASSING]


@pytest.mark.parametrize("trouble", PASSING, ids=NAMES)
def test_a_read_survives_passing_trouble(trouble, door, open_client):
    """A read is sent again after anything that may pass; a cut body is never taken for data."""
    with serving(trouble, trouble, GOOD) as service:
        reply = open_client(door, service.url).get("/")

    assert reply.json() == {"rows": [1, 2, 3]}
    assert {service.host: {"read": 3, "write": 0, "retried": 2}} == door.meter.counts()


@pytest.mark.parametrize("trouble", PASSING, ids=NAMES)
def test_a_read_gives_up_after_its_attempts(trouble, clock, open_client):
    """Patience ends by count, and the error is the trouble's own."""
    door = Door(pacing=Pacing(clock), retry_policy=RetryPolicy(attempts=4, refusals=4))
    with serving(trouble) as service, pytest.raises((RateLimited, Unavailable, ConnectionLost, Malformed)):
        open_client(door, service.url).get("/")

    assert len(service.asked) == 4


def test_a_read_gives_up_after_its_seconds(clock, open_client):
    """Patience ends by time as well."""
    door = Door(pacing=Pacing(clock), retry_policy=RetryPolicy(attempts=1000, seconds=60, jitter=False))
    with serving(Answer(503)) as service, pytest.raises(Unavailable):
        open_client(door, service.url).get("/")

    assert 30 < clock.monotonic() <= 60
    assert len(service.asked) == 7


def test_pauses_grow_and_are_drawn():
    """Each pause is at most double the one before, never above the longest, and has jitter."""
    calm = RetryPolicy(jitter=False)
    assert [calm.pause(n) for n in range(1, 9)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert calm.pause(10_000) == 30.0
    drawn = {RetryPolicy().pause(3) for _ in range(50)}
    assert len(drawn) > 40
    assert all(1.0 <= pause <= 2.0 for pause in drawn)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 410, 412, 422])
def test_a_refusal_that_will_not_pass_is_not_repeated(status, door, open_client):
    """The same request would fail again, so it is sent once."""
    with serving(Answer(status)) as service, pytest.raises(TransportError):
        open_client(door, service.url).get("/")

    assert len(service.asked) == 1


def test_a_write_is_sent_again_after_429(writable, open_client):
    """A 429 says that nothing happened."""
    with serving(Answer(429, headers=(("Retry-After", "7"),)), Answer(201)) as service:
        assert open_client(writable, service.url).write("POST", "/do", {}).status == 201

    assert pytest.approx(writable.pacing.clock.monotonic()) == 7
    assert {service.host: {"read": 0, "write": 2, "retried": 1}} == writable.meter.counts()
    assert {service.host: 1} == writable.meter.refusals()


LOST = [trouble for trouble in PASSING if trouble.status != 429 and trouble.behave != "unframed_cut"]


@pytest.mark.parametrize("trouble", LOST, ids=[f"{answer.status}-{answer.behave}" for answer in LOST])
def test_a_write_whose_answer_was_lost_is_never_sent_again(trouble, writable, open_client):
    """Whether it happened is not known: only a read may tell."""
    with serving(trouble, GOOD) as service, pytest.raises(UnknownOutcome) as caught:
        open_client(writable, service.url).write("POST", "/do", {})

    assert len(service.asked) == 1
    assert f"POST {service.url}/do" in str(caught.value)


def test_a_write_that_gets_no_answer_in_time_is_never_sent_again(writable, open_client):
    """A time-out after sending is an unknown outcome for a write."""
    with serving(Answer(behave="silent")) as service, pytest.raises(UnknownOutcome):
        open_client(writable, service.url, bounds=Bounds(silence=0.05)).write("POST", "/do", {})

    assert len(service.asked) == 1


def test_a_read_that_gets_no_answer_in_time_is_sent_again(door, open_client):
    """A time-out of a read passes."""
    with serving(Answer(behave="silent"), GOOD) as service:
        reply = open_client(door, service.url, bounds=Bounds(silence=0.05)).get("/")

    assert reply.json() == {"rows": [1, 2, 3]}


@pytest.mark.parametrize("verb", ["read", "write"])
def test_a_connection_never_opened_is_tried_again(verb, clock, open_client):
    """Nothing left this machine, so even a write is safe to send again; here until patience ends."""
    door = Door(writable=True, pacing=Pacing(clock), retry_policy=RetryPolicy(attempts=3))
    client = open_client(door, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ConnectionLost) as caught:
        client.get("/") if verb == "read" else client.write("POST", "/do", {})

    assert not caught.value.opened
    assert {client.host: {"read": 0, "write": 0, "retried": 2} | {verb: 3}} == door.meter.counts()


def test_a_write_goes_through_once_the_service_listens(open_client):
    """A refused connection is retried until somebody listens."""
    service = Service(lambda _: Answer(201), port := free_port(), listen=False)

    class Meanwhile(SettableClock):
        def wait_until(self, moment: float) -> None:
            super().wait_until(moment)
            service.listen()

    door = Door(writable=True, pacing=Pacing(Meanwhile()))
    with service:
        assert open_client(door, f"http://127.0.0.1:{port}").write("POST", "/do", {}).status == 201

    assert len(service.asked) == 1
    assert {service.host: {"read": 0, "write": 2, "retried": 1}} == door.meter.counts()


def test_an_empty_answer_is_malformed_only_for_who_reads_it(door, open_client):
    """A 204 is a success; asking it for JSON is an error, not None."""
    with serving(Answer(204, b"")) as service:
        reply = open_client(door, service.url).get("/")

    assert reply.content == b""
    with pytest.raises(Malformed, match="empty"):
        reply.json()


def test_a_page_that_is_no_json_is_malformed(door, open_client):
    """A portal's page in place of the API's answer is an error."""
    page = Answer(body=b"<html>Sign in</html>", headers=(("Content-Type", "text/html"),))
    with serving(page) as service, pytest.raises(Malformed, match="not JSON"):
        open_client(door, service.url).get("/").json()


def test_waiting_can_be_turned_off(open_client):
    """With the switch, a whole storm passes in no time on the machine's own clock."""
    door = Door(retry_policy=RetryPolicy(refusals=50))
    storm = Answer(429, headers=(("Retry-After", "3600"),))
    with no_waiting(), serving(*[storm] * 40, GOOD) as service:
        assert open_client(door, service.url).get("/").json() == {"rows": [1, 2, 3]}


def test_a_window_that_opens_too_late_is_not_waited_for(door, open_client):
    """A service that asks for two hours gets an error that says so, after one request."""
    late = Answer(429, headers=(("Retry-After", "7200"),))
    with serving(late) as service, pytest.raises(RateLimited, match=r"7,200 s"):
        open_client(door, service.url).get("/")

    assert len(service.asked) == 1
    assert door.pacing.clock.monotonic() == 0
