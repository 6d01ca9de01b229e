"""The main job from end to end: plan, read, apply, read back, plan again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import requests


def released(company) -> dict:
    """Plan, and release the plan as a person would who has read it."""
    from flows.cli.history import approve_plan

    planned = company.run("reconcile")
    approve_plan(company.policy, planned["fingerprint"], by="tester", reason="read")
    return planned


def applied(company) -> dict:
    """Plan, release, apply."""
    return company.run("apply", plan=released(company)["fingerprint"])


def test_reconcile_plans_and_writes_nothing(company):
    """The plan is there to be read, in files and in the ledger; the target has seen no write."""
    summary = company.run("reconcile")

    plan = pd.read_csv(company.out / "plan.csv")
    assert len(plan) == sum(summary["changes"].values()) > 0
    assert plan["reason"].str.len().gt(0).all()
    assert {"create", "grant", "revoke"} <= set(plan["action"])
    assert all(host["write"] == 0 for host in summary["requests"].values())
    assert json.loads((company.out / "summary.json").read_text())["run_id"] == summary["run_id"]


def test_the_first_plan_that_takes_something_away_needs_approval(company):
    """Sync leaves it to a person and says so by its exit code."""
    summary = company.run("sync")

    assert summary["exit_code"] == 3
    assert summary["verdict"] == "needs approval"
    assert summary["blocked_by"]
    assert summary["applied"] == 0


def test_the_report_of_a_sync_shows_the_company_after_it(company):
    """What leavers held is gone from it, and it says what the run freed; a minute later nothing differs."""
    applied(company)
    people = requests.get(f"{company.url}/_sandbox/people", timeout=10).json()
    for person in [one for one in people if one["state"] == "active"][:4]:
        gone = {"do": "leave", "email": person["email"], "how": "departed"}
        requests.post(f"{company.url}/_sandbox/people", json=gone, timeout=10)
    summary = company.run("sync")
    truth = requests.get(f"{company.url}/_sandbox/state", timeout=10).json()["atlassian"]["seats"]
    run = summary["realised"]

    assert summary["applied"] > 0
    assert summary["seats"] == {product: count for product, count in truth.items() if count}
    assert run["freed"] > 0
    assert run["after"] == run["before"] - run["freed"] + run["added"] == sum(truth.values())
    assert "What this run changed" in (company.out / "licences.html").read_text()
    assert company.run("licences")["waste"] == summary["waste"]


def test_an_applied_plan_leaves_nothing_to_do(company):
    """What was planned is done, shows when read back, and is not planned again."""
    summary = applied(company)

    assert summary["exit_code"] == 0
    assert summary["residual"] == 0
    assert summary["applied"] == sum(summary["changes"].values()) > 0

    again = company.run("sync")
    assert again["exit_code"] == 0
    assert again["changes"] == {}


def test_k_changes_cost_at_most_k_writes(company):
    """One invitation carries its groups; nothing is written twice."""
    summary = applied(company)

    (host,) = summary["requests"].values()
    assert 0 < host["write"] <= summary["applied"]
    assert host["retried"] == 0


def test_a_plan_of_another_policy_is_refused(company):
    """The plan that was read belongs to the policy that was read."""
    from tasks.consent import NotReleased

    planned = company.run("reconcile")
    company.rewrite("revoke_seats}", "suspend}")

    with pytest.raises(NotReleased, match="another policy"):
        company.run("apply", plan=planned["fingerprint"])


def test_an_account_that_moved_since_the_plan_is_stale(company):
    """Somebody else was quicker: the change is skipped and said, the others are made."""
    planned = released(company)
    plan = pd.read_csv(company.out / "plan.csv")
    renamed = plan[plan["action"] == "update"].iloc[0]
    company.rename_account(renamed["account_id"], "Somebody Else")

    summary = company.run("apply", plan=planned["fingerprint"])

    outcomes = pd.read_csv(company.out / "outcomes.csv").set_index("change_id")
    assert outcomes.loc[renamed["change_id"], "status"] == "stale"
    assert summary["stale"] == 1
    assert summary["exit_code"] == 4


def test_undo_restores_what_can_be_restored(company):
    """The inverse plan brings the groups back that a run took."""
    from flows.cli.history import approve_plan

    done = applied(company)
    revoked = pd.read_csv(company.out / "plan.csv").query("action == 'revoke'")

    back = company.run("undo", run_id=done["run_id"])
    approve_plan(company.policy, back["fingerprint"], by="tester", reason="taken back")
    summary = company.run("apply", plan=back["fingerprint"])

    granted = pd.read_csv(company.out / "plan.csv").query("action == 'grant'")
    assert summary["failed"] == 0
    assert set(zip(revoked["account_id"], revoked["entitlement_id"], strict=True)) == set(
        zip(granted["account_id"], granted["entitlement_id"], strict=True)
    )


@pytest.mark.live
def test_missing_groups_are_made_and_filled_by_the_next_run(company):
    """The first run makes the groups people should hold, the next one puts them in, then nothing is left."""
    company.rewrite("may_add: ['*']", "may_add: ['*']\n      same_name: true\n      create_missing: true")

    first = applied(company)
    made = pd.read_csv(company.out / "plan.csv").query("action == 'create_group'")
    then = company.run("sync")
    filled = pd.read_csv(company.out / "plan.csv")
    last = company.run("sync")

    assert (first["exit_code"], first["residual"]) == (0, 0)
    assert len(made) == first["changes"]["create_group"] > 0
    assert (then["exit_code"], set(then["changes"])) == (0, {"grant"})
    assert set(filled["entitlement"]) == set(made["entitlement"])
    assert last["changes"] == {}


def test_a_rehearsal_leaves_no_trace(company):
    """Neither a date ahead, nor a few people, nor a report changes what the next run decides."""
    from tasks.session import open_session

    def kept() -> list[str]:
        with open_session(company.policy) as session:
            ledger, target = session.ledger, session.target_names[0]
            tables = [ledger.links(target), ledger.leavers(target), ledger.taken(target), ledger.snapshots()]
            return [table.to_json(date_format="iso") for table in tables]

    first = company.run("reconcile")
    before = kept()
    someone = pd.read_csv(company.out / "plan.csv")["subject"].iloc[0]
    ahead = company.run("reconcile", as_of=datetime.now(UTC) + timedelta(days=365))
    company.run("reconcile", only=[someone])
    company.run("licences", as_of=datetime.now(UTC) + timedelta(days=30))

    assert kept() == before
    assert company.run("reconcile", full=True)["fingerprint"] == first["fingerprint"]
    assert ahead["waiting"] == {}


def test_a_day_that_is_past_is_told_from_what_was_read_then(company):
    """Before the first read there is nothing to tell."""
    from tasks.past import NothingRead

    with pytest.raises(NothingRead):
        company.run("licences", as_of=datetime.now(UTC) - timedelta(days=1))


def test_what_some_people_got_is_no_look_at_the_policy(company):
    """The first plan of everything still waits for a person."""
    from tasks.session import open_session

    company.run("reconcile")
    plan = pd.read_csv(company.out / "plan.csv")
    someone = plan.loc[plan["action"] == "create", "subject"].iloc[0]

    summary = company.run("sync", only=[someone])

    with open_session(company.policy) as session:
        assert session.ledger.applied_policy("acme-cloud") is None
    assert summary["applied"] > 0
    assert company.run("sync")["exit_code"] == 3
