"""(i) Receive: a company pushed, then mixed traffic, one member in large groups, and the memory of it all.

The service is a process of its own on a fresh SQLite ledger; four clients push side by side over HTTP. Then
25 requests a second of what identity providers send come for two minutes: lookups, lists, changes, members.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests

from ledger import Inbox

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SERVE = """
import sys
from ledger import Inbox
from receive import Connection, make_app
from receive.server import Server
server = Server(make_app(Inbox.open(sys.argv[1]), [Connection("idp", requests_per_minute=10_000_000)]))
print(server.address, flush=True)
server.run()
"""
CLIENTS = 4
AT_ONCE = 1_000
RATE, SECONDS = 25, 120
LARGE, SMALL = 35_000, 10


class Service:
    """A running service and what the kernel says of its process."""

    def __init__(self, folder: Path) -> None:
        ledger = f"sqlite:///{folder / 'seatwise.db'}"
        with Inbox.open(ledger) as inbox:
            self.token = inbox.make_token("idp", datetime.now(UTC))
        command = [sys.executable, "-c", SERVE, ledger]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.base = f"http://{self.process.stdout.readline().strip()}/idp/scim/v2"
        self._local = threading.local()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["Authorization"] = f"Bearer {self.token}"
        reply = session.request(method, self.base + path, json=body, timeout=60)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text[:200]}"
        return reply.json() if reply.content else None

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def megabytes(self) -> float:
        """The most memory it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def main(people: int = 100_000) -> dict[str, float]:
    """Print and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder))
        try:
            figures = measure(service, people)
        finally:
            service.stop()
    print(
        f"(i) receive: {people:,} users and {figures['memberships']:,.0f} memberships pushed at "
        f"{figures['users a second']:,.0f} users a second; {RATE} mixed requests a second: "
        f"p99 {figures['p99 ms']:.0f} ms (under 100), {figures['cpu share']:.0%} of a core; one member of "
        f"{LARGE:,}: {figures['large ms']:.1f} ms of CPU (under 10), of {SMALL}: {figures['small ms']:.1f}; "
        f"{figures['MB']:.0f} MB (under 300)"
    )
    return figures


def measure(service: Service, people: int) -> dict[str, float]:
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        bodies = map(person, range(people))
        ids = [made["id"] for made in pool.map(lambda body: service.send("POST", "/Users", body), bodies)]
    users = people / (time.perf_counter() - began)
    groups = [group(service, f"team-{number}") for number in range(50)]
    memberships = fill(service, groups, ids)
    large = group(service, "everyone")
    small = group(service, "few")
    add(service, large, [f"{number:036}" for number in range(LARGE)])
    add(service, small, ids[:SMALL])
    figures = {"large ms": one_member(service, large), "small ms": one_member(service, small)}
    times, share = traffic(service, ids, groups)
    return figures | {
        "memberships": float(memberships),
        "users a second": users,
        "p99 ms": 1000 * times[int(len(times) * 0.99)],
        "cpu share": share,
        "MB": service.megabytes(),
    }


def person(number: int) -> dict[str, Any]:
    return {
        "userName": f"p{number}@acme.test",
        "externalId": f"x{number}",
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "emails": [{"value": f"p{number}@acme.test", "type": "work", "primary": True}],
        "title": "Engineer",
        ENTERPRISE: {"department": f"D{number % 40}", "employeeNumber": str(number)},
    }


def group(service: Service, name: str) -> str:
    return str(service.send("POST", "/Groups", {"displayName": name})["id"])


def add(service: Service, key: str, ids: list[str]) -> None:
    for start in range(0, len(ids), AT_ONCE):
        value = [{"value": one} for one in ids[start : start + AT_ONCE]]
        service.send("PATCH", f"/Groups/{key}", operations("Add", value=value))


def fill(service: Service, groups: list[str], ids: list[str]) -> int:
    """Everybody in five groups."""
    size = len(ids) * 5 // len(groups)
    for number, key in enumerate(groups):
        start = number * len(ids) // len(groups)
        add(service, key, (ids[start:] + ids)[:size])
    return size * len(groups)


def operations(op: str, **rest: Any) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [{"op": op, "path": "members", **rest}]}


def one_member(service: Service, key: str, rounds: int = 200) -> float:
    """Milliseconds of the service's processor time for a member who joins, and who leaves."""
    before = service.cpu()
    for number in range(rounds // 2):
        value = [{"value": f"new-{number}"}]
        service.send("PATCH", f"/Groups/{key}", operations("Add", value=value))
        service.send("PATCH", f"/Groups/{key}", operations("Remove", value=value))
    return 1000 * (service.cpu() - before) / rounds


def traffic(service: Service, ids: list[str], groups: list[str]) -> tuple[list[float], float]:
    """Seconds each request took from the moment it was due, sorted, and the share of a core it all took."""
    calls, before, start = mixed(service, ids, groups), service.cpu(), time.perf_counter()

    def timed(number: int, call: Callable[[], Any]) -> float:
        due = start + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        call()
        return time.perf_counter() - due

    with ThreadPoolExecutor(16) as pool:
        times = sorted(pool.map(timed, range(RATE * SECONDS), calls))
    return times, (service.cpu() - before) / (time.perf_counter() - start)


def mixed(service: Service, ids: list[str], groups: list[str]) -> Iterator[Callable[[], Any]]:
    """What identity providers send: mostly lookups and members, now and then a list or a new user."""
    dice = random.Random(1)

    def look_up(number: int) -> Any:
        return service.send("GET", f'/Users?filter=userName eq "P{number}@acme.test"')

    def match(number: int) -> Any:
        return service.send("GET", f'/Users?filter=emails[type eq "work"].value eq "p{number}@acme.test"')

    def change(number: int) -> Any:
        body = {"Operations": [{"op": "Replace", "path": "title", "value": f"Title {dice.random()}"}]}
        return service.send("PATCH", f"/Users/{ids[number]}", body)

    def join(number: int) -> Any:
        value = [{"value": ids[number]}]
        return service.send("PATCH", f"/Groups/{dice.choice(groups)}", operations("Add", value=value))

    def read(number: int) -> Any:
        return service.send("GET", f"/Users/{ids[number]}")

    def page(number: int) -> Any:
        return service.send("GET", f"/Users?startIndex={number + 1}&count=100")

    chosen = [look_up] * 30 + [match] * 15 + [change] * 20 + [join] * 20 + [read] * 13 + [page] * 2
    for _ in range(RATE * SECONDS):
        yield partial(dice.choice(chosen), dice.randrange(len(ids)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
