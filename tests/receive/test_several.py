"""Two processes of the service before one PostgreSQL: what their clients write at once is never lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import local
from typing import Any

import psycopg
import pytest
import requests

from ledger import Inbox
from tests.receive.service import CORE, ENTERPRISE, GROUP, PATCH

SERVE = """
import sys
from ledger import Inbox
from receive import Connection, make_app
from receive.server import Server
server = Server(make_app(Inbox.open(sys.argv[1]), [Connection("idp")]))
print(server.address, flush=True)
server.run()
"""
CLIENTS, STEPS = 8, 6


class Clients:
    """Sends to the services in turns, each thread by a session of its own."""

    def __init__(self, addresses: list[str], token: str) -> None:
        self.addresses, self.token, self._of_thread = addresses, token, local()

    def send(self, turn: int, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        session: requests.Session = self._of_thread.__dict__.setdefault("session", requests.Session())
        return session.request(
            method,
            f"http://{self.addresses[turn % len(self.addresses)]}/idp/scim/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            timeout=30,
        )

    def patch(self, turn: int, path: str, op: str, of: str, value: Any, **headers: str) -> requests.Response:
        body = {"schemas": [PATCH], "Operations": [{"op": op, "path": of, "value": value}]}
        return self.send(turn, "PATCH", path, body, **headers)

    def side_by_side(self, work: Any) -> list[Any]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(work, range(CLIENTS)))


@contextmanager
def served(ledger: str) -> Iterator[str]:
    command = [sys.executable, "-c", SERVE, ledger]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module")
def clients(postgres: str) -> Iterator[Clients]:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("CREATE DATABASE receive_several")
    ledger = postgres.replace("postgresql://", "postgresql+psycopg://").replace(
        "/postgres?", "/receive_several?"
    )
    with Inbox.open(ledger) as inbox:
        token = inbox.make_token("idp", datetime.now(UTC))
    with ExitStack() as both:
        addresses = [both.enter_context(served(ledger)) for _ in range(2)]
        yield Clients(addresses, token)


def test_no_count_is_lost(clients: Clients) -> None:
    """Each client counts one up, of the version it has read, until it is not contradicted."""
    start = {"schemas": [CORE], "userName": "count@acme.test", ENTERPRISE: {"employeeNumber": "0"}}
    user = clients.send(0, "POST", "/Users", start).json()["id"]

    def count(client: int) -> int:
        contradicted = done = 0
        while done < STEPS:
            turn = client + done + contradicted
            seen = clients.send(turn, "GET", f"/Users/{user}")
            more = str(int(seen.json()[ENTERPRISE]["employeeNumber"]) + 1)
            where, version = f"{ENTERPRISE}:employeeNumber", {"If-Match": seen.headers["ETag"]}
            reply = clients.patch(turn + 1, f"/Users/{user}", "Replace", where, more, **version)
            assert reply.status_code in {200, 412}, reply.text
            contradicted, done = contradicted + (not reply.ok), done + reply.ok
        return contradicted

    contradicted = clients.side_by_side(count)

    assert clients.send(0, "GET", f"/Users/{user}").json()[ENTERPRISE] == {
        "employeeNumber": str(CLIENTS * STEPS)
    }
    assert sum(contradicted) > 0


def test_no_member_is_lost(clients: Clients) -> None:
    """All add to one group and take out every second one again, through the other process."""
    group = clients.send(0, "POST", "/Groups", {"schemas": [GROUP], "displayName": "crowd"}).json()["id"]

    def join(client: int) -> None:
        for step in range(STEPS):
            value = [{"value": f"{client}-{step}"}]
            assert clients.patch(client + step, f"/Groups/{group}", "Add", "members", value).ok
            if step % 2:
                assert clients.patch(client + step + 1, f"/Groups/{group}", "Remove", "members", value).ok

    clients.side_by_side(join)

    told = clients.send(1, "GET", f"/Groups/{group}").json()["members"]
    assert sorted(one["value"] for one in told) == sorted(
        f"{client}-{step}" for client in range(CLIENTS) for step in range(0, STEPS, 2)
    )


def test_a_name_is_borne_once(clients: Clients) -> None:
    """All make the same users and groups at once: each is made once, the others are told."""

    def make(client: int) -> list[int]:
        return [
            clients.send(
                client, "POST", path, {"schemas": [schema], name: f"same-{step}@acme.test"}
            ).status_code
            for step in range(STEPS)
            for path, schema, name in (("/Users", CORE, "userName"), ("/Groups", GROUP, "displayName"))
        ]

    answers = clients.side_by_side(make)

    for statuses in zip(*answers, strict=True):
        assert sorted(statuses) == [201, *[409] * (CLIENTS - 1)]
