"""What contradicts itself is set aside with both sides, and costs nobody anything."""

from __future__ import annotations

import pytest

from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import account, done, identity, linked, links, policy, source, target, think

MINE = {"user_name": "jsmith", "email": "j.smith@acme.test"}
JOHN = identity("john", source_id="old", state="departed", display_name="John Smith", **MINE)
JANE = identity("jane", source_id="new", **{**MINE, "user_name": "jsmith2"}, display_name="Jane Smith")
THERE = target([account("ann", **MINE, display_name="John Smith")], {"jira-users": ["ann"]})
KNOWN = Memory(links=links("ann", source_id="old"))


@pytest.mark.parametrize("people", [[JOHN, JANE], [JANE, JOHN], [JANE]])
def test_an_address_given_on_hands_no_account_over(people):
    """The account of whoever left is neither taken nor given to the new bearer of the address."""
    decision = think(source(people), THERE, policy(), memory=KNOWN)

    assert decision.plan.changes.empty
    told = decision.ambiguities
    assert set(told["source_id"].dropna()) == {person["source_id"] for person in people}
    assert set(told["account_id"].dropna()) == {"acc-ann"}


@pytest.mark.parametrize("old", [[JOHN], []])
@pytest.mark.parametrize("same", [{"display_name": "John Smith"}, MINE])
def test_the_same_person_under_a_new_identifier_keeps_the_account(old, same):
    """A name, or both address and user name, show that it is the same; nothing else may differ."""
    again = identity("john", source_id="new", **{**MINE, "display_name": None, "user_name": "x", **same})

    decision = think(source([*old, again]), THERE, policy(mover={}), memory=KNOWN)

    assert linked(decision)["acc-ann"][0] == "new"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"display_name": "Jane Smith"}, "with another identity, of another display name"),
        (
            {"display_name": None, "user_name": "x"},
            "and no name stated of both shows that it is the same person; another user name is stated",
        ),
        (
            {"display_name": None, "user_name": None},
            "and no name stated of both shows that it is the same person",
        ),
    ],
)
def test_a_doubt_says_what_it_rests_on(facts, why):
    """What differs, and not a name where none is stated."""
    again = identity("john", source_id="new", **{**MINE, **facts})

    decision = think(source([again]), THERE, policy(), memory=KNOWN)

    [reason] = set(decision.ambiguities["reason"])
    assert reason.endswith(why)


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_one_address_on_two_identities_costs_neither_anything(state):
    """Both are told with their identifiers, whichever of them is linked."""
    people = [identity("ann", source_id="1"), identity("ann", source_id="2", user_name="x", state=state)]

    for known in ("1", "2"):
        memory = Memory(links=links("ann", source_id=known))
        decision = think(
            source(people), target([account("ann")], {"jira-users": ["ann"]}), policy(), memory=memory
        )

        assert done(decision.plan.changes) == []
        assert "share the address ann@acme.test: 1, 2" in decision.ambiguities["reason"].iloc[0]


@pytest.mark.parametrize("state", ["active", "departed"])
def test_swapped_addresses_are_told_with_both_sides(state):
    """Whether the addresses changed hands or the identifiers did, nobody can tell: neither is touched."""
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    memory = Memory(links=links("ann", "bob"))
    ann = identity("ann", email="bob@acme.test", state=state)
    bob = identity("bob", email="ann@acme.test")
    rules = policy(mover={"update": ["email", "display_name"]})

    decision = think(source([ann, bob]), there, rules, memory=memory)

    assert done(decision.plan.changes) == []
    assert set(decision.ambiguities["source_id"].dropna()) == {ann["source_id"], bob["source_id"]}
    assert set(decision.ambiguities["account_id"].dropna()) == {"acc-ann", "acc-bob"}
    assert set(linked(decision)) == {"acc-ann", "acc-bob"}


def test_a_leaver_whose_address_was_given_on_still_leaves():
    """The old bearer states it still, so only the new one's address waits."""
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    left = identity("bob", state="departed", user_name="bob-left")
    ann = identity("ann", email="bob@acme.test")

    decision = think(source([left, ann]), there, policy(mover={}), memory=Memory(links=links("ann", "bob")))

    assert ("revoke", "bob", "jira-users") in done(decision.plan.changes)
