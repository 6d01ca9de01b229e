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
