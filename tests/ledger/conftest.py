"""A ledger on each database, and frames to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from ledger import Ledger
from provisioning.model.frames import Changes, Links, Outcomes, complete

_number = count()


@pytest.fixture(scope="session")
def with_tables(postgres: str) -> str:
    """The name of a database that has the ledger's tables; a copy of it is made in a tenth of the time."""
    name = "ledger_with_tables"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    Ledger.open(_address(postgres, name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database of each kind; it is empty unless the test asks for a ledger in it, too."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'seatwise.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    copied = request.getfixturevalue("with_tables") if "ledger" in request.fixturenames else "template1"
    name = f"ledger_{next(_number)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {copied}")
    yield _address(server, name)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _address(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")


@pytest.fixture
def ledger(url: str, tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    with Ledger.open(url, folder=tmp_path / "snapshots") as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    """One moment for all."""
    return datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def run_id(ledger: Ledger, now: datetime) -> str:
    """A run that has started."""
    return ledger.start_run("sync", now, policy="policy-1")


@pytest.fixture
def make_changes() -> Callable[..., pd.DataFrame]:
    """Make a Changes frame of so many grants."""

    def make(number: int, target: str = "acme") -> pd.DataFrame:
        ids = pd.Series(range(number), dtype="int64").astype("str")
        return complete(
            Changes,
            pd.DataFrame(
                {
                    "change_id": f"{target}-c" + ids,
                    "position": range(number),
                    "target": target,
                    "action": "grant",
                    "account_id": ("a" + ids).mask(ids == "0"),
                    "subject": "p" + ids + "@acme.test",
                    "kind": "group",
                    "entitlement_id": "g1",
                    "entitlement": "jira-software-users",
                    "before": '{"groups": []}',
                    "after": '{"groups": ["jira-software-users"]}',
                    "reason": "is in atl-jira",
                    "rule": "map atl-jira",
                    "destructive": False,
                    "reversible": True,
                }
            ),
        )

    return make


@pytest.fixture
def make_outcomes(now: datetime) -> Callable[..., pd.DataFrame]:
    """Make an Outcomes frame for these changes."""

    def make(changes: pd.DataFrame, status: str = "applied", message: str | None = None) -> pd.DataFrame:
        told = changes[["change_id", "account_id"]].assign(status=status, message=message, at=now)
        return complete(Outcomes, told)

    return make


@pytest.fixture
def make_links() -> Callable[..., pd.DataFrame]:
    """Make a Links frame of account-identity pairs."""

    def make(*pairs: tuple[str, str], rule: str = "email", target: str = "acme") -> pd.DataFrame:
        made = pd.DataFrame(pairs, columns=["account_id", "source_id"])
        return complete(Links, made.assign(target=target, source="okta", rule=rule))

    return make
