"""Snapshots come back as they were, are stored once, and say so when they cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ledger import Ledger
from ledger.errors import SnapshotDamaged, UnknownRun, UnknownSnapshot
from provisioning.model import frames

MODELS = [
    frames.Identities,
    frames.Memberships,
    frames.Accounts,
    frames.Assignments,
    frames.Entitlements,
    frames.Seats,
]


@pytest.fixture
def accounts(now: datetime) -> pd.DataFrame:
    """Two accounts, one of which little is known of."""
    known = {"target": "acme", "account_id": "a1", "state": "active", "kind": "person", "caller": False}
    more = {"email": "ada@acme.test", "managed": True, "added_on": now}
    return frames.complete(frames.Accounts, pd.DataFrame([known | more, known | {"account_id": "a2"}]))


def _files(ledger: Ledger) -> list[Path]:
    return [path for path in ledger._frame_files.folder.rglob("*") if path.is_file()]


def test_all_types_survive(ledger: Ledger, now: datetime, accounts: pd.DataFrame) -> None:
    """Text, times, nullable truth values and numbers, and exact amounts come back as they were."""
    capacity = pd.DataFrame({"target": ["acme"] * 2, "product": ["jira"] * 2, "site": ["acme"] * 2})
    capacity = capacity.assign(
        seats=pd.array([100, None], dtype="Int64"), used=pd.array([7, 8], dtype="Int64")
    )
    saved = {
        "accounts": accounts,
        "capacity": frames.Capacity.validate(capacity),
        "amounts": pd.DataFrame({"amount": [Decimal("12.50"), Decimal("0.05"), None]}),
        **{model.__name__: frames.empty(model) for model in MODELS},
    }
    ledger.save_snapshot("acme", saved, complete=True, at=now, run_id=None)
    snapshot = ledger.last_complete("acme")

    assert snapshot is not None
    found = snapshot.frames()
    assert set(saved) == set(found)
    for name, frame in saved.items():
        pd.testing.assert_frame_equal(frame, found[name])


def test_a_snapshot_is_known_before_it_is_loaded(
    ledger: Ledger, run_id: str, now: datetime, accounts: pd.DataFrame
) -> None:
    """Sizes and time come from the catalogue alone, even when the files are gone."""
    digest = ledger.save_snapshot("acme", {"accounts": accounts}, complete=True, at=now, run_id=run_id)
    for path in _files(ledger):
        path.unlink()
    found = ledger.last_complete("acme")

    assert found is not None
    assert (digest, now, {"accounts": 2}, run_id) == (found.digest, found.taken_at, found.sizes, found.run_id)


def test_equal_content_is_stored_once_and_catalogued_each_time(
    ledger: Ledger, now: datetime, accounts: pd.DataFrame
) -> None:
    """A directory that did not move costs a line a day, not a file."""
    first = ledger.save_snapshot("acme", {"accounts": accounts}, complete=True, at=now, run_id=None)
    second = ledger.save_snapshot(
        "acme", {"accounts": accounts.copy()}, complete=True, at=now + timedelta(days=1), run_id=None
    )
    third = ledger.save_snapshot("acme", {"accounts": accounts[:1]}, complete=True, at=now, run_id=None)

    assert first == second != third
    assert len(_files(ledger)) == 2
    assert [third, second, first] == ledger.snapshots("acme")["digest"].tolist()
    assert ledger.snapshots("other").empty


def test_only_complete_reads_count(ledger: Ledger, now: datetime, accounts: pd.DataFrame) -> None:
    """A read that broke off is kept and never compared with."""
    assert ledger.last_complete("acme") is None
    whole = ledger.save_snapshot("acme", {"accounts": accounts}, complete=True, at=now, run_id=None)
    ledger.save_snapshot("acme", {"accounts": accounts[:1]}, complete=False, at=now, run_id=None)
    found = ledger.last_complete("acme")

    assert found is not None
    assert whole == found.digest
    assert ledger.last_complete("other") is None


def test_the_read_before_a_read_is_found(ledger: Ledger, now: datetime, accounts: pd.DataFrame) -> None:
    """Also when both have the same content."""
    first = ledger.save_snapshot("acme", {"accounts": accounts}, complete=True, at=now, run_id=None)
    assert ledger.last_complete("acme", before=first) is None
    later = now + timedelta(days=1)
    ledger.save_snapshot("acme", {"accounts": accounts}, complete=True, at=later, run_id=None)
    found = ledger.last_complete("acme", before=first)

    assert found is not None
    assert now == found.taken_at
    with pytest.raises(UnknownSnapshot):
        ledger.last_complete("acme", before="0000")


def test_an_altered_or_absent_file_is_told_with_its_remedy(
    ledger: Ledger, now: datetime, accounts: pd.DataFrame
) -> None:
    """Nothing is decided on a damaged memory; saving the content again heals it."""
    saved = {"accounts": accounts}
    ledger.save_snapshot("acme", saved, complete=True, at=now, run_id=None)
    found = ledger.last_complete("acme")
    assert found is not None
    (path,) = _files(ledger)

    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        SnapshotDamaged, match=r"accounts read from acme .* was altered\. .*seatwise reconcile"
    ):
        found.frames()
    path.unlink()
    with pytest.raises(SnapshotDamaged, match="is absent"):
        found.frame("accounts")
    ledger.save_snapshot("acme", saved, complete=True, at=now, run_id=None)
    pd.testing.assert_frame_equal(accounts, found.frame("accounts"))


def test_a_save_that_breaks_off_leaves_no_file(ledger: Ledger, now: datetime) -> None:
    """Half a file never bears a digest, nor is it catalogued."""
    unfit = pd.DataFrame({"value": ["text", 1.5, {"a": 1}]}, dtype=object)
    with pytest.raises(Exception, match=r"(?i)convert|expected"):
        ledger.save_snapshot("acme", {"accounts": unfit}, complete=True, at=now, run_id=None)

    assert _files(ledger) == []
    assert ledger.snapshots().empty


def test_the_first_whole_read_of_some_time_is_found(ledger: Ledger, now: datetime) -> None:
    hour = timedelta(hours=1)
    for hours, whole in ((0, True), (1, False), (2, True), (3, True)):
        frame = pd.DataFrame({"email": [f"p{hours}@acme.test"]})
        ledger.save_snapshot("okta", {"people": frame}, complete=whole, at=now + hours * hour, run_id=None)

    found = [ledger.first_complete("okta", since=now + hours * hour) for hours in (0, 1, 3, 4)]
    assert [one and one.taken_at for one in found] == [now, now + 2 * hour, now + 3 * hour, None]
    assert ledger.first_complete("other", since=now) is None


def test_a_snapshot_names_a_run_that_is_known(ledger: Ledger, accounts: pd.DataFrame) -> None:
    """A read belongs to a run of this ledger, or to none."""
    with pytest.raises(UnknownRun):
        ledger.save_snapshot(
            "acme",
            {"accounts": accounts},
            complete=True,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            run_id="nobody",
        )


def test_what_a_report_read_is_whole_for_reports_and_no_measure_also_when_its_plan_is_approved(ledger, now):
    run = ledger.start_run("licences", now, policy="p")
    ledger.save_snapshot("acme", {"people": pd.DataFrame({"a": ["1"]})}, complete=False, at=now, run_id=run)

    ledger.accept(run)

    assert ledger.last_complete("acme") is None
    assert ledger.last_shown("acme", now).complete
    assert ledger.last_shown("acme", now - timedelta(seconds=1)) is None
