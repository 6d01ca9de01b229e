"""The chain for one person."""

from __future__ import annotations

from provisioning.decide.explain import explain
from tests.provisioning.worlds import account, identity, policy, source, target, think

PEOPLE = source([identity("ann"), identity("bob", state="departed")], {"atl-jira": ["ann"], "dept": ["ann"]})
THERE = target(
    [account("ann"), account("bob"), account("eve")],
    {"all-staff": ["ann"], "jira-users": ["bob"], "wiki-users": ["eve"]},
)


def test_every_step_of_the_chain_is_told():
    """Identity, IdP groups, link and rule, what is held and wanted and why, seats, next changes."""
    told = explain(think(PEOPLE, THERE, policy()), "ANN@acme.test")

    assert told.known
    assert [(i["source_id"], i["in_scope"], i["primary"]) for i in told.identities] == [
        ("id-ann", True, True)
    ]
    assert [m["group_name"] for m in told.memberships] == ["atl-jira", "dept"]
    assert [(link["account_id"], link["rule"]) for link in told.links] == [("acc-ann", "email")]
    assert [entitlement[1:] for entitlement in told.assignments] == [
        ("all-staff", True, False, None, "no rule grants it"),
        ("jira-users", False, True, "groups.map: atl-jira", "member of atl-jira in idp"),
    ]
    assert [change.action for change in told.changes] == ["grant"]
    assert [movement["movement"] for movement in told.movements] == ["mover"]


def test_a_leaver_is_found_by_user_name_with_the_seat_and_what_bills_it():
    """The seat names the group that makes it billable."""
    told = explain(think(PEOPLE, THERE, policy()), "bob")

    assert [(s["product"], s["billable"], s["granted_by"]) for s in told.seats] == [
        ("jira", True, "jira-users")
    ]
    assert [change.action for change in told.changes] == ["revoke"]
    assert told.changes[0].reason.startswith("departed (idp), seen 2026-06-01, due after 0d")


def test_what_is_held_directly_is_told_with_who_may_take_it():
    """A permission goes with the seat, or by hand where the target does not let us."""
    there = target([account("ann")], direct={"jira access": ["ann"]})
    free = explain(think(PEOPLE, there, policy()), "ann").assignments
    there.entitlements.loc[there.entitlements["kind"] == "product", "modifiable"] = False
    fixed = explain(think(PEOPLE, there, policy()), "ann").assignments

    assert [(e.kind, e.name, e.desired) for e in free] == [
        ("group", "jira-users", True),
        ("product", "jira access", False),
    ]
    assert free[1].reason.endswith("only leaving or not using it takes it")
    assert fixed[1].reason.endswith("by hand")


def test_an_account_of_nobody_is_explained_too():
    """An orphan has an account and seats, and no identity."""
    told = explain(think(PEOPLE, THERE, policy()), "eve@acme.test")

    assert (told.identities, told.changes, len(told.accounts), len(told.seats)) == ([], [], 1, 1)


def test_why_nothing_is_done_is_told():
    """An ambiguous person sees the reason."""
    twins = source([identity("ann", source_id="1"), identity("ann", source_id="2")])

    told = explain(think(twins, target([]), policy()), "ann")

    assert told.ambiguities == ["2 identities of idp share the user name ann"]
    assert len(told.identities) == 2


def test_an_address_nobody_has_is_unknown():
    """Nothing is known, and nothing is invented."""
    told = explain(think(PEOPLE, THERE, policy()), "nobody@acme.test")

    assert not told.known
    assert (told.changes, told.assignments, told.ambiguities) == ([], [], [])
