"""Nothing is done about an account that another connection tells otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from provisioning.decide.explain import explain
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import (
    NOW,
    account,
    done,
    identity,
    links,
    messages,
    policy,
    source,
    target,
    think,
)


def elsewhere(*accounts, name="managed"):
    """Another connection of the cloud, read at the same time."""
    read = target(accounts)
    return dataclasses.replace(read, target=name, accounts=read.accounts.assign(target=name))


@pytest.mark.parametrize("file", [False, True])
def test_nothing_is_done_about_an_account_that_another_connection_tells_otherwise(file):
    """Neither taken nor given; nobody is invited whose address it may have; both sides are named."""
    people = [
        identity("ann", state="departed"),
        identity("bob"),
        identity("cyd"),
        identity("dot", state="departed"),
    ]
    read = source(people, {"atl-jira": ["bob", "cyd"]})
    there = target([account(name) for name in ("ann", "bob", "dot")], {"jira-users": ["ann", "dot"]})
    other = elsewhere(
        account("ann", email="nan@acme.test"), account("bob", email="cyd@acme.test"), account("dot")
    )
    if file:
        there, other = (dataclasses.replace(one, as_of=NOW) for one in (there, other))
    rules = policy(joiner={"create": True})

    decision = think(read, there, rules, others=[other])

    assert done(decision.plan.changes) == [("revoke", "dot", "jira-users")]
    assert (
        "2 accounts are told otherwise by another connection, so nothing is done about them: "
        "ann@acme.test is ann@acme.test in cloud and nan@acme.test in managed, "
        "bob@acme.test is bob@acme.test in cloud and cyd@acme.test in managed"
    ) in messages(decision)
    assert decision.conflicts[["subject", "field", "source", "other"]].to_numpy().tolist() == [
        ["ann@acme.test", "email", "cloud", "managed"],
        ["bob@acme.test", "email", "cloud", "managed"],
    ]
    assert explain(decision, "ann@acme.test").ambiguities == [
        "ann@acme.test is ann@acme.test in cloud and nan@acme.test in managed"
    ]
    assert {change[1] for change in done(think(read, there, rules).plan.changes)} == {
        "ann",
        "bob",
        "cyd",
        "dot",
    }


def test_one_contested_account_is_told_of_in_the_singular():
    there = dataclasses.replace(target([account("ann")]), as_of=NOW)
    other = dataclasses.replace(elsewhere(account("ann", state="deactivated")), as_of=NOW)

    told = messages(think(source([identity("ann")]), there, policy(), others=[other]))

    assert "1 account is told otherwise by another connection, so nothing is done about it: ann@" in told


MOVED = [account("cyd", email="old@acme.test"), account("bob")]


@pytest.mark.parametrize(("bears", "made"), [("cyd@acme.test", []), ("rob@acme.test", ["update_email"])])
def test_an_address_goes_to_nobody_that_another_account_has_elsewhere(bears, made):
    """By a change of address no more than by a new account."""
    read = source([identity("cyd"), identity("bob")])
    other = elsewhere(account("bob", email=bears))
    rules = policy(mover={"update": ["email"]}, correlate=["link"])

    decision = think(read, target(MOVED), rules, memory=Memory(links=links("cyd", "bob")), others=[other])

    assert decision.plan.changes["action"].tolist() == made


HIDDEN = target([account("zed", email=None, user_name=None)], {"jira-users": ["zed"]})


@pytest.mark.parametrize(
    ("bears", "contested"),
    [("cyd@acme.test", True), ("ann@acme.test", False), ("alias@acme.test", False), (None, False)],
)
def test_an_address_that_is_hidden_here_is_contested_where_it_is_another_persons_elsewhere(bears, contested):
    """One that nobody is known to bear may be a further address of the same person."""
    read = source([identity("ann", state="departed"), identity("cyd")])
    known = links("ann").assign(account_id="acc-zed")
    rules = policy(correlate=["link", "email"], joiner={"create": False})

    decision = think(
        read, HIDDEN, rules, memory=Memory(links=known), others=[elsewhere(account("zed", email=bears))]
    )

    assert decision.plan.changes.empty is contested
    assert ("ann@acme.test is ann@acme.test in cloud and cyd@acme.test" in messages(decision)) is contested
