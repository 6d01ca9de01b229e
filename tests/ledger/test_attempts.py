"""Several attempts at one run of Prefect: they count as one, and what one has done serves the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from ledger import Ledger, StoredPlan
from ledger.runs import INTERRUPTED

Make = Callable[..., pd.DataFrame]
FLOW_RUN = "5ef6b9fe-7cab-446b-96a2-f12eb5846365"


@pytest.fixture
def attempts(ledger: Ledger, now: datetime) -> list[str]:
    """Two attempts at one run of Prefect, an hour apart."""
    hours = (timedelta(0), timedelta(hours=1))
    return [ledger.start_run("sync", now + hour, policy="policy-1", flow_run=FLOW_RUN) for hour in hours]


@pytest.fixture
def changes(ledger: Ledger, attempts: list[str], now: datetime, make_changes: Make) -> pd.DataFrame:
    """The four changes of plan abc1, which the first attempt came to and left to a person."""
    made = make_changes(4)
    ledger.store_plan(StoredPlan("abc1", "acme", attempts[0], "policy-1", ["a limit"], now, made))
    return made


def test_attempts_are_found_by_each_other_and_by_the_run_of_prefect(
    ledger: Ledger, attempts: list[str], now: datetime
) -> None:
    """A run that Prefect does not know is alone."""
    alone = ledger.start_run("sync", now + timedelta(hours=2), policy="policy-1")

    assert ledger.attempts(attempts[0]) == ledger.attempts(attempts[1]) == attempts
    assert ledger.attempts_at(FLOW_RUN) == attempts
    assert ledger.attempts(alone) == [alone]


def test_outcomes_of_several_attempts_are_told_together(
    ledger: Ledger, attempts: list[str], changes: pd.DataFrame, now: datetime, make_outcomes: Make
) -> None:
    """The last word on each change counts, whichever attempt had it."""
    for run_id, rows, status in (
        (attempts[0], changes[:2], "failed"),
        (attempts[1], changes[1:3], "applied"),
    ):
        ledger.intend(run_id, rows["change_id"].tolist(), "abc1", now)
        ledger.record(run_id, "abc1", make_outcomes(rows, status=status))

    told = ledger.outcomes("abc1", attempts)
    assert dict(zip(told["change_id"], told["status"], strict=True)) == {
        "acme-c0": "failed",
        "acme-c1": "applied",
        "acme-c2": "applied",
    }
    assert ledger.written(attempts) == ["abc1"]
    assert ledger.begun(attempts[1]) == ["abc1"]


def test_what_was_not_sent_is_in_no_doubt(
    ledger: Ledger, attempts: list[str], changes: pd.DataFrame, now: datetime
) -> None:
    """Its intent is settled without an outcome; that of another change stays."""
    ledger.intend(attempts[0], changes["change_id"].tolist(), "abc1", now)

    ledger.withdraw(attempts[0], "abc1", ["acme-c1", "acme-c2", "acme-c3"])

    assert ledger.unsettled()["change_id"].tolist() == ["acme-c0"]
    assert ledger.outcomes("abc1").empty


def test_another_hand_in_a_target_is_noticed(
    ledger: Ledger, attempts: list[str], changes: pd.DataFrame, now: datetime, make_outcomes: Make
) -> None:
    """What a run made itself outdates nothing of its own, nor does what was made before."""
    ledger.intend(attempts[0], ["acme-c0"], "abc1", now)
    ledger.record(attempts[0], "abc1", make_outcomes(changes[:1]))

    assert ledger.wrote_since("acme", now, others_than=())
    assert not ledger.wrote_since("acme", now, others_than=attempts)
    assert not ledger.wrote_since("acme", now + timedelta(seconds=1), others_than=())
    assert not ledger.wrote_since("other", now, others_than=())


def test_a_killed_run_is_closed_once_and_frees_its_target(
    ledger: Ledger, attempts: list[str], now: datetime
) -> None:
    """One that has said itself how it ended is left alone."""
    first, second = attempts
    ledger.lease(second, "acme", at=now)
    ledger.finish_run(first, now, verdict="done", exit_code=0, summary={"applied": 1})

    assert not ledger.close_killed(first, now)
    assert ledger.close_killed(second, now)
    assert (ledger.run(first).verdict, ledger.run(second).verdict) == ("done", INTERRUPTED)
    other = ledger.start_run("apply", now + timedelta(hours=1), policy="policy-1")
    ledger.lease(other, "acme", at=now)


def test_a_rejection_takes_back_what_was_approved_before(
    ledger: Ledger, attempts: list[str], changes: pd.DataFrame, now: datetime
) -> None:
    """Everything decided is kept; only what was approved since the last rejection counts."""
    assert len(changes) == 4
    said = [("ann", "approve"), ("bo", "reject"), ("cy", "approve")]
    for minute, (by, decision) in enumerate(said):
        at = now + timedelta(minutes=minute)
        ledger.approve("abc1", by=by, reason="read", at=at, decision=decision)

    assert list(zip(*(ledger.decisions("abc1")[key] for key in ("by", "decision")), strict=True)) == said
    assert ledger.approvals("abc1")["by"].tolist() == ["cy"]
    assert ledger.last_approved("acme") == (attempts[0], now)


@pytest.mark.parametrize("part", [{"partial": True}, {"undoes": "r1"}])
def test_who_approves_a_plan_of_some_has_not_seen_what_the_others_lose(
    ledger: Ledger, attempts: list[str], now: datetime, make_changes: Make, part: dict[str, Any]
) -> None:
    plan = StoredPlan("abc1", "acme", attempts[0], "policy-1", ["a limit"], now, make_changes(1))
    ledger.store_plan(replace(plan, fingerprint="abc2", **part))
    ledger.approve("abc2", by="ann", reason="read", at=now)

    assert ledger.last_approved("acme") is None
    ledger.store_plan(plan)
    ledger.approve("abc1", by="ann", reason="read", at=now)
    assert ledger.last_approved("acme") == (attempts[0], now)


def test_runs_that_left_a_plan_to_a_person_are_found(
    ledger: Ledger, attempts: list[str], changes: pd.DataFrame, now: datetime
) -> None:
    ledger.finish_run(attempts[0], now, verdict="needs approval", exit_code=3, summary={})

    found = [(attempts[0], FLOW_RUN)]
    assert len(changes) == 4
    assert ledger.undecided("acme", since=now) == found
    assert ledger.undecided("acme", since=now, fingerprint="abc1") == found
    assert ledger.undecided("acme", since=now, fingerprint="other") == []
    assert ledger.undecided("acme", since=now + timedelta(seconds=1)) == []


def test_a_read_that_was_kept_early_is_no_measure_until_it_is_judged(
    ledger: Ledger, attempts: list[str], now: datetime
) -> None:
    """The next attempt finds it while it is fresh; later runs compare with it once it was decided from."""
    frame = pd.DataFrame({"email": ["ada@acme.test"]})
    ledger.save_snapshot("okta", {"identities": frame}, complete=False, at=now, run_id=attempts[0])
    found = ledger.read_by(attempts, "okta", since=now)

    assert ledger.last_complete("okta") is None
    assert found is not None
    pd.testing.assert_frame_equal(found.frame("identities"), frame)
    assert ledger.read_by(attempts, "okta", since=now + timedelta(seconds=1)) is None
    assert ledger.read_by(attempts[1:], "okta", since=now) is None

    ledger.judge_read(attempts[0], "okta", complete=True, measured={"people": 1})
    last = ledger.last_complete("okta")
    assert last is not None
    assert last.measured == {"people": 1}
