"""Since when somebody is gone, as the next run is told it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from provisioning.model.snapshots import Memory, measure
from tasks.decide import _leavers
from tests.provisioning.worlds import NOW, account, identity, links, policy, source, target, think

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
    )

    decision = think(dataclasses.replace(people, as_of=NOW - 5 * DAY - age), there, policy(), memory=memory)

    assert list(_leavers(decision).itertuples(index=False, name=None)) == told
