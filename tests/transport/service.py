"""A real HTTP server on loopback whose answers a test writes, and a clock nobody waits for."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from transport.clock import Clock, is_stopped


class SettableClock(Clock):
    """Time passes only when somebody waits for it; then at once."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._lock = threading.Lock()
        self._start = now
        self._passed = 0.0
        self.waited: list[float] = []

    def monotonic(self) -> float:
        return self._passed

    def wall(self) -> float:
        return self._start + self._passed

    def wait_until(self, moment: float) -> None:
        with self._lock:
            if not is_stopped():
                self.waited.append(moment - self._passed)
                self._passed = max(self._passed, moment)


@dataclass
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    number: int


@dataclass
class Answer:
    """What to answer; `behave` names a way of not answering properly."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    behave: str = "whole"
    date: float | None = None

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Service:
    """The running server: its address and what it was asked."""

    def __init__(self, answer: Callable[[Asked], Answer], port: int = 0, *, listen: bool = True) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.peers: set[tuple[str, int]] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler(), bind_and_activate=False)
        self._server.server_bind()
        if listen:
            self.listen()
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.released = threading.Event()

    def listen(self) -> None:
        """Take connections from now on; until then they are refused."""
        self._server.server_activate()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, handler: BaseHTTPRequestHandler) -> Asked:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self._lock:
            headers = {name.lower(): value for name, value in handler.headers.items()}
            query = parse_qs(parts.query)
            asked = Asked(handler.command, parts.path, query, headers, body, len(self.asked) + 1)
            self.asked.append(asked)
            self.peers.add(handler.client_address)
        return asked

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                answer = service._answer(service.note(self))
                BEHAVIOURS[answer.behave](self, answer, service)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def _head(handler: BaseHTTPRequestHandler, answer: Answer, *framing: tuple[str, str]) -> None:
    handler.send_response_only(answer.status)
    if answer.date is not None:
        handler.send_header("Date", formatdate(answer.date, usegmt=True))
    names = {name.lower() for name, _ in answer.headers}
    if "content-type" not in names:
        handler.send_header("Content-Type", "application/json")
    for name, value in (*answer.headers, *framing):
        handler.send_header(name, value)
    handler.end_headers()


def _whole(handler: BaseHTTPRequestHandler, answer: Answer, _: Service) -> None:
    content = answer.content
    _head(handler, answer, ("Content-Length", str(len(content))))
    handler.wfile.write(content)


def _truncated(handler: BaseHTTPRequestHandler, answer: Answer, _: Service) -> None:
    content = answer.content
    _head(handler, answer, ("Content-Length", str(len(content))))
    handler.wfile.write(content[: len(content) // 2])
    handler.close_connection = True


def _chunk_cut(handler: BaseHTTPRequestHandler, answer: Answer, _: Service) -> None:
    content = answer.content
    _head(handler, answer, ("Transfer-Encoding", "chunked"))
    handler.wfile.write(f"{len(content):x}\r\n".encode() + content[: len(content) // 2])
    handler.close_connection = True


def _unframed_cut(handler: BaseHTTPRequestHandler, answer: Answer, _: Service) -> None:
    """Cut a body that ends with the connection: only its JSON can show it."""
    _head(handler, answer, ("Connection", "close"))
    handler.wfile.write(answer.content[:-3])
    handler.close_connection = True


def _reset(handler: BaseHTTPRequestHandler, _: Answer, __: Service) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    handler.wfile = _Nowhere()


def _silent(handler: BaseHTTPRequestHandler, _: Answer, service: Service) -> None:
    service.released.wait(30)
    handler.close_connection = True


class _Nowhere:
    """Where an answer goes after its connection is gone."""

    closed = True

    def flush(self) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Keep nothing."""


BEHAVIOURS = {
    "whole": _whole,
    "truncated": _truncated,
    "chunk_cut": _chunk_cut,
    "unframed_cut": _unframed_cut,
    "reset": _reset,
    "silent": _silent,
}


@contextmanager
def serving(*answers: Answer | Callable[[Asked], Answer]) -> Iterator[Service]:
    """Serve these answers in their order, the last one for ever."""

    def answer(asked: Asked) -> Answer:
        chosen = answers[min(asked.number, len(answers)) - 1]
        return chosen(asked) if callable(chosen) else chosen

    with Service(answer) as service:
        yield service


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
