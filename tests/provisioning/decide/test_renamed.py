"""A login that follows a surname takes nothing from anybody: the employee number says who it is."""

from __future__ import annotations

import pytest

from provisioning.decide.renamed import follow_renamed
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import account, done, identity, links, policy, source, target, think


def people(**numbers: str | None):
    """Identities of people with these employee numbers."""
    return source([identity(who, employee_number=number) for who, number in numbers.items()]).identities


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"ann": "7"}, {"beth": "7"}, "id-beth"),
        ({"ann": "a7"}, {"beth": " A7 "}, "id-beth"),
        ({"ann": "7"}, {"beth": "8"}, "id-ann"),
        ({"ann": None}, {"beth": None}, "id-ann"),
        ({"ann": "7"}, {"ann": "7", "beth": "7"}, "id-ann"),
        ({"ann": "7", "beth": "8"}, {"beth": "7"}, "id-ann"),
        ({"ann": "7", "cyd": "7"}, {"beth": "7"}, "id-ann"),
        ({"ann": "7"}, {"beth": "7", "cyd": "7"}, "id-ann"),
    ],
)
def test_only_one_who_went_and_one_who_came_with_one_number_are_the_same(before, now, expected):
    """Whoever is still listed, was listed before, or shares the number with another is not."""
    followed = follow_renamed(links("ann"), "idp", people(**before), people(**now))

    assert followed["source_id"].tolist() == [expected]
    assert follow_renamed(links("ann"), "other", people(**before), people(**now)).equals(links("ann"))


def test_whoever_is_linked_gets_no_second_account():
    known = links("ann", "beth")

    assert follow_renamed(known, "idp", people(ann="7"), people(beth="7")).equals(known)


def test_the_account_stays_theirs_and_nobody_is_invited_again():
    before, now = people(ann="7"), source([identity("beth", employee_number="7")], {"atl-jira": ["beth"]})
    there = target([account("ann")], {"jira-users": ["ann"]})
    memory = Memory(links=follow_renamed(links("ann"), "idp", before, now.identities))

    changes = think(now, there, policy(), memory=memory).plan.changes

    assert {action for action, _, _ in done(changes)} == {"update", "update_email"}
    assert changes["account_id"].unique().tolist() == ["acc-ann"]
