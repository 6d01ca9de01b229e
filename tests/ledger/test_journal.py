"""Intents before writes, outcomes after: a crash at any instant loses nothing and repeats nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pandas as pd
import pytest

from ledger import Ledger, StoredPlan
from ledger.errors import AlreadyIntended, UnknownChange, UnknownPlan, UnknownRun
from provisioning.model.frames import Changes, columns

Make = Callable[..., pd.DataFrame]

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from ledger import Ledger
from sqlalchemy import event
url, run_id = sys.argv[1:]
ledger = Ledger.open(url)
ledger.intend(run_id, ["acme-c1"], "abc1", datetime.now(UTC))
kill = lambda _connection: os.kill(os.getpid(), signal.SIGKILL)
event.listen(ledger._engine, "commit", kill)
ledger.intend(run_id, ["acme-c2"], "abc1", datetime.now(UTC))
"""


@pytest.fixture
def changes(ledger: Ledger, run_id: str, now: datetime, make_changes: Make) -> pd.DataFrame:
    """The four changes of a stored plan, abc1."""
    made = make_changes(4)
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", [], now, made))
    return made


def test_an_intent_waits_for_its_outcome(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """Between intent and outcome a change is unsettled, whole and with its plan and run."""
    ledger.intend(run_id, ["acme-c0", "acme-c1"], "abc1", now)
    left = ledger.unsettled()
    ledger.record(run_id, "abc1", make_outcomes(changes[:1]))

    pd.testing.assert_frame_equal(changes[:2], left[columns(Changes)])
    assert [("abc1", run_id)] * 2 == list(left[["fingerprint", "run_id"]].itertuples(index=False, name=None))
    assert ledger.unsettled("acme")["change_id"].tolist() == ["acme-c1"]
    assert ledger.unsettled("other").empty


def test_outcomes_come_back_as_they_were_recorded(
    ledger: Ledger, run_id: str, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """A change that was skipped before its write has an outcome as well, and no intent."""
    told = make_outcomes(changes, status="stale", message="the account moved")
    ledger.record(run_id, "abc1", told)

    pd.testing.assert_frame_equal(told, ledger.outcomes("abc1"))
    assert ledger.unsettled().empty


def test_the_last_outcome_of_a_change_counts(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """A later run may find out more; what one run recorded can be asked for alone."""
    later = ledger.start_run("apply", now, policy="policy-1")
    ledger.record(run_id, "abc1", make_outcomes(changes[:2], status="propagating"))
    ledger.record(later, "abc1", make_outcomes(changes[1:3]))

    told = ledger.outcomes("abc")
    assert dict(told[["change_id", "status"]].itertuples(index=False, name=None)) == {
        "acme-c0": "propagating",
        "acme-c1": "applied",
        "acme-c2": "applied",
    }
    assert ledger.outcomes("abc1", [run_id])["change_id"].tolist() == ["acme-c0", "acme-c1"]


def test_outcomes_of_a_plan_nobody_applied_are_empty_and_typed(
    ledger: Ledger, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """No outcome is an empty frame, an unknown plan is an error."""
    found = ledger.outcomes("abc1")

    assert found.empty
    assert dict(make_outcomes(changes).dtypes) == dict(found.dtypes)
    with pytest.raises(UnknownPlan):
        ledger.outcomes("zzz")


def test_a_run_may_intend_again_what_it_has_not_settled(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """Twice intended before the outcome is once intended; after it, it is a new attempt."""
    ledger.intend(run_id, ["acme-c0", "acme-c0"], "abc1", now)
    ledger.intend(run_id, ["acme-c0", "acme-c1"], "abc1", now)
    assert ledger.unsettled()["change_id"].tolist() == ["acme-c0", "acme-c1"]
    ledger.record(run_id, "abc1", make_outcomes(changes[:2], status="failed"))
    ledger.intend(run_id, ["acme-c0"], "abc1", now)

    assert ledger.unsettled()["change_id"].tolist() == ["acme-c0"]


def test_two_runs_never_write_the_same_change_at_once(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """The second run is refused, nothing of its batch is intended, until the first has said how it ended."""
    later = ledger.start_run("apply", now, policy="policy-1")
    ledger.intend(run_id, ["acme-c1"], "abc1", now)

    with pytest.raises(AlreadyIntended, match=f"run {run_id} began 1 of these changes .* acme-c1"):
        ledger.intend(later, ["acme-c0", "acme-c1"], "abc1", now)
    assert ledger.unsettled()["change_id"].tolist() == ["acme-c1"]
    ledger.record(later, "abc1", make_outcomes(changes[1:2], message="found done"))
    ledger.intend(later, ["acme-c0", "acme-c1"], "abc1", now)


def test_only_what_a_plan_holds_can_be_intended_or_recorded(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """No write leaves without a plan that the ledger holds."""
    with pytest.raises(UnknownChange, match="only changes of a stored plan"):
        ledger.intend(run_id, ["acme-c0"], "abd2", now)
    with pytest.raises(UnknownChange):
        ledger.intend(run_id, ["acme-c0", "acme-c9"], "abc1", now)
    with pytest.raises(UnknownChange):
        ledger.record(run_id, "abc1", make_outcomes(changes.assign(change_id="c9")))
    with pytest.raises(UnknownRun):
        ledger.intend("nobody", ["acme-c0"], "abc1", now)

    assert ledger.unsettled().empty
    assert ledger.outcomes("abc1").empty


def test_a_kill_between_intent_and_outcome_loses_nothing(
    ledger: Ledger, url: str, run_id: str, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """The intent that returned is there; the one whose commit was cut off never was."""
    process = subprocess.run([sys.executable, "-c", KILLED, url, run_id], check=False)

    assert process.returncode == -signal.SIGKILL
    assert ledger.unsettled()["change_id"].tolist() == ["acme-c1"]
    ledger.record(run_id, "abc1", make_outcomes(changes[1:2]))
    assert ledger.unsettled().empty


def test_a_race_for_the_same_change_has_one_winner(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame
) -> None:
    """Of runs that begin the same change at the same instant exactly one may write it."""
    runs = [ledger.start_run("apply", now, policy="policy-1") for _ in range(4)]

    def begin(run: str) -> bool:
        try:
            ledger.intend(run, changes["change_id"].tolist(), "abc1", now)
        except AlreadyIntended:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(begin, runs))

    assert sum(won) == 1
    assert set(ledger.unsettled()["run_id"]) == {runs[won.index(True)]}


def test_a_change_belongs_to_the_run_that_made_it_whoever_found_out(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """The killed run can be taken back; the one that settled it has made nothing, nor has one that looked."""
    later = ledger.start_run("apply", now, policy="policy-1")
    ledger.intend(run_id, ["acme-c0", "acme-c1"], "abc1", now)
    ledger.record(later, "abc1", make_outcomes(changes[:2]))
    ledger.record(later, "abc1", make_outcomes(changes[2:3], message="it was so already"))
    ledger.record(run_id, "abc1", make_outcomes(changes[:1], status="propagating"))

    assert (ledger.written([run_id]), ledger.written([later])) == (["abc1"], [])
    mine = ledger.outcomes("abc1", intended_by=[run_id])
    assert dict(mine[["change_id", "status"]].itertuples(index=False, name=None)) == {
        "acme-c1": "applied",
        "acme-c0": "propagating",
    }
    assert ledger.outcomes("abc1", intended_by=[later]).empty


def test_what_is_written_together_is_kept_together(
    ledger: Ledger, run_id: str, now: datetime, changes: pd.DataFrame, make_outcomes: Make
) -> None:
    """An outcome without what it means for later runs would lose who made the account."""
    ledger.intend(run_id, ["acme-c0"], "abc1", now)

    def cut_off() -> None:
        with ledger.together():
            ledger.record(run_id, "abc1", make_outcomes(changes[:1]))
            ledger.own("acme", changes[:1].assign(account_id="a0", how="made"), now)
            assert len(ledger.owned("acme")) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_off()
    assert ledger.owned("acme").empty
    assert ledger.unsettled()["change_id"].tolist() == ["acme-c0"]


def end(ledger: Ledger, run_id: str, made: pd.DataFrame, action: str, fingerprint: str, at: datetime) -> None:
    """A run of one plan that does something to accounts."""
    plan = made.assign(action=action)
    ledger.store_plan(StoredPlan(fingerprint, "acme", run_id, "policy-1", [], at, plan))
    ledger.intend(run_id, plan["change_id"].tolist(), fingerprint, at)
    told = plan[["change_id", "account_id"]].assign(status="applied", message=None, at=at)
    ledger.record(run_id, fingerprint, told)


def test_whom_somebody_else_brought_back_is_ours_no_more_to_bring_back(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """Until Seatwise ends the account again; a read from before it was ended says nothing."""
    made, hour = make_changes(3)[1:], timedelta(hours=1)
    end(ledger, run_id, made, "suspend", "one", now)

    ledger.bring_back("acme", ["a1"], now - hour)
    assert ledger.ended("acme") == {"a1", "a2"}
    ledger.bring_back("acme", ["a1"], now + hour)
    assert ledger.ended("acme") == {"a2"}
    assert ledger.ended("other") == frozenset()
    end(ledger, run_id, made, "deactivate", "two", now + 2 * hour)
    assert ledger.ended("acme") == {"a1", "a2"}


@pytest.mark.parametrize("status", ["applied", "stale", "failed"])
def test_a_plan_is_carried_out_when_a_run_that_had_it_to_make_has_ended(
    ledger: Ledger, run_id: str, changes: pd.DataFrame, now: datetime, make_outcomes: Make, status: str
) -> None:
    """However they ended; neither a killed run, one that goes on, nor one that settled for another counts."""

    def carried_out(*others: str) -> datetime | None:
        return ledger.carried_out("abc1", others_than=others)

    ledger.intend(run_id, ["acme-c1"], "abc1", now)
    settling = ledger.start_run("sync", now, policy="policy-1")
    ledger.record(settling, "abc1", make_outcomes(changes[1:2]))
    ledger.finish_run(settling, now, verdict="done", exit_code=0, summary={})
    assert carried_out() is None
    ledger.finish_run(run_id, now, verdict="interrupted", exit_code=1, summary={})
    assert carried_out() is None
    ledger.record(settling, "abc1", make_outcomes(changes[2:3], status=status))
    assert carried_out() == now
    assert carried_out(settling) is None
