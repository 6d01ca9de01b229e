"""What the last reads said: of people who got something lately, and of who they were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ledger import Ledger, StoredPlan
from provisioning.model.frames import Changes, empty
from provisioning.model.snapshots import Memory
from tasks.memory import follow_people, recall_said
from tests.provisioning.worlds import NOW, account, identity, links, source, target

HOUR = timedelta(hours=1)
SAID = [("idp", "id-ann", ""), ("idp", "id-ann", "g-atl-jira")]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that knows one whole read, in which Ann and Bob are in a group."""
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as opened:
        run = opened.start_run("sync", NOW, policy="p")
        read = source([identity("ann"), identity("bob")], {"atl-jira": ["ann", "bob"]})
        frames = {"identities": read.identities, "memberships": read.memberships}
        opened.save_snapshot("idp", frames, complete=True, at=NOW, run_id=run)
        yield opened


def memory(**hours: int) -> Memory:
    """Everybody is linked; each was given something so many hours ago."""
    granted = pd.DataFrame(
        {
            "account_id": [f"acc-{name}" for name in hours],
            "entitlement_id": "e-jira-users",
            "at": pd.to_datetime([NOW - age * HOUR for age in hours.values()], utc=True),
        }
    )
    return Memory(links=links(*hours), granted=granted)


def said(ledger: Ledger, remembered: Memory, sources: list[str]) -> list[tuple[str, str, str]]:
    return sorted(recall_said(ledger, remembered, sources, NOW).itertuples(index=False, name=None))


def test_it_is_recalled_of_those_who_got_something_lately(ledger):
    assert said(ledger, memory(ann=1, bob=30), ["idp"]) == SAID
    assert said(ledger, memory(ann=30, bob=30), ["idp"]) == []


def test_a_source_that_is_not_asked_or_was_not_read_says_nothing(ledger):
    assert said(ledger, memory(ann=1), ["other"]) == []


def test_a_read_whose_files_are_lost_says_nothing(ledger, tmp_path):
    for file in tmp_path.rglob("*.parquet"):
        file.unlink()

    assert said(ledger, memory(ann=1), ["idp"]) == []


@pytest.mark.parametrize(
    ("listed", "complete", "lost", "expected"),
    [
        ("beth", True, False, "id-beth"),
        ("ann", True, False, "id-ann"),
        ("beth", False, False, "id-ann"),
        ("beth", True, True, "id-ann"),
    ],
)
def test_people_are_followed_to_the_identifier_they_go_by_now(
    ledger, tmp_path, listed, complete, lost, expected
):
    """By a whole read and what is kept of the one before it."""
    run = ledger.start_run("sync", NOW + HOUR, policy="p")
    before = {"identities": source([identity("ann", employee_number="7", given_name="Ann")]).identities}
    ledger.save_snapshot("idp", before, complete=True, at=NOW + HOUR, run_id=run)
    for file in tmp_path.rglob("*.parquet") if lost else ():
        file.unlink()
    now = source([identity(listed, employee_number="7", given_name="Ann")], complete=complete)

    followed = follow_people(ledger, Memory(links=links("ann")), {"idp": now}, target([account("ann")]), NOW)

    assert followed.links["source_id"].tolist() == [expected]


def test_a_target_that_was_away_follows_from_the_read_it_was_last_decided_by(ledger):
    """Newer reads were made while it was away, and a plan of some people alone decided of nobody else."""
    runs = [ledger.start_run("sync", NOW + hours * HOUR, policy="p") for hours in (1, 2, 3)]
    for hours, (run, name) in enumerate(zip(runs, ("ann", "beth", "beth"), strict=True), start=1):
        read = {"identities": source([identity(name, employee_number="7", given_name="Ann")]).identities}
        ledger.save_snapshot("idp", read, complete=True, at=NOW + hours * HOUR, run_id=run)
    for hours, fingerprint in ((1, "a" * 64), (3, "b" * 64)):
        at, some = NOW + hours * HOUR, hours == 3
        plan = StoredPlan(fingerprint, "cloud", runs[hours - 1], "p", [], at, empty(Changes), partial=some)
        ledger.store_plan(plan)
    now = source([identity("beth", employee_number="7", given_name="Ann")])

    followed = follow_people(ledger, Memory(links=links("ann")), {"idp": now}, target([account("ann")]), NOW)

    assert followed.links["source_id"].tolist() == ["id-beth"]
