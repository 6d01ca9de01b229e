"""What a person took back: the same rule makes it again only once it is lifted or changed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from provisioning.decide.undone import digest_rule, name_entitlements, name_rules
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


def undone(
    rules, rule: str, action: str, who: str = "ann", entitlement: str = "", name: str | None = None
) -> Memory:
    """The memory after somebody took back what a rule did to one account, or to one entitlement of it."""
    named = name_rules(pd.Series([rule], dtype="str")).iloc[0]
    row = {"account_id": f"acc-{who}", "rule": named, "action": action, "entitlement_id": entitlement}
    digest = digest_rule(rules.target("cloud"), named)
    return Memory(undone=pd.DataFrame([{**row, "entitlement": name, "rule_digest": digest}], dtype="str"))


def test_a_leaver_who_was_brought_back_loses_nothing_to_any_stage():
    """Neither the seat that came back nor, a stage later, the account; everyone else goes on."""
    rules = policy(leaver=[{"after": "0d", "do": "revoke_seats"}, {"after": "0d", "do": "delete"}])

    decision = think(LEFT, STAYED, rules, memory=undone(rules, SEATS, "revoke"))

    assert {who for _, who, _ in done(decision.plan.changes)} == {"bob"}
    note = "2 changes are not made, because what their rule did was undone: ann@acme.test"
    assert note in messages(decision)
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


HELD = target([account("ann")], {"jira-users": ["ann"], "developers": ["ann"], "wiki-users": ["ann"]})
MOVER = "mover.mode: authoritative"


def test_what_was_taken_back_of_one_group_says_nothing_of_another():
    """She lost `developers` and got it back; that she loses `jira-users` later is another matter."""
    rules = policy()
    wiki_alone = source([identity("ann"), identity("bob")], {"atl-wiki": ["ann"], "atl-dev": ["bob"]})
    memory = undone(rules, MOVER, "revoke", entitlement="e-developers")

    decision = think(wiki_alone, HELD, rules, memory=memory)

    assert [one for one in done(decision.plan.changes) if one[1] == "ann"] == [
        ("revoke", "ann", "jira-users")
    ]
    assert "1 change is not made, because what its rule did was undone" in messages(decision)
    assert decision.over.empty


@pytest.mark.parametrize(
    ("entitlement", "name", "lost"),
    [
        ("e-before", "Developers", ["jira-users"]),
        ("e-developers", "jira-users", ["jira-users"]),
        ("e-before", "gone", ["developers", "jira-users"]),
        ("e-before", None, ["developers", "jira-users"]),
    ],
)
def test_a_group_that_is_made_anew_under_its_name_is_the_same(entitlement, name, lost):
    """It is known by its name only once its identifier is gone; one that is renamed keeps its identifier."""
    rules = policy()
    wiki_alone = source([identity("ann"), identity("bob")], {"atl-wiki": ["ann"], "atl-dev": ["bob"]})
    memory = undone(rules, MOVER, "revoke", entitlement=entitlement, name=name)

    decision = think(wiki_alone, HELD, rules, memory=memory)

    assert [group for _, who, group in done(decision.plan.changes) if who == "ann"] == lost


def test_a_group_that_is_made_anew_and_wanted_again_is_over_under_its_old_identifier():
    """That is what the ledger knows it by."""
    rules = policy()
    memory = undone(rules, MOVER, "revoke", entitlement="e-before", name="developers")

    decision = think(source([identity("ann")], {"atl-dev": ["ann"]}), HELD, rules, memory=memory)

    assert decision.over["entitlement_id"].tolist() == ["e-before"]


@pytest.mark.parametrize(
    ("state", "groups", "rule", "entitlement", "over"),
    [
        ("active", {}, SEATS, "", True),
        ("departed", {}, SEATS, "", False),
        ("suspended", {}, SEATS, "", False),
        ("staged", {}, SEATS, "", False),
        ("active", {"atl-dev": ["ann"]}, MOVER, "e-developers", True),
        ("active", {"atl-wiki": ["ann"]}, MOVER, "e-developers", False),
        ("active", {}, "inactive: jira idle 60d", "", False),
        ("active", {"atl-dev": ["ann"], "atl-wiki": ["ann"]}, MOVER, "", True),
        ("active", {"atl-dev": ["ann"]}, MOVER, "", False),
        ("suspended", {"atl-dev": ["ann"], "atl-wiki": ["ann"]}, MOVER, "", False),
    ],
)
def test_what_gave_rise_to_it_is_over_once_they_are_back(state, groups, rule, entitlement, over):
    """Whoever was brought back and returned may leave once more; a group they should have again may go."""
    rules = policy()
    back = source([identity("ann", state=state)], groups)

    decision = think(back, HELD, rules, memory=undone(rules, rule, "revoke", entitlement=entitlement))

    assert (len(decision.over) == 1) is over


def test_an_entitlement_is_named_unless_stages_make_one_rule_of_it():
    changes = pd.DataFrame(
        {"rule": [SEATS, MOVER, "mover.update"], "entitlement_id": ["e1", "e2", None]}, dtype="str"
    )

    assert name_entitlements(changes).tolist() == ["", "e2", ""]
