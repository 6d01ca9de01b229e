"""Whatever the other side does, an exchange ends: in time, in size, in pages; and long waits are said."""

from __future__ import annotations

import gzip
import itertools
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.transport.service import BEHAVIOURS, Answer, Asked, Service, SettableClock, serving
from transport import watch
from transport.bounds import Bounds
from transport.clock import Clock
from transport.door import Door
from transport.endless import SPARE_PAGES
from transport.errors import ClearText, ConnectionLost, PageLoop, TooLarge, UnknownOutcome
from transport.pace import Pacing
from transport.pages import follow_cursor, follow_links
from transport.retry_policy import RetryPolicy

ONCE = RetryPolicy(attempts=1, refusals=1)
MEGABYTE = 1 << 20


@contextmanager
def dripping(head: bytes, byte: bytes) -> Iterator[Service]:
    """Serve a beginning, and then a byte now and then for ever."""

    def drip(handler: Any, _: Answer, service: Service) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        while not service.released.wait(0.05):
            try:
                handler.wfile.write(byte)
            except OSError:
                return

    BEHAVIOURS["drip"] = drip
    with serving(Answer(behave="drip")) as service:
        yield service
    del BEHAVIOURS["drip"]


DRIPS = {
    "status line": (b"HTTP/1.1 2", b"0"),
    "head": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "no answer but many to come": (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a stated length": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "body that ends with the connection": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1]", b" "),
    "body in chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "compressed body": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"[")[:10],
        b"\0",
    ),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_is_left(drip, clock, open_client):
    """The time between two bytes is not the time of an exchange; both are bounded."""
    door = Door(pacing=Pacing(clock), retry_policy=ONCE, bounds=Bounds(seconds=1))
    start = time.monotonic()
    with dripping(*drip) as service, pytest.raises(ConnectionLost) as lost:
        open_client(door, service.url).get("/")

    assert time.monotonic() - start < 8
    assert "within 1 s" in str(lost.value) or "cut" in str(lost.value)


def test_a_write_to_a_server_that_drips_is_not_known_to_have_happened(clock, open_client):
    """It was sent whole; only its answer is missing."""
    door = Door(writable=True, pacing=Pacing(clock), bounds=Bounds(seconds=1))
    with dripping(*DRIPS["head"]) as service, pytest.raises(UnknownOutcome):
        open_client(door, service.url).write("POST", "/", {})

    assert len(service.asked) == 1


def test_a_connection_serves_on_after_an_answer_in_time(clock, open_client):
    """The bound is that of one exchange, not that of the connection."""
    door = Door(pacing=Pacing(clock), bounds=Bounds(seconds=0.4))
    with serving(Answer()) as service:
        client = open_client(door, service.url)
        for _ in range(4):
            client.get("/")
            time.sleep(0.3)

    assert len(service.peers) == 1


def _deflated(body: bytes) -> tuple[bytes, str]:
    return zlib.compress(body), "deflate"


def _gzipped(body: bytes) -> tuple[bytes, str]:
    return gzip.compress(body), "gzip"


def _twice(body: bytes) -> tuple[bytes, str]:
    return gzip.compress(gzip.compress(body)), "gzip, gzip"


def _members(body: bytes) -> tuple[bytes, str]:
    return gzip.compress(body[:MEGABYTE]) * (len(body) // MEGABYTE), "gzip"


@pytest.mark.parametrize("pack", [_gzipped, _deflated, _twice, _members])
def test_a_small_body_that_unpacks_to_a_large_one_is_refused_once(pack, clock, open_client):
    """Bytes are counted as they are unpacked; asking again would bring the same."""
    content, encoding = pack(b"\0" * (64 * MEGABYTE))
    answer = Answer(body=content, headers=(("Content-Encoding", encoding),))
    door = Door(pacing=Pacing(clock), bounds=Bounds(size=4 * MEGABYTE))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with serving(answer) as service, pytest.raises(TooLarge) as refused:
            open_client(door, service.url).get("/")
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()

    assert len(service.asked) == 1
    assert peak < 40 * MEGABYTE
    assert "4,194,304 bytes" in str(refused.value)


def test_a_stated_size_is_refused_before_a_byte_is_read(clock, open_client):
    door = Door(pacing=Pacing(clock), bounds=Bounds(size=1_000))
    with serving(Answer(body=b" " * 1_001)) as service, pytest.raises(TooLarge, match="1,001 bytes"):
        open_client(door, service.url).get("/")

    assert len(service.asked) == 1


@pytest.mark.parametrize("behave", ["chunks", "until the connection ends"])
def test_a_body_without_an_end_is_refused(behave, clock, open_client):
    def pour(handler: Any, _: Answer, service: Service) -> None:
        chunked = behave == "chunks"
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"Transfer-Encoding: chunked\r\n" * chunked + b"\r\n")
        piece = b" " * 65_536
        while not service.released.is_set():
            try:
                handler.wfile.write(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            except OSError:
                return

    BEHAVIOURS["pour"] = pour
    door = Door(pacing=Pacing(clock), bounds=Bounds(size=MEGABYTE))
    with serving(Answer(behave="pour")) as service, pytest.raises(TooLarge):
        open_client(door, service.url).get("/")


def test_a_write_with_too_large_an_answer_is_not_known_to_have_happened(clock, open_client):
    door = Door(writable=True, pacing=Pacing(clock), bounds=Bounds(size=1_000))
    with serving(Answer(body=b" " * 2_000)) as service, pytest.raises(UnknownOutcome):
        open_client(door, service.url).write("POST", "/", {})


def _next(asked: Asked, body: Any) -> Answer:
    return Answer(body=body, headers=(("Link", f'</things?after={asked.number}>; rel="next"'),))


@pytest.mark.parametrize(
    "body",
    [
        lambda _: [],
        lambda _: {"value": [], "@odata.nextLink": "x"},
        lambda _: {},
        lambda _: {"Resources": [{"id": "1"}, {"id": "2"}]},
        lambda asked: {"totalResults": asked.number, "data": {"rows": []}},
    ],
    ids=["list", "object", "nothing", "the same rows", "deeper"],
)
def test_pages_that_bring_nothing_end_though_each_names_another(body, door, open_client):
    """Links that are all different are no sign that the listing gets on."""
    with serving(lambda asked: _next(asked, body(asked))) as service, pytest.raises(PageLoop) as endless:
        for _ in follow_links(open_client(door, service.url), "/things"):
            pass

    assert len(service.asked) <= SPARE_PAGES + 10
    assert endless.value.page is not None


def test_a_long_listing_of_one_row_a_page_is_read_to_its_end(door, open_client):
    """The number of pages is judged by the rows they bring."""
    last = 2 * SPARE_PAGES
    with serving(lambda asked: Answer(body=[asked.number])) as service:
        client = open_client(door, service.url)
        numbers = itertools.count(1)
        pages = follow_cursor(
            lambda _: client.get("/"), lambda _: str(number) if (number := next(numbers)) < last else None
        )
        assert len(list(pages)) == last


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 0.2)
    monkeypatch.setattr(watch, "TICK", 0.05)
    monkeypatch.setattr(watch.WATCH, "_said", {})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((Answer(429, headers=(("Retry-After", "2"),)), Answer()), "rate limit"),
        ((Answer(503), Answer()), "next try"),
        ((Answer(behave="late"), Answer()), "an answer"),
    ],
    ids=["rate limit", "retries", "slow answer"],
)
def test_a_long_wait_is_said_with_its_reason(answers, reason, open_client, monkeypatch):
    """Whoever watches learns what is waited for while it is waited for, and once."""
    monkeypatch.setitem(BEHAVIOURS, "late", _late)
    said: list[str] = []
    policy = RetryPolicy(first=1.5, jitter=False)
    door = Door(pacing=Pacing(Clock()), retry_policy=policy, say=said.append)
    with serving(*answers) as service:
        open_client(door, service.url).get("/")

    about = [line for line in said if reason in line]
    assert len(about) == 1
    assert service.host in about[0]


def _late(handler: Any, answer: Answer, service: Service) -> None:
    service.released.wait(1.5)
    BEHAVIOURS["whole"](handler, answer, service)


@pytest.mark.usefixtures("impatient")
def test_many_that_wait_for_the_same_are_said_once(open_client):
    said: list[str] = []
    door = Door(pacing=Pacing(Clock()), say=said.append)
    with serving(Answer(429, headers=(("Retry-After", "2"),)), Answer()) as service:
        client = open_client(door, service.url)
        list(client.in_parallel([partial(client.get, "/") for _ in range(8)]))

    assert len([line for line in said if "rate limit" in line]) == 1
    assert "UTC" in said[0]


@pytest.mark.usefixtures("impatient")
def test_a_long_wait_is_logged_where_nobody_is_told(open_client, caplog):
    door = Door(pacing=Pacing(Clock()))
    with serving(Answer(429, headers=(("Retry-After", "1"),)), Answer()) as service:
        open_client(door, service.url).get("/")

    assert "waiting for its rate limit" in caplog.text


@pytest.mark.usefixtures("impatient")
def test_a_listener_that_fails_does_not_end_the_watch(open_client, caplog):
    def fail(_: str) -> None:
        raise RuntimeError("no terminal")

    with serving(Answer(429, headers=(("Retry-After", "1"),)), Answer()) as service:
        open_client(Door(pacing=Pacing(Clock()), say=fail), service.url).get("/")
    bounded = Door(pacing=Pacing(SettableClock()), retry_policy=ONCE, bounds=Bounds(seconds=0.5))
    with dripping(*DRIPS["head"]) as service, pytest.raises(ConnectionLost):
        open_client(bounded, service.url).get("/")

    assert "could not be said" in caplog.text


@pytest.mark.parametrize(
    "url",
    ["http://192.0.2.2:8080/api", "http://jira.acme.test", "http://127.0.0.1.acme.test", "http://0.0.0.0",
     "http://[2001:db8::1]/", "http://2130706433.test", "HTTP://Jira.Acme.Test"],
)  # fmt: skip
def test_a_credential_never_travels_in_clear_text_unless_that_is_accepted(url, open_client):
    """One door, one rule: whatever the connector."""
    with pytest.raises(ClearText) as refused:
        open_client(Door(), url)

    assert "insecure" in refused.value.remedy
    open_client(Door(clear_text=True), url)
    open_client(Door(), url.lower().replace("http:", "https:"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8:99", "localhost:8080", "[::1]:8080"])
def test_this_machine_needs_no_encryption(host, open_client):
    open_client(Door(), f"http://{host}/")
