"""Since when somebody is gone, as the next run is told it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from provisioning.model.frames import Rejects
from provisioning.model.snapshots import Memory, measure
from provisioning.policy.scope import list_grouped
from tasks.decide import _leavers
from tests.provisioning.worlds import NOW, account, frame, identity, links, policy, source, target, think

DAY = timedelta(days=1)


@pytest.mark.parametrize(("age", "told"), [(DAY, [("acc-ann", NOW - 3 * DAY, "departed")]), (-DAY, [])])
def test_an_older_file_ends_nobodys_clock(age, told):
    """Whoever left between the two files is at work in the older one; a newer one tells who is back."""
    people = source([identity("ann"), identity("bob")], {"atl-jira": ["ann", "bob"]})
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    memory = Memory(
        links=links("ann", "bob"),
        leavers={"acc-ann": NOW - 3 * DAY},
        causes={"acc-ann": "departed"},
        previous={"idp": measure(dataclasses.replace(people, as_of=NOW - 5 * DAY))},
        written={"idp": NOW - 5 * DAY},
    )

    decision = think(dataclasses.replace(people, as_of=NOW - 5 * DAY - age), there, policy(), memory=memory)

    assert list(_leavers(decision).itertuples(index=False, name=None)) == told


@pytest.mark.parametrize("unread", [False, True])
def test_a_clock_goes_on_while_a_row_may_be_theirs(unread):
    """Nothing more is taken for the time being, and nobody begins to leave a second time."""
    memory = Memory(
        links=links("ann", "bob"), leavers={"acc-ann": NOW - 20 * DAY}, causes={"acc-ann": "vanished"}
    )
    askew = {"origin": "idp", "key": None, "field": "row", "problem": "p", "remedy": "r"}
    read = source([identity("bob")])
    read = dataclasses.replace(read, rejects=frame(Rejects, [askew] if unread else []))

    decision = think(read, target([account("ann"), account("bob")]), policy(), memory=memory)

    kept = list(_leavers(decision).itertuples(index=False, name=None))
    assert kept == [("acc-ann", NOW - 20 * DAY, "vanished")]
    assert decision.plan.changes.empty is unread


@pytest.mark.parametrize(("gone", "told"), [(3, []), (1, ["acc-p0"])])
def test_nobodys_clock_begins_by_a_group_of_the_scope_that_was_emptied(gone, told):
    """That may be a mistake; whoever left the group alone is told."""
    names = [f"p{n}" for n in range(4)]
    people, there = [identity(name) for name in names], target([account(name) for name in names])
    rules = policy(sources=[{"from": "idp", "scope": {"groups": ["staff"]}}])
    read = source(people, {"staff": names})
    sizes, linked = measure(read), links(*names)
    known = list_grouped(rules.sources[0].scope, read.memberships, sizes.groups, linked["source_id"]).assign(
        read=1
    )
    memory = Memory(links=linked, previous={"idp": sizes}, grouped={"idp": known})

    decision = think(source(people, {"staff": names[gone:]}), there, rules, memory=memory)

    assert decision.movements["movement"].eq("leaver").sum() == gone
    assert _leavers(decision)["account_id"].tolist() == told
