"""One run at a time writes a target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import TargetBusy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)


@pytest.fixture
def runs(ledger) -> tuple[str, str]:
    return tuple(ledger.start_run("apply", NOW, policy="p") for _ in range(2))


def test_a_second_run_is_refused_while_the_first_writes(ledger, runs):
    """It is told which run, and until when."""
    ledger.claim(runs[0], "acme", at=NOW, until=SOON)

    with pytest.raises(TargetBusy, match=runs[0]) as refused:
        ledger.claim(runs[1], "acme", at=NOW, until=SOON)

    assert "12:10:00" in refused.value.remedy


def test_other_targets_are_free(ledger, runs):
    ledger.claim(runs[0], "acme", at=NOW, until=SOON)

    ledger.claim(runs[1], "other", at=NOW, until=SOON)


def test_a_claim_is_renewed_released_and_runs_out(ledger, runs):
    """A run that was killed blocks nobody for long."""
    ledger.claim(runs[0], "acme", at=NOW, until=SOON)
    ledger.claim(runs[0], "acme", at=NOW, until=SOON + timedelta(minutes=5))
    with pytest.raises(TargetBusy):
        ledger.claim(runs[1], "acme", at=SOON, until=SOON + timedelta(minutes=9))

    ledger.release(runs[1], "acme")
    with pytest.raises(TargetBusy):
        ledger.claim(runs[1], "acme", at=SOON, until=SOON + timedelta(minutes=9))

    ledger.claim(runs[1], "acme", at=SOON + timedelta(minutes=5), until=SOON + timedelta(minutes=9))
    ledger.release(runs[1], "acme")
    ledger.claim(runs[0], "acme", at=SOON, until=SOON + timedelta(minutes=1))
