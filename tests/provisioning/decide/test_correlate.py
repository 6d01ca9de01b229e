"""Who holds which account: rules in order, one to one, never by guess."""

from __future__ import annotations

import pytest

from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import account, done, identity, linked, links, policy, source, target, think

NOBODY = {"email": None, "user_name": None}


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"external_id": "ID-ANN", **NOBODY}, "external_id"),
        ({"email": "ANN@acme.test", "user_name": None}, "email"),
        ({"email": None, "user_name": " Ann "}, "user_name"),
    ],
)
def test_each_rule_joins_by_its_own_key_whatever_the_case(facts, rule):
    """One key is enough, and its case does not matter."""
    decision = think(source([identity("ann")]), target([account("x", **facts)]), policy())

    assert {"acc-x": ("id-ann", rule)} == linked(decision)


def test_a_domain_in_letters_for_machines_is_that_of_the_person():
    """The account is theirs, is not invited again, is protected by either form, and is not to be changed."""
    ann = identity(
        "ann",
        email="ann@m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.test",
        user_name="ann@xn--mller-kva.test",
    )
    theirs = account(
        "ann",
        email="ann@xn--mller-kva.test",
        user_name="ann@m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.test",
    )
    rules = policy(
        correlate=["email"],
        mover={"update": ["email", "user_name"]},
        leaver=[{"do": "suspend"}],
        protect={"emails": [f"*@{ann['email'].partition('@')[2]}"]},
    )

    staying = think(source([ann]), target([theirs]), rules)
    leaving = think(source([ann | {"state": "departed"}]), target([theirs]), rules)

    assert linked(staying) == {"acc-ann": ("id-ann", "email")}
    assert done(staying.plan.changes) == []
    assert done(leaving.plan.changes) == []


def test_the_order_of_the_rules_decides():
    """An account found by an earlier rule is not looked for by a later one."""
    two = target(
        [account("x", email="ann@acme.test", user_name="x"), account("y", email=None, user_name="ann")]
    )

    by_email = think(source([identity("ann")]), two, policy(correlate=["email", "user_name"]))
    by_name = think(source([identity("ann")]), two, policy(correlate=["user_name", "email"]))

    assert list(linked(by_email)) == ["acc-x"]
    assert list(linked(by_name)) == ["acc-y"]


def test_a_remembered_link_outlives_a_change_of_every_key_and_keeps_its_rule():
    """Someone who marries and moves to another domain keeps the account."""
    decision = think(
        source([identity("ann", email="new@other.test", user_name="new")]),
        target([account("ann")]),
        policy(),
        memory=Memory(links=links("ann")),
    )

    assert linked(decision) == {"acc-ann": ("id-ann", "email")}
    assert done(decision.plan.changes) == [("update_email", "new", None)]


def test_unknown_keys_join_nobody():
    """People and accounts without an address are not one person."""
    people = [identity("ann", **NOBODY), identity("bob", **NOBODY)]

    decision = think(source(people), target([account("x", **NOBODY), account("y", **NOBODY)]), policy())

    assert linked(decision) == {}
    assert len(decision.ambiguities) == 0
    assert decision.orphans["account_id"].tolist() == ["acc-x", "acc-y"]


def test_two_candidates_are_listed_and_nothing_is_done_with_them():
    """Two accounts for one person: both are set aside, and the others go on."""
    twice = [account("x", email="ann@acme.test"), account("y", email="ann@acme.test"), account("bob")]

    decision = think(
        source([identity("ann"), identity("bob", display_name="Robert")]), target(twice), policy()
    )

    assert done(decision.plan.changes) == [("update", "bob", None)]
    assert {"acc-x", "acc-y", None} == set(
        decision.ambiguities["account_id"]
        .astype(object)
        .where(decision.ambiguities["account_id"].notna(), None)
    )
    assert (
        "1 identities and 2 accounts share the email ann@acme.test" in decision.ambiguities["reason"].tolist()
    )
    assert len(decision.orphans) == 0


def test_an_account_of_someone_else_is_not_shared():
    """A second person with the address of a linked account is a question about both of them."""
    people = [identity("ann"), identity("eve", email="ann@acme.test")]

    decision = think(source(people), target([account("ann")]), policy(), memory=Memory(links=links("ann")))

    assert linked(decision) == {"acc-ann": ("id-ann", "email")}
    assert decision.ambiguities["source_id"].tolist() == ["id-ann", "id-eve"]
    assert set(decision.ambiguities["reason"]) == {
        "2 identities of idp share the address ann@acme.test: id-ann, id-eve"
    }
    assert len(decision.plan.changes) == 0


def test_a_person_alive_comes_before_an_older_record_of_the_same_name():
    """Whoever comes back under a new record gets the old account back."""
    people = [identity("ann", source_id="old", state="departed"), identity("ann", source_id="new")]

    decision = think(source(people), target([account("ann", state="deactivated")]), policy())

    assert linked(decision) == {"acc-ann": ("new", "email")}
    assert done(decision.plan.changes) == [("reactivate", "ann", None)]


def test_two_living_namesakes_of_one_source_are_set_aside():
    """Nothing is created for either, and the account one of them may hold stays as it is."""
    people = [identity("ann", source_id="1"), identity("ANN", source_id="2", email="x@acme.test")]
    before = Memory(links=links("ann", source_id="1"))

    decision = think(
        source(people), target([account("ann")], {"jira-users": ["ann"]}), policy(), memory=before
    )

    assert len(decision.plan.changes) == 0
    assert decision.ambiguities["source_id"].tolist() == ["1", "2"]
    assert decision.links["account_id"].tolist() == ["acc-ann"]
    assert len(decision.orphans) == 0


def test_apps_and_customers_are_nobodys():
    """An app with a person's address is not the person's account."""
    decision = think(source([identity("ann")]), target([account("ann", kind="app")]), policy())

    assert linked(decision) == {}
    assert len(decision.orphans) == 0


def test_several_sources_state_one_person_and_the_first_counts():
    """The second statement is an origin: it adds its groups and nothing else."""
    first = source([identity("ann", display_name="Ann A")], {"atl-jira": ["ann"]})
    second = source([identity("ann", display_name="Ann B")], {"atl-wiki": ["ann"]}, name="other")
    both = [{"from": "idp"}, {"from": "other"}]

    decision = think([first, second], target([]), policy(sources=both))

    assert done(decision.plan.changes) == [
        ("create", "ann", None),
        ("grant", "ann", "jira-users"),
        ("grant", "ann", "wiki-users"),
    ]
    assert "Ann A" in decision.plan.changes["after"].iloc[0]
    assert len(decision.identities) == 1


def test_the_link_of_a_second_source_serves_the_person():
    """When another source takes over, the account stays with the person."""
    both = [source([identity("ann")]), source([identity("ann", source_id="id-other")], name="other")]
    before = Memory(links=links("ann", source="other", source_id="id-other"))
    moved = target([account("ann", email=None, user_name=None)])

    decision = think(both, moved, policy(sources=[{"from": "idp"}, {"from": "other"}]), memory=before)

    assert linked(decision) == {"acc-ann": ("id-ann", "email")}


def test_keys_are_compared_as_the_policy_writes_them():
    """A target whose user names have no domain is joined by what the mapping makes of the source's."""
    attribute = {"from": ["user_name"], "transform": [{"regex": "(.*)@.*", "to": "$1"}]}
    people = source([identity("ann", user_name="ann@acme.test", email=None)])

    decision = think(
        people, target([account("ann", email=None)]), policy(attributes={"user_name": attribute})
    )

    assert linked(decision) == {"acc-ann": ("id-ann", "user_name")}


def test_a_deleted_account_is_found_by_its_link_alone():
    """Its address may be somebody else's by now; its link says whose it was."""
    gone = target([account("ann", state="deleted")])

    known = think(source([identity("ann")]), gone, policy(), memory=Memory(links=links("ann")))
    unknown = think(source([identity("ann")]), gone, policy())

    assert done(known.plan.changes) == [("cancel_delete", "ann", None)]
    assert done(unknown.plan.changes) == [("create", "ann", None)]


def test_an_account_that_vanished_is_forgotten():
    """Someone active whose account is gone gets a new one."""
    decision = think(
        source([identity("ann")]), target([account("bob")]), policy(), memory=Memory(links=links("ann"))
    )

    assert linked(decision) == {}
    assert done(decision.plan.changes) == [("create", "ann", None)]


def test_accounts_of_people_out_of_scope_are_no_orphans():
    """They belong to somebody; Seatwise was told to leave them alone."""
    scope = [{"from": "idp", "scope": {"filter": 'userName eq "ann"'}}]

    decision = think(
        source([identity("ann"), identity("bob")]),
        target([account("bob"), account("eve")]),
        policy(sources=scope),
    )

    assert decision.orphans["account_id"].tolist() == ["acc-eve"]
    assert linked(decision) == {}


def test_the_newer_of_two_old_records_does_not_depend_on_the_order_of_rows():
    """Where no date of creation tells, both orders find the same person, hence the same leaver."""
    people = [identity("ann", source_id=number, state="departed") for number in ("1", "2")]
    there = target([account("ann")])

    one, other = (think(source(order), there, policy()) for order in (people, people[::-1]))

    assert linked(one) == linked(other) == {"acc-ann": ("2", "email")}
