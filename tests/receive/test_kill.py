"""The service dies at every write, before or after it is durable, and the client's retry makes it whole."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from ledger import Inbox
from sandbox.company.company import Company
from sandbox.scim_push.client import Client

# Loads everything once, then forks a service for each line: one that dies with its so-manieth write, before
# it begins or when it is done and not yet answered. Tells the process, the address, and how it ended.
CRADLE = """
import os, sys
from itertools import count
from ledger import Inbox
from receive import Connection, make_app
from receive.server import Server

def serve(ledger, when, number):
    app, writes = make_app(Inbox.open(ledger), [Connection("idp")]), count(1)

    def mortal(environ, start):
        dies = environ["REQUEST_METHOD"] != "GET" and next(writes) == number
        if dies and when == "before":
            os._exit(9)
        answer = app(environ, start)
        if dies:
            os._exit(9)
        return answer

    server = Server(mortal)
    print(os.getpid(), server.address, flush=True)
    server.run()

for line in sys.stdin:
    ledger, when, number = line.split()
    if (child := os.fork()) == 0:
        serve(ledger, when, int(number))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Cradle:
    """Starts services, one after the other, each a process that may die."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", CRADLE]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._process.stdin
        assert self._process.stdout
        self._say, self._hear = self._process.stdin, self._process.stdout

    def start(self, ledger: str, when: str, number: int) -> str:
        """The address of a service."""
        self._say.write(f"{ledger} {when} {number}\n")
        pid, address = self._hear.readline().split()
        self._child = int(pid)
        return f"http://{address}/idp/scim/v2"

    def wait(self) -> int:
        """How the service ended."""
        return int(self._hear.readline())

    def kill(self) -> None:
        os.kill(self._child, signal.SIGTERM)
        assert self.wait() == -signal.SIGTERM

    def close(self) -> None:
        self._say.close()
        self._process.wait(20)
        self._hear.close()


@pytest.fixture(scope="module")
def cradle() -> Iterator[Cradle]:
    made = Cradle()
    yield made
    made.close()


@pytest.fixture
def company() -> Company:
    """A handful of people in two groups."""
    made = Company(5, 1, odd=False)
    made.groups = dict(list(made.groups.items())[:2])
    for number in list(made.people)[6:]:
        del made.people[number]
    people = list(made.people)
    for group, members in zip(made.groups.values(), (people[:3], people[1:]), strict=True):
        group.members = dict.fromkeys(members)
    return made


def kept(ledger: str) -> Any:
    """What is there, by names."""
    with Inbox.open(ledger) as inbox:
        pushed = inbox.read_pushed("idp")
    names = {user.id: user.body["userName"] for user in pushed.users}
    people = {names[user.id]: {**user.body, "manager": None} for user in pushed.users}
    for facts in people.values():
        for part in facts.values():
            if isinstance(part, dict) and "manager" in part:
                part["manager"] = names[part["manager"]["value"]]
    return people, {
        group.display_name: sorted(names[one] for one in group.members) for group in pushed.groups
    }


def push(client: Client, company: Company) -> bool:
    """Whether a cycle went to its end."""
    try:
        client.cycle(company)
    except requests.ConnectionError:
        return False
    return True


def cycles(company: Company) -> Iterator[Company]:
    """Two cycles: everybody, then with changes."""
    yield company
    first, second, *_ = company.people.values()
    first.title, second.state = "Captain", "suspended"
    for group in company.groups.values():
        group.members.pop(next(iter(group.members)))
    yield company


@pytest.mark.parametrize("dialect", ["okta", "entra"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_and_nothing_doubled(
    dialect: str, when: str, company: Company, cradle: Cradle, tmp_path: Path
) -> None:
    """Every write in its turn kills the service; the client looks up what it was not answered.

    Each service answers one write, which the one before it left open, and dies with the next.
    """
    calm, rough = (f"sqlite:///{tmp_path / name}.db" for name in ("calm", "rough"))
    wanted, _ = live(cradle, calm, dialect, copy.deepcopy(company), when, 0)
    found, deaths = live(cradle, rough, dialect, company, when, 2)

    assert found == wanted
    assert deaths > 7


def live(
    cradle: Cradle, ledger: str, dialect: str, company: Company, when: str, number: int
) -> tuple[Any, int]:
    """Push two cycles to services that die; what is kept, and how many died."""
    with Inbox.open(ledger) as inbox:
        token = inbox.make_token("idp", datetime.now(UTC))
    deaths = 0
    client = Client(dialect, cradle.start(ledger, when, number), token)
    for state in cycles(company):
        while not push(client, state):
            assert cradle.wait() == 9
            deaths += 1
            client = Client(dialect, cradle.start(ledger, when, number), token, client.pushed)
        assert client.pushed.refused == []
    cradle.kill()
    return kept(ledger), deaths
