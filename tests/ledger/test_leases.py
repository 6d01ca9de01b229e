"""One run at a time writes a target, and a killed one blocks nobody for longer than a minute."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import ClockWentBack, RunClosed, TargetBusy
from ledger.runs import SILENCE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def runs(ledger) -> tuple[str, str]:
    return tuple(ledger.start_run("apply", NOW, policy="p") for _ in range(2))


def test_a_second_run_is_refused_while_the_first_writes(ledger, runs):
    """It is told who writes, where, until when on which day, and how to go on at once."""
    ledger.lease(runs[0], "acme", at=NOW)

    with pytest.raises(TargetBusy, match=runs[0]) as refused:
        ledger.lease(runs[1], "acme", at=NOW)

    assert f"on {socket.gethostname()}, process {os.getpid()}" in refused.value.message
    assert "2026-03-01 12:00:45 UTC" in refused.value.remedy
    assert "`seatwise release acme`" in refused.value.remedy


def test_other_targets_are_free(ledger, runs):
    ledger.lease(runs[0], "acme", at=NOW)

    ledger.lease(runs[1], "other", at=NOW)


def test_a_lease_lasts_while_its_run_says_that_it_is_there(ledger, runs):
    """However long one batch takes; and a minute after the last word the target is free."""
    ledger.lease(runs[0], "acme", at=NOW)
    later = NOW + timedelta(hours=3)
    ledger.beat(runs[0], later)

    with pytest.raises(TargetBusy):
        ledger.lease(runs[1], "acme", at=later + SILENCE - timedelta(seconds=1))
    ledger.lease(runs[1], "acme", at=later + MINUTE)


def test_only_the_holder_gives_a_target_back(ledger, runs):
    ledger.lease(runs[0], "acme", at=NOW)

    ledger.release(runs[1], "acme")
    with pytest.raises(TargetBusy):
        ledger.lease(runs[1], "acme", at=NOW)
    ledger.release(runs[0], "acme")

    ledger.lease(runs[1], "acme", at=NOW)


def test_a_target_released_by_hand_is_free_and_its_run_writes_no_more(ledger, runs):
    """Who was only slow learns it before the next batch."""
    ledger.lease(runs[0], "acme", at=NOW)

    holder = ledger.release_by_hand("acme", at=NOW)

    assert holder is not None
    assert holder.run_id == runs[0]
    assert ledger.release_by_hand("acme", at=NOW) is None
    with pytest.raises(RunClosed, match=runs[0]):
        ledger.lease(runs[0], "acme", at=NOW)
    ledger.lease(runs[1], "acme", at=NOW)


def test_silent_runs_are_closed_as_interrupted(ledger, runs):
    """With the time they were last heard of; those at work and those that ended stay as they are."""
    third = ledger.start_run("reconcile", NOW, policy="p")
    ledger.finish_run(third, NOW, verdict="done", exit_code=0, summary={})
    ledger.lease(runs[0], "acme", at=NOW)
    ledger.beat(runs[1], NOW + MINUTE)

    closed = ledger.close_interrupted(NOW + MINUTE)

    assert closed == [runs[0]]
    found = ledger.run(runs[0])
    assert (found.verdict, found.exit_code, found.finished_at) == ("interrupted", 1, NOW)
    assert ledger.run(runs[1]).verdict is None
    assert ledger.run(third).verdict == "done"
    ledger.lease(runs[1], "acme", at=NOW + MINUTE)


def test_a_clock_that_went_back_begins_no_run(ledger, runs):
    """Days since a departure are counted by it; a second of difference between machines is none."""
    ledger.start_run("sync", NOW - timedelta(seconds=30), policy="p")

    with pytest.raises(ClockWentBack, match="2026-03-01 12:00 UTC"):
        ledger.start_run("sync", NOW - timedelta(days=365), policy="p")


def test_the_clock_is_aware(ledger):
    """That of the database or of this machine, whichever several machines share."""
    assert abs(ledger.clock() - datetime.now(UTC)) < timedelta(minutes=5)
