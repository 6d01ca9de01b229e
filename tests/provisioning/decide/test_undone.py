"""What a person took back: the same rule makes it again only once it is lifted or changed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from provisioning.decide.undone import digest_rule, name_rules
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import (
    MAP,
    account,
    done,
    identity,
    messages,
    policy,
    source,
    target,
    think,
)

LEFT = source([identity("ann", state="departed"), identity("bob", state="departed")])
STAYED = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
JOINED = source([identity("ann"), identity("bob")], {"atl-jira": ["ann", "bob"], "atl-wiki": ["ann"]})
BARE = target([account("ann"), account("bob")])
SEATS = "leaver: revoke_seats after 0d"


def undone(rules, rule: str, action: str, who: str = "ann") -> Memory:
    """The memory after somebody took back what a rule did to one account."""
    named = name_rules(pd.Series([rule], dtype="str")).iloc[0]
    row = {"account_id": f"acc-{who}", "rule": named, "action": action}
    digest = digest_rule(rules.target("cloud"), named)
    return Memory(undone=pd.DataFrame([{**row, "rule_digest": digest}], dtype="str"))


def test_a_leaver_who_was_brought_back_loses_nothing_to_any_stage():
    """Neither the seat that came back nor, a stage later, the account; everyone else goes on."""
    rules = policy(leaver=[{"after": "0d", "do": "revoke_seats"}, {"after": "0d", "do": "delete"}])

    decision = think(LEFT, STAYED, rules, memory=undone(rules, SEATS, "revoke"))

    assert {who for _, who, _ in done(decision.plan.changes)} == {"bob"}
    assert "2 changes are not made again, because they were undone: ann@acme.test" in messages(decision)
    assert decision.stuck.empty


@pytest.mark.parametrize(
    ("rule", "action", "again"),
    [
        ("groups.map: atl-jira", "grant", []),
        ("groups.map: atl-wiki", "grant", ["jira-users"]),
        ("groups.map: atl-jira", "revoke", ["jira-users"]),
        ("mover.mode: authoritative", "grant", ["jira-users"]),
    ],
)
def test_only_that_rule_in_that_direction_is_suspended(rule, action, again):
    """A grant by another mapping, or the revoke by the same one, is made."""
    rules = policy(groups={"map": {"atl-jira": ["jira-users"]}, "may_remove": ["*"]})

    changes = think(JOINED, BARE, rules, memory=undone(rules, rule, action)).plan.changes

    assert [group for _, who, group in done(changes) if who == "ann"] == again
    assert [group for _, who, group in done(changes) if who == "bob"] == ["jira-users"]


@pytest.mark.parametrize(
    ("change", "acts"),
    [
        ({}, False),
        ({"groups": {"map": {**MAP, "new": ["developers"]}}}, False),
        ({"mover": {"mode": "additive"}}, False),
        ({"groups": {"map": {"atl-jira": ["jira-users", "developers"]}}}, True),
    ],
)
def test_a_rule_that_changes_acts_again(change: dict[str, Any], acts):
    """What else the policy says does not matter."""
    before = policy(groups={"map": MAP})

    decision = think(
        JOINED,
        BARE,
        policy(**{"groups": {"map": MAP}, **change}),
        memory=undone(before, "groups.map: atl-jira", "grant"),
    )

    assert (
        any(who == "ann" and group == "jira-users" for _, who, group in done(decision.plan.changes)) is acts
    )


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (SEATS, "leaver"),
        ("leaver", "leaver"),
        ("inactive: jira idle 60d", "inactive"),
        ("groups.map: atl: jira", "groups.map: atl: jira"),
        ("mover.update", "mover.update"),
    ],
)
def test_stages_of_a_section_are_one_rule(rule, named):
    """All others stand for themselves."""
    assert name_rules(pd.Series([rule], dtype="str")).tolist() == [named]
