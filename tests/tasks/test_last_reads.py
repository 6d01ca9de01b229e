"""Whom the last reads knew under another identifier, and whom they did not list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledger import Ledger, StoredPlan
from provisioning.model.frames import Changes, Rejects, empty
from provisioning.model.snapshots import Memory, SourceSnapshot
from tasks.last_reads import follow_people, recall_unlisted
from tests.provisioning.worlds import NOW, account, frame, identity, links, source, target

HOUR = timedelta(hours=1)
THERE = target([account("ann")])


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that knows nothing yet."""
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as opened:
        yield opened


def ann(name: str, **facts) -> dict:
    """Ann under one of her identifiers."""
    return identity(name, employee_number="7", given_name="Ann", **facts)


def keep(ledger: Ledger, hours: int, *people: dict, decided: bool = False, partial: bool = False) -> None:
    """A whole read so many hours after the beginning, and perhaps a plan made by it."""
    at = NOW + hours * HOUR
    run = ledger.start_run("sync", at, policy="p")
    ledger.save_snapshot("idp", {"identities": source(people).identities}, complete=True, at=at, run_id=run)
    if decided:
        plan = StoredPlan(f"{hours}" * 64, "cloud", run, "p", [], at, empty(Changes), partial=partial)
        ledger.store_plan(plan)


def followed(ledger: Ledger, memory: Memory, now: SourceSnapshot) -> list[str]:
    """How the linked go by now."""
    return follow_people(ledger, memory, {"idp": now}, THERE, NOW).links["source_id"].tolist()


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
    keep(ledger, 1, ann("ann"))
    for file in tmp_path.rglob("*.parquet") if lost else ():
        file.unlink()
    now = source([ann(listed)], complete=complete)

    assert followed(ledger, Memory(links=links("ann")), now) == [expected]


def test_a_target_that_was_away_follows_from_the_read_it_was_last_decided_by(ledger):
    """Newer reads were made while it was away, and a plan of some people alone decided of nobody else."""
    keep(ledger, 1, ann("ann"), decided=True)
    keep(ledger, 2, ann("beth"))
    keep(ledger, 3, ann("beth"), decided=True, partial=True)

    assert followed(ledger, Memory(links=links("ann")), source([ann("beth")])) == ["id-beth"]


@pytest.mark.parametrize("leavers", [{}, {"acc-ann": NOW + HOUR}])
def test_whom_the_last_read_did_not_list_either_is_followed_from_an_earlier_one(ledger, leavers):
    """They were missed for a day, as leavers, or held for a row that could not be read."""
    keep(ledger, 0, ann("ann"), decided=True)
    keep(ledger, 1, identity("eve"), decided=True)
    memory = Memory(links=links("ann"), leavers=leavers)
    now = source([ann("beth"), identity("eve")])

    assert followed(ledger, memory, now) == ["id-beth"]


def test_whom_the_last_read_did_not_list_either_is_told(ledger):
    """Of sources in which a row may be anybody's; of others nobody asks."""
    keep(ledger, 0, identity("bob"))
    row = frame(Rejects, [{"origin": "idp", "field": "row", "problem": "p", "remedy": "r"}])
    clear = source([identity("eve")])
    askew = replace(clear, rejects=row)
    memory = Memory(links=links("ann", "bob", "eve"))

    assert recall_unlisted(ledger, memory, {"idp": askew}).unlisted == {"idp": {"id-ann"}}
    assert recall_unlisted(ledger, memory, {"idp": clear}).unlisted == {}
