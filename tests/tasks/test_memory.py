"""What the last reads said: of people who got something lately, and of who they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ledger import Ledger
from provisioning.model.snapshots import Memory, measure
from tasks.memory import SIZES, recall, recall_said
from tests.provisioning.worlds import NOW, identity, links, source

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
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


def test_a_file_is_compared_with_the_newest_that_was_read_also_where_that_was_held_back(ledger):
    """Of those read before the last complete one nothing counts: a person took an older file for right."""
    for days, whole in ((9, True), (2, True), (5, False), (4, False)):
        read = replace(source([identity("ann")]), as_of=NOW + days * DAY)
        measured = SIZES.dump_python(measure(read), mode="json", fallback=dict)
        frames = {"identities": read.identities}
        ledger.save_snapshot("hr", frames, complete=whole, at=NOW, run_id=None, measured=measured)

    assert recall(ledger, "cloud", ["hr", "idp", "other"]).written == {"hr": NOW + 5 * DAY}
