"""Many policies, two Prefect servers and workers, one PostgreSQL, one Redis: nobody is done twice."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import NamedTuple

import psycopg
import pytest

from sandbox.atlassian_export import face
from sandbox.kit.world import make_world
from tests.operations.commands import ask, seatwise, tell
from tests.servers import PREFECT, process, server_environment, start_server, until

pytestmark = pytest.mark.live

TENANTS = int(os.environ.get("TENANTS", "20"))
PEOPLE = int(os.environ.get("TENANT_PEOPLE", "5000"))
PATIENCE = 3000
TAKEN = re.compile(r"submitting flow run '([0-9a-f-]{36})'")
REFUSED = re.compile(r"Aborted submission of flow run '([0-9a-f-]{36})'")
POLICY = """\
version: 1
ledger: '{ledger}'
connections:
  people-{n}: {{kind: csv, path: {n}/people.csv}}
  export-{n}: {{kind: atlassian_export, path: {n}/export-users.csv}}
sources: [{{from: people-{n}}}]
targets: [{{to: export-{n}}}]
"""


class Site(NamedTuple):
    """Two servers on one database, as the workers and people of each meet them."""

    first: dict[str, str]
    second: dict[str, str]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[int]:
    """The port of a Redis of our own."""
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server on this machine: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "redis"
    folder.mkdir()
    with process(["redis-server", "--port", str(port), "--save", ""], folder, dict(os.environ)):
        yield port


@pytest.fixture
def databases() -> Iterator[str]:
    """The address of Debian's PostgreSQL, which has what a server asks for, with a place for the database."""
    if shutil.which("pg_virtualenv") is None:
        pytest.skip("there is no pg_virtualenv on this machine: apt-get install postgresql")
    # The cluster lives as long as the command in it, and that as long as nobody closes its input.
    told = "createdb prefect && createdb ledger && echo $PGUSER $PGPASSWORD $PGHOST $PGPORT && cat"
    command = ["pg_virtualenv", "-o", "max_connections=300", "sh", "-c", told]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as cluster:
        lines = (line.split() for line in cluster.stdout)
        user, password, host, port = next(words for words in lines if len(words) == 4 and words[3].isdigit())
        yield f"postgresql://{user}:{password}@{host}:{port}/{{}}"
        cluster.stdin.close()


@contextmanager
def two_servers(folder: Path, database: str, redis: int) -> Iterator[Site]:
    """Two servers that share a database and messages; the first one does the work in the background."""
    shared = {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.replace("postgresql://", "postgresql+asyncpg://"),
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
        "PREFECT_REDIS_MESSAGING_PORT": str(redis),
        "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{redis}/1",
    }
    with ExitStack() as running:
        both = []
        for name, options in (("first", ()), ("second", ("--no-services",))):
            (folder / name).mkdir()
            both.append(server_environment(folder / name) | shared)
            running.enter_context(start_server(folder / name, both[-1], *options))
        yield Site(*both)


def write_policies(folder: Path, ledger: str) -> dict[str, int]:
    """A policy for each tenant, of a company of its own: name → rows its people's file has."""
    rows = {}
    for n in range(TENANTS):
        own = folder / str(n)
        own.mkdir(parents=True)
        world = make_world(PEOPLE, n + 1)
        for style in ("groups", "people"):
            face.write(world, own, style=style)
        text = POLICY.format(n=n, ledger=ledger.replace("postgresql://", "postgresql+psycopg://"))
        (folder / f"tenant-{n}.yaml").write_text(text)
        with (own / "people.csv").open(newline="") as file:
            rows[f"tenant-{n}"] = sum(1 for _ in csv.reader(file)) - 1
    return rows


@pytest.mark.timeout(PATIENCE + 900)
def test_each_tenant_is_done_once_and_both_workers_help(tmp_path, databases, redis):
    """Deployed through one server; runs are started, in turn, through both."""
    home = tmp_path / "home"
    rows = write_policies(home / "policies", databases.format("ledger"))
    with two_servers(tmp_path, databases.format("prefect"), redis) as site, ExitStack() as working:
        assert seatwise(site.first, "deploy", "--policies", "policies", folder=home).returncode == 0
        logs = []
        for name, env in (("one", site.first), ("two", site.second)):
            (tmp_path / name).mkdir()
            worker = [*PREFECT, "worker", "start", "--pool", "seatwise", "--name", name, "--limit", "1"]
            at_home = env | {"SEATWISE_HOME": str(home)}
            working.enter_context(process(worker, tmp_path / name, at_home))
            logs.append(tmp_path / name / "process.log")
        started = {name: start(site[n % 2], name) for n, name in enumerate(rows)}
        runs = until(lambda: ended(site.second, len(rows)), "the end of all runs", PATIENCE)
        took = [taken(log) for log in logs]

    with psycopg.connect(databases.format("ledger")) as ledger:
        kept = ledger.execute("SELECT flow_run, verdict, config, summary FROM runs").fetchall()
    assert {run["id"]: run["run_count"] for run in runs} == dict.fromkeys(started.values(), 1)
    assert {run["state_type"] for run in runs} == {"COMPLETED"}
    assert sorted(flow_run for flow_run, *_ in kept) == sorted(started.values())
    assert not took[0] & took[1]
    assert all(took)
    assert took[0] | took[1] == set(started.values())
    read = {Path(config).stem: summary["identities"] for _, _, config, summary in kept}
    assert read == rows
    assert {verdict for _, verdict, *_ in kept} <= {"done", "changes planned", "done, rows not read"}


def start(env: dict[str, str], tenant: str) -> str:
    name = f"seatwise-reconcile-{tenant}"
    (found,) = ask(env, "deployments", deployments={"name": {"any_": [name]}})
    return str(tell(env, "POST", f"deployments/{found['id']}/create_flow_run", {})["id"])


def ended(env: dict[str, str], count: int) -> list[dict] | None:
    found = ask(env, "flow_runs", flow_runs={"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}})
    return found if len(found) == count else None


def taken(log: Path) -> set[str]:
    """The runs a worker took, by its own log."""
    text = log.read_text()
    return set(TAKEN.findall(text)) - set(REFUSED.findall(text))
