"""What the Prefect UI shows of how a run ended: colour, name, one sentence with numbers and the next step."""

from __future__ import annotations

import pandas as pd
import pytest
import requests
from prefect.client.schemas.objects import StateType

from tasks.ending import ENDINGS, summary_of
from tasks.session import open_session
from tasks.summary import EXIT_CODES
from tests.flows.test_crash import writes
from tests.flows.test_sync import applied, released

PLAN, OUTCOME = "seatwise-plan-policy-acme-cloud", "seatwise-outcome-policy-acme-cloud"


def artifacts(server: str, run_id: str) -> dict[str, dict]:
    """The newest artifact of each key that the server shows for a run, by key."""
    query = {"artifacts": {"flow_run_id": {"any_": [run_id]}}, "sort": "CREATED_DESC"}
    found = requests.post(f"{server}/artifacts/filter", json=query, timeout=10).json()
    return {artifact["key"]: artifact for artifact in reversed(found)}


def verdict(company) -> str | None:
    """How the ledger says that the last run ended."""
    with open_session(company.policy) as session:
        return session.ledger.runs(1)["verdict"].iloc[0]


def crash(server: str, run_id: str) -> None:
    """Take a run for crashed, as the automation does that closes silent runs."""
    crashed = {"state": {"type": "CRASHED", "name": "Crashed"}, "force": True}
    requests.post(f"{server}/flow_runs/{run_id}/set_state", json=crashed, timeout=10).raise_for_status()


def test_every_verdict_of_a_run_that_reaches_its_end_is_a_state():
    assert set(ENDINGS) == set(EXIT_CODES) - {"error"}


def test_green_is_said_of_nothing_that_waits_or_failed():
    green = {word for word, ending in ENDINGS.items() if ending.type == StateType.COMPLETED}

    assert {"needs approval", "done with failures"}.isdisjoint(green)


def test_a_plan_that_waits_for_a_person_is_a_state_of_its_own(company):
    """Neither green nor red; the sentence holds the numbers, why, the fingerprint and what to type."""
    state = company.end("sync")

    summary = summary_of(state)
    assert (state.type, state.name) == (StateType.CANCELLED, "Needs approval")
    assert f"{sum(summary['changes'].values()):,} changes planned" in state.message
    assert summary["blocked_by"][0] in state.message
    assert f"seatwise approve {summary['fingerprint'][:12]}" in state.message
    assert summary["verdict"] == verdict(company) == "needs approval"


def test_what_was_applied_and_what_is_in_step_are_completed(company):
    plan = released(company)
    done = company.end("apply", plan=plan["fingerprint"])
    again = company.end("sync")

    assert (done.name, again.name) == ("Completed", "Completed")
    assert done.message.startswith(f"{sum(plan['changes'].values())} changes applied: ")
    assert again.message.startswith("In step: ")


def test_a_plan_nobody_need_approve_is_planned(company):
    """The sentence says how it is applied."""
    applied(company)
    person = company.world.company.people[min(company.world.company.people)]
    company.world.company.leave(person.number, how="suspended")

    state = company.end("reconcile")

    assert (state.type, state.name) == (StateType.COMPLETED, "Planned")
    assert f"run seatwise-apply with plan {summary_of(state)['fingerprint'][:12]}" in state.message


def test_refused_writes_end_red_with_the_first_reason(company):
    plan = released(company)
    company.fault(path="/atlassian/users", method="PATCH", kind="status", status=403, times=1)

    state = company.end("apply", plan=plan["fingerprint"])

    total = sum(plan["changes"].values())
    assert (state.type, state.name) == (StateType.FAILED, "Done with failures")
    assert f"{total - 1} of {total} changes applied, 1 failed" in state.message
    assert "403" in state.message
    assert "the next run plans them again" in state.message


def test_a_run_whose_reading_back_fails_shows_what_it_wrote(company, server, monkeypatch):
    """Plan, outcomes and counts are those of the writes, though the run ends in an error."""
    from flows import apply as flow

    plan = released(company)
    requests.delete(f"{company.url}/_sandbox/requests", timeout=5)

    def fail(*_: object) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr(flow, "verify", fail)
    state = company.end("apply", plan=plan["fingerprint"])

    outcomes = pd.read_csv(company.out / "outcomes.csv")
    with open_session(company.policy) as session:
        run = session.ledger.run(session.ledger.runs(1)["run_id"].iloc[0])
    assert state.is_failed()
    assert "the network is gone" in state.message
    assert "--debug" in state.message
    assert sum(row["count"] for row in writes(company)) > 0
    assert run.summary["applied"] == len(outcomes) == sum(plan["changes"].values())
    assert run.summary["changes"] == plan["changes"]
    shown = artifacts(server, run.flow_run)
    assert {PLAN, OUTCOME} <= set(shown)


@pytest.mark.parametrize("flow", ["licences", "reconcile"])
def test_flows_tell_their_steps_in_the_log_of_the_run(company, flow, caplog):
    """Plain words with numbers, through Prefect's logger."""
    import logging

    from prefect.logging import get_logger

    for name in ("flow_runs", "task_runs"):
        get_logger(name).addHandler(caplog.handler)
        get_logger(name).setLevel(logging.INFO)
    try:
        summary = company.run(flow)
    finally:
        for name in ("flow_runs", "task_runs"):
            get_logger(name).removeHandler(caplog.handler)
            get_logger(name).setLevel(logging.CRITICAL)

    told = "\n".join(caplog.messages)
    assert f"okta-main: read {summary['identities']:,} identities" in told
    assert f"plan {summary['fingerprint'][:12]}" in told


def test_a_run_that_ended_unheard_is_shown_as_it_ended(company, server):
    """Killed after its last word to the ledger, it stands there as crashed until the next run begins."""
    ended = company.end("sync").state_details.flow_run_id
    crash(server, ended)

    company.end("reconcile")

    shown = requests.get(f"{server}/flow_runs/{ended}", timeout=10).json()["state"]
    assert (shown["type"], shown["name"]) == ("CANCELLED", "Needs approval")
    assert "changes to approve. Its process was gone before it could say so here" in shown["message"]


def test_a_run_that_was_killed_before_its_end_stays_crashed(company, server):
    ended = company.end("reconcile").state_details.flow_run_id
    with open_session(company.policy) as session:
        run = session.ledger.runs(1)["run_id"].iloc[0]
        session.ledger.finish_run(run, session.moment(), verdict="interrupted", exit_code=1, summary={})
    crash(server, ended)

    company.end("reconcile")

    assert requests.get(f"{server}/flow_runs/{ended}", timeout=10).json()["state"]["type"] == "CRASHED"
