"""What a run goes on with when it is begun again, and what it plans afresh instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, complete
from tasks.consent import missing_approvals, rejection
from tasks.continuing import continue_plans, earlier_plans, left_to_write, with_earlier
from tasks.session import Session, open_session
from tests.tasks.test_consent import plan

FLOW_RUN = "5ef6b9fe-7cab-446b-96a2-f12eb5846365"


@pytest.fixture
def session(policy_file: Path):
    """The second attempt at a run of Prefect, whose first has come to a plan of three changes."""
    with open_session(policy_file) as session:
        yield session


@pytest.fixture
def stored(session: Session) -> StoredPlan:
    """The plan, as the first attempt left it to a person."""
    made = plan(session, changes=3, blocked_by=["a limit"])
    ledger, policy = session.ledger, session.policy.fingerprint()
    first, session.run_id = (
        ledger.start_run("sync", session.now + timedelta(seconds=n), policy=policy, flow_run=FLOW_RUN)
        for n in range(2)
    )
    stored = replace(made, run_id=first)
    ledger.store_plan(stored)
    ledger.finish_run(first, session.now, verdict="needs approval", exit_code=3, summary={})
    return stored


def outcomes(stored: StoredPlan, *ids: str, status: str = "applied") -> pd.DataFrame:
    told = pd.DataFrame({"change_id": ids, "account_id": None, "message": None}).assign(
        status=status, at=stored.created
    )
    return complete(Outcomes, told)


def write(session: Session, stored: StoredPlan, run_id: str, *ids: str, status: str = "applied") -> None:
    session.ledger.intend(run_id, ids, stored.fingerprint, session.now)
    session.ledger.record(run_id, stored.fingerprint, outcomes(stored, *ids, status=status))


def continued(session: Session) -> list[str]:
    continue_plans(session)
    return [one.fingerprint for one in session.state.plans]


def test_a_plan_that_waited_for_a_person_is_gone_on_with(session, stored):
    assert [one.fingerprint for one in earlier_plans(session)] == [stored.fingerprint]
    assert continued(session) == [stored.fingerprint]


def test_a_plan_nobody_waited_for_and_nothing_was_made_of_is_made_afresh(session, stored):
    session.ledger.finish_run(stored.run_id, session.now, verdict="error", exit_code=1, summary={})

    assert continued(session) == []


def test_a_plan_that_was_begun_is_gone_on_with_and_made_changes_stay(session, stored):
    """What failed is tried again; in the end all of it is told, the last word on each change."""
    write(session, stored, stored.run_id, "c0")
    write(session, stored, stored.run_id, "c1", status="failed")
    session.ledger.finish_run(stored.run_id, session.now, verdict="error", exit_code=1, summary={})

    assert continued(session) == [stored.fingerprint]
    left = left_to_write(session, stored)
    assert left.changes["change_id"].tolist() == ["c1", "c2"]
    assert left.fingerprint == stored.fingerprint
    told = with_earlier(session, stored, outcomes(stored, "c1", "c2"))
    assert dict(zip(told["change_id"], told["status"], strict=True)) == dict.fromkeys(
        ["c0", "c1", "c2"], "applied"
    )


def test_the_plan_of_another_policy_is_outdated(session, stored):
    session.policy = session.policy.model_copy(update={"version": 2})

    assert stored.policy_fingerprint != session.policy.fingerprint()
    assert continued(session) == []


def test_a_plan_whose_target_another_run_wrote_since_is_outdated(session, stored):
    other = session.ledger.start_run("apply", session.now, policy="p")
    write(session, stored, other, "c2")

    assert continued(session) == []


def test_a_plan_older_than_an_approval_counts_is_outdated(session, stored):
    session.clock_ahead += session.policy.approve.timeout + timedelta(minutes=1)

    assert stored.created < session.moment() - session.policy.approve.timeout
    assert continued(session) == []


def test_a_rejection_is_told_until_somebody_approves_or_it_is_old(session, stored):
    """While it counts the plan is not asked for again, and earlier approvals are void."""
    decide = session.ledger.approve
    decide(stored.fingerprint, by="ann", reason="read", at=session.now)
    decide(stored.fingerprint, by="bo", reason="the filter is wrong", at=session.now, decision="reject")

    assert rejection(session, stored) == f"bo rejected plan {stored.fingerprint[:12]}: the filter is wrong"
    assert missing_approvals(session, stored, blocked=True) == 1
    session.clock_ahead += timedelta(hours=25)
    assert rejection(session, stored) is None
    session.clock_ahead = timedelta(0)
    decide(stored.fingerprint, by="cy", reason="it is right", at=session.now)
    assert rejection(session, stored) is None
    assert missing_approvals(session, stored, blocked=True) == 0
