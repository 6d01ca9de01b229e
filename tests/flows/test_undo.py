"""The way back from a run over two targets: what the servers hold, and what the next sync leaves alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from flows.cli.history import approve_plan, lift_undone
from tasks.undo import NothingToUndo
from tests.chaos.truth import held

TARGETS = ["acme-cloud", "legacy-jira"]


@pytest.fixture
def pair(company):
    """One policy for the Cloud and a Data Center Jira."""
    from sandbox import policy

    policy.write(company.policy.parent, company.url, 120, targets=TARGETS)
    company.rewrite("share: 25%", "share: 90%")
    company.rewrite("count: 50", "count: 9999")
    return company


def approved(company: Any, flow: str, **parameters: Any) -> dict[str, Any]:
    """Plan with a flow, approve every plan of it and make all their changes; how each apply ended."""
    planned = company.run(flow, **parameters)
    ends = {}
    for target, fingerprint in planned["fingerprints"].items():
        approve_plan(company.policy, fingerprint, by="tester", reason="read")
        ends[target] = company.run("apply", plan=fingerprint)
    return ends


def differing(before: list[str], after: list[str]) -> set[str]:
    """Addresses of whom a server holds something else."""
    return {line.split()[1] for line in set(before) ^ set(after)}


def lasting(company: Any, run_id: str) -> set[str]:
    """Whose changes the run itself named as final, before they were made."""
    changes = pd.read_csv(company.out / "plan.csv")
    return set(changes.loc[~changes["reversible"], "subject"].str.lower())


def test_a_run_over_two_targets_is_taken_back_whole_and_stays_so(pair):
    """The servers hold what they held but for those named as final, and no sync makes it again."""
    planned = pair.run("reconcile")
    before = held(pair.world)
    final: set[str] = set()
    made: list[str] = []
    for fingerprint in planned["fingerprints"].values():
        approve_plan(pair.policy, fingerprint, by="tester", reason="read")
        made.append(pair.run("apply", plan=fingerprint)["run_id"])
        final |= lasting(pair, made[-1])
    changed = differing(before, held(pair.world))

    for run_id in made:
        assert all(end["failed"] == 0 for end in approved(pair, "undo", run_id=run_id).values())
    after = held(pair.world)
    again = pair.run("reconcile")

    assert changed - final
    assert differing(before, after) <= final
    left = pd.read_csv(pair.out / "plan.csv")
    assert set(left["subject"].str.lower()) <= final
    assert "undone" in str(again["notes"])


def test_what_was_lifted_is_planned_again(pair):
    """For the people named alone; a run names all of its own."""
    run_id = list(approved(pair, "reconcile").values())[-1]["run_id"]
    approved(pair, "undo", run_id=run_id)
    suspended = lift_undone(pair.policy, None, [])
    who = suspended.splitlines()[1].split(",")[0].strip()

    told = lift_undone(pair.policy, run_id[:-2], [who])
    pair.run("reconcile")
    planned = pd.read_csv(pair.out / "plan.csv")
    lift_undone(pair.policy, run_id, [])

    assert who in told
    assert who in set(planned["subject"])
    assert lift_undone(pair.policy, None, []) == "No rule is suspended for anyone."


def test_one_person_alone_is_taken_back(pair):
    """Everybody else keeps what the run made."""
    run_id = list(approved(pair, "reconcile").values())[-1]["run_id"]
    made = pd.read_csv(pair.out / "plan.csv")
    who = made.loc[made["reversible"] & made["account_id"].notna(), "subject"].iloc[0]
    before = held(pair.world)

    approved(pair, "undo", run_id=run_id, only=[who.upper()])

    assert differing(before, held(pair.world)) == {who.lower()}


def test_what_was_taken_back_before_is_not_taken_back_again(pair):
    """Somebody who was taken back alone is left out of what takes the rest back; then nothing is left."""
    run_id = list(approved(pair, "reconcile").values())[-1]["run_id"]
    made = pd.read_csv(pair.out / "plan.csv")
    who = made.loc[made["reversible"] & made["account_id"].notna(), "subject"].iloc[0]
    approved(pair, "undo", run_id=run_id, only=[who])

    planned = pair.run("undo", run_id=run_id)

    rest = set(pd.read_csv(pair.out / "plan.csv")["subject"])
    assert rest
    assert who not in rest
    assert f"left out: {who}" in str(planned["blocked_by"])
    with pytest.raises(NothingToUndo, match=f"left out: {who}"):
        pair.run("undo", run_id=run_id, only=[who])


def test_a_way_back_of_many_changes_says_that_two_people_approve_it(pair):
    """It waits for the second, so why it waits names them."""
    run_id = list(approved(pair, "reconcile").values())[-1]["run_id"]
    pair.rewrite("version: 1", "version: 1\napprove: {second_person_above: 1}")

    planned = pair.run("undo", run_id=run_id)

    assert "above 1 two people approve" in str(planned["blocked_by"])


def test_what_is_protected_by_now_is_not_taken_back(pair):
    """A group that the policy protects since keeps whom the run gave it to; the plan says so."""
    run_id = list(approved(pair, "reconcile").values())[-1]["run_id"]
    made = pd.read_csv(pair.out / "plan.csv").query("action == 'grant'")
    group = made["entitlement"].mode().iloc[0]
    pair.rewrite("groups: [site-admins,", f"groups: ['{group}', site-admins,")

    planned = pair.run("undo", run_id=run_id)

    back = pd.read_csv(pair.out / "plan.csv")
    assert group not in set(back.loc[back["action"] == "revoke", "entitlement"])
    assert "protected" in str(planned["blocked_by"])


def test_a_group_that_is_made_anew_under_its_name_stays_as_it_was_taken_back(pair):
    """An administrator who deletes a group and makes it again does not lift what a person took back."""
    run_id = approved(pair, "reconcile")["acme-cloud"]["run_id"]
    approved(pair, "undo", run_id=run_id)
    back = pd.read_csv(pair.out / "plan.csv").query("action == 'revoke'")
    group = back["entitlement"].mode().iloc[0]
    people = set(back.loc[back["entitlement"] == group, "subject"])

    recreate(pair.world.held["atlassian"], group)
    pair.run("reconcile")

    planned = pd.read_csv(pair.out / "plan.csv").query("action == 'grant'")
    assert not people & set(planned.loc[planned["entitlement"] == group, "subject"])


def recreate(org: Any, name: str) -> None:
    """Delete a group and make it again with the same products and members, under another identifier."""
    old = org.by_name[name]
    roles, members = {key: set(held) for key, held in old.roles.items()}, list(old.ordered())
    org.delete_group(old.group_id)
    new = org.create_group(name)
    new.roles.update(roles)
    new.visible_from = 0
    for position in members:
        org.add_member(new.group_id, org.accounts[position].account_id)
