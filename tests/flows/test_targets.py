"""Several targets in one run: each has its own verdict, and one that is down does not stop the others."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import requests

from flows.cli.explain import explain_person
from flows.cli.history import approve_plan
from flows.cli.summary_lines import describe_summary

TARGETS = ["acme-cloud", "legacy-jira", "crowd"]


@pytest.fixture
def several(company):
    """The same people in the Cloud and in two Data Center targets, from one policy file."""
    from sandbox import policy

    policy.write(company.policy.parent, company.url, 120, targets=TARGETS)
    company.rewrite("share: 25%", "share: 60%")
    return company


@pytest.fixture(autouse=True)
def impatient():
    """Retries as usual, waits as never."""
    from transport.clock import no_waiting

    with no_waiting():
        yield


def release(several) -> dict:
    planned = several.run("reconcile")
    for fingerprint in planned["fingerprints"].values():
        approve_plan(several.policy, fingerprint, by="tester", reason="read")
    return planned


def die(several, path: str, *, after: int) -> None:
    """The server behind that path answers so many more requests, then cuts every connection."""
    several.fault(path=path, skip=after, times=0, kind="reset")


def test_one_policy_brings_all_targets_in_step(several):
    """Residual 0 everywhere, and nothing is planned again anywhere."""
    release(several)

    summary = several.run("sync")
    again = several.run("sync")

    plan = pd.read_csv(several.out / "plan.csv")
    assert summary["exit_code"] == 0
    assert summary["residual"] == 0
    assert set(summary["fingerprints"]) == set(TARGETS)
    assert again["exit_code"] == 0
    assert again["changes"] == {}
    assert plan.empty


def test_what_needs_approval_and_what_is_noted_names_its_target(several):
    summary = several.run("reconcile")

    lines = describe_summary(summary)
    remarks = [line.split()[:2] for line in lines if line.startswith(("  approval", "  note"))]
    assert {target.rstrip(":") for _, target in remarks} == set(TARGETS)
    assert {word for word, _ in remarks} == {"approval", "note"}


@pytest.mark.live
def test_the_advice_names_the_plans_that_wait_and_no_other(several):
    planned = several.run("reconcile")
    approve_plan(several.policy, planned["fingerprints"]["acme-cloud"], by="tester", reason="read")

    summary = several.run("sync")

    advice = [line for line in describe_summary(summary) if line.startswith("  seatwise")]
    plan = summary["fingerprints"]["legacy-jira"][:12]
    assert summary["exit_code"] == 3
    assert advice == [f"  seatwise approve {plan}    # legacy-jira", f"  seatwise apply {plan}"]


def test_a_target_that_dies_in_the_middle_leaves_the_others_done(several):
    """Exit code 4 names it; the next run finishes the rest."""
    release(several)
    die(several, "/jira", after=60)

    summary = several.run("sync")

    outcomes = pd.read_csv(several.out / "outcomes.csv")
    planned = pd.read_csv(several.out / "plan.csv")
    changes = planned["target"].value_counts()
    plan = planned.merge(outcomes, on="change_id")
    others = plan[plan["target"] != "legacy-jira"]
    assert summary["exit_code"] == 4
    assert list(summary["targets_failed"]) == ["legacy-jira"]
    assert 0 < len(plan) - len(others) < changes["legacy-jira"]
    assert set(others["status"]) == {"applied"}

    requests.delete(f"{several.url}/_sandbox/faults", timeout=5)
    finished = several.run("sync")
    assert finished["exit_code"] == 0
    assert finished["applied"] > 0
    assert several.run("sync")["changes"] == {}


def test_a_target_that_is_down_from_the_start_is_told_and_the_rest_is_planned(several):
    die(several, "/crowd", after=0)

    summary = several.run("reconcile")

    assert summary["exit_code"] == 4
    assert list(summary["targets_failed"]) == ["crowd"]
    assert set(summary["fingerprints"]) == {"acme-cloud", "legacy-jira"}


@pytest.mark.live
def test_a_person_of_two_targets_is_one_story_and_two_seats(several):
    """`explain` tells all targets under one identity; the bill counts each seat."""
    release(several)
    several.run("sync")
    several.run("reconcile")
    seats = pd.read_csv(several.out / "seats.csv")
    links = pd.read_csv(several.out / "links.csv")
    jira = seats[(seats["product"] == "jira-software") & seats["billable"]].merge(
        links, on=["target", "account_id"]
    )
    twice = jira.groupby("source_id")["target"].nunique()
    someone = twice[twice > 1].index[0]
    identities = pd.read_csv(several.out / "identities.csv").set_index("source_id")

    text = explain_person(several.policy, identities.loc[someone, "email"], as_of=None, json=False)

    assert text.count("  identity ") == 1
    assert text.count("seat         jira-software") == 2
    assert "\nacme-cloud\n" in text
    assert "\nlegacy-jira\n" in text
    summary = json.loads((several.out / "summary.json").read_text())
    assert summary["seats"]["jira-software"] == int(
        (seats["billable"] & (seats["product"] == "jira-software")).sum()
    )


def test_a_leaver_without_a_group_loses_the_permission_that_costs_a_seat(company):
    """Where nobody can be disabled, what was given by hand goes too; no second run finds more to do."""
    from sandbox import policy
    from sandbox.bitbucket_dc.rows import COUNTED, installation

    policy.write(company.policy.parent, company.url, 120, targets=["bitbucket"])
    company.rewrite("share: 25%", "share: 60%")
    there = installation(company.world)
    gone = {name for name, one in there.accounts.items() if one.direct and one.person}
    release(company)
    plan = pd.read_csv(company.out / "plan.csv").set_index("account_id")

    summary = company.run("sync")
    again = company.run("sync")

    assert gone
    assert plan.loc[sorted(gone), ["action", "kind", "movement"]].drop_duplicates().to_numpy().tolist() == [
        ["revoke", "product", "leaver"]
    ]
    assert (summary["exit_code"], summary["residual"], again["changes"]) == (0, 0, {})
    assert gone.isdisjoint(account.name for account in there.counted(COUNTED))
    assert there.accounts["vendor.desk"].direct
