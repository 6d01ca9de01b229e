"""A login that follows a surname takes nothing from anybody, and a number given on hands nothing over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning.decide.renamed import follow_renamed
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import (
    NOW,
    account,
    done,
    identity,
    linked,
    links,
    policy,
    source,
    target,
    think,
)

FACTS = {"given_name": "Ann", "display_name": None}
"""What everybody here shares, so that nothing but the number tells them apart."""
SARA = {
    "given_name": "Sara",
    "family_name": "Vogel",
    "display_name": "Sara Vogel",
    "hired_on": NOW - timedelta(900),
}
THERE = target([account("sara", display_name="Sara Vogel")], {"jira-users": ["sara"]})


def people(**numbers: str | None):
    """Identities of people with these employee numbers."""
    rows = [identity(who, employee_number=number, **FACTS) for who, number in numbers.items()]
    return source(rows).identities


def follow(known, name, before, now, there=THERE):
    """The links after following the people of one source, and whose accounts are in doubt."""
    told = follow_renamed(Memory(links=known), name, before, now, there.accounts, NOW)
    return told.links, told.doubted["account_id"].tolist()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"ann": "7"}, {"beth": "7"}, "id-beth"),
        ({"ann": "a7"}, {"beth": " A7 "}, "id-beth"),
        ({"ann": "7"}, {"beth": "8"}, "id-ann"),
        ({"ann": None}, {"beth": None}, "id-ann"),
        ({"ann": "000"}, {"beth": "000"}, "id-ann"),
        ({"ann": "7"}, {"ann": "7", "beth": "7"}, "id-ann"),
        ({"ann": "7", "beth": "8"}, {"beth": "7"}, "id-ann"),
        ({"ann": "7", "cyd": "7"}, {"beth": "7"}, "id-ann"),
        ({"ann": "7"}, {"beth": "7", "cyd": "7"}, "id-ann"),
    ],
)
def test_only_one_who_went_and_one_who_came_with_one_number_are_the_same(before, now, expected):
    """Whoever is still listed, was listed before, or shares the number with another is not."""
    there = target([account("ann")])

    followed, doubted = follow(links("ann"), "idp", people(**before), people(**now), there)

    assert (followed["source_id"].tolist(), doubted) == ([expected], [])
    assert follow(links("ann"), "other", people(**before), people(**now), there)[0].equals(links("ann"))


def test_whoever_is_linked_gets_no_second_account():
    known, there = links("ann", "beth"), target([account("ann"), account("beth")])

    followed, doubted = follow(known, "idp", people(ann="7"), people(beth="7"), there)

    assert followed.equals(known)
    assert doubted == []


def test_the_account_stays_theirs_and_nobody_is_invited_again():
    before = people(ann="7")
    now = source([identity("beth", employee_number="7", given_name="Ann")], {"atl-jira": ["beth"]})
    there = target([account("ann")], {"jira-users": ["ann"]})
    memory = follow_renamed(Memory(links=links("ann")), "idp", before, now.identities, there.accounts, NOW)

    changes = think(now, there, policy(), memory=memory).plan.changes

    assert {action for action, _, _ in done(changes)} == {"update", "update_email"}
    assert changes["account_id"].unique().tolist() == ["acc-ann"]


def read(*rows):
    return source(rows, {"atl-jira": ["new"]})


def sara(**facts):
    return identity("sara", **{"employee_number": "1", **SARA, **facts})


def came(**facts):
    """Who bears the number now, under another identifier, login and address."""
    return identity("new", **{"employee_number": "1", **SARA, **facts})


WIFE = {"family_name": "Berg", "display_name": "Sara Berg"}
ZOE = {"given_name": "Zoe", "family_name": "Quist", "display_name": "Zoe Quist", "hired_on": NOW}
LATER = {"hired_on": NOW - timedelta(1)}
NAMELESS = {"given_name": None, "family_name": None, "display_name": None, "hired_on": None}


@pytest.mark.parametrize("former", ["unlisted", "departed"])
@pytest.mark.parametrize(
    ("facts", "same"),
    [
        (WIFE, True),
        ({**WIFE, "hired_on": None}, True),
        ({**WIFE, "given_name": "Sara Maria"}, True),
        (LATER, True),
        ({"given_name": "Sally", "display_name": "Sally Vogel"}, True),
        ({**WIFE, "given_name": None}, True),
        ({**NAMELESS, "user_name": "sara@new.test"}, True),
        (ZOE, False),
        ({**ZOE, "hired_on": SARA["hired_on"]}, False),
        ({**WIFE, **LATER}, False),
        ({"given_name": "Paul", "display_name": "Paul Vogel", "hired_on": None}, False),
        ({**NAMELESS, "display_name": "Zoe Quist", "user_name": "sara"}, False),
        (NAMELESS, False),
    ],
)
def test_a_number_counts_where_a_name_agrees_and_nothing_contradicts(former, facts, same):
    """The account goes on with the same person; a stranger's number takes nothing and hands nothing over."""
    before, now = (
        read(sara()),
        read(*([sara(state="departed")] if former == "departed" else []), came(**facts)),
    )
    memory = follow_renamed(
        Memory(links=links("sara")), "idp", before.identities, now.identities, THERE.accounts, NOW
    )

    decision = think(now, THERE, policy(mover={}), memory=memory)

    assert linked(decision)["acc-sara"][0] == ("id-new" if same else "id-sara")
    assert done(decision.plan.changes) == []
    told = decision.ambiguities
    assert told.empty is same
    if not same:
        assert {"id-new", "acc-sara"} <= {*told["source_id"].dropna(), *told["account_id"].dropna()}
        assert told["reason"].str.contains("employee number 1 of id-sara").all()


def test_names_with_one_particle_are_of_two_people():
    one, other = (
        identity(who, employee_number="1", display_name=name)
        for who, name in (("a", "Jan van Dyk"), ("b", "Piet van Berg"))
    )

    assert follow(links("a"), "idp", read(one).identities, read(other).identities, target([account("a")]))[
        1
    ] == ["acc-a"]


@pytest.mark.parametrize("key", ["email", "user_name"])
def test_whoever_has_an_account_is_not_followed_to_another(key):
    """Even where it is the same person: which of the two accounts stays is for a person to say."""
    other = {"email": None, "user_name": None, key: f"{came()[key]}"}
    there = target([account("sara"), account("other", **other)])

    _, doubted = follow(links("sara"), "idp", read(sara()).identities, read(came(**WIFE)).identities, there)

    assert doubted == ["acc-sara"]


def test_a_number_of_several_who_departed_tells_nothing_unless_one_alone_agrees():
    left = [identity(who, employee_number="1", state="departed", given_name=who) for who in ("ann", "sara")]
    there = target([account("ann"), account("sara")])

    for given, expected in (("Sara", ["id-ann", "id-new"]), ("Zoe", ["id-ann", "id-sara"])):
        new = identity("new", employee_number="1", given_name=given)
        followed, doubted = follow(links("ann", "sara"), "idp", None, read(*left, new).identities, there)
        assert (followed["source_id"].tolist(), doubted) == (expected, [])

    both = [{**one, "given_name": "Sara"} for one in left]
    new = identity("new", employee_number="1", given_name="Sara")
    assert follow(links("ann", "sara"), "idp", None, read(*both, new).identities, there)[1] == [
        "acc-ann",
        "acc-sara",
    ]


@pytest.mark.parametrize("state", ["staged", "suspended"])
def test_whoever_departed_leaves_until_the_same_person_works_again(state):
    now = read(sara(state="departed"), came(state=state, **WIFE, hired_on=None)).identities

    followed, doubted = follow(links("sara"), "idp", now, now)

    assert (followed["source_id"].tolist(), doubted) == (["id-sara"], [])


@pytest.mark.parametrize(
    ("now", "there", "lasts"),
    [
        ([came(**ZOE)], THERE, True),
        ([came(**{**ZOE, "employee_number": "2"})], THERE, False),
        ([], THERE, False),
        ([came(**ZOE), sara(employee_number=None)], THERE, False),
        ([came(**ZOE)], target([account("sara", email="new@acme.test")]), False),
        ([came(**ZOE)], target([account("sara", state="deleted")]), False),
    ],
)
def test_a_doubt_lasts_until_the_number_or_the_account_is_put_right(now, there, lasts):
    """The next reads do not know any more who had the number before."""
    seen = read(came(**ZOE)).identities
    first = follow_renamed(
        Memory(links=links("sara")), "idp", read(sara()).identities, seen, THERE.accounts, NOW
    )

    later = follow_renamed(first, "idp", seen, read(*now).identities, there.accounts, NOW)
    elsewhere = follow_renamed(first, "other", None, read().identities, there.accounts, NOW)

    assert first.doubted["account_id"].tolist() == ["acc-sara"]
    assert later.doubted["account_id"].tolist() == (["acc-sara"] if lasts else [])
    assert elsewhere.doubted.equals(first.doubted)


def test_what_is_in_doubt_and_gone_by_now_concerns_nobody():
    doubted = follow_renamed(
        Memory(links=links("sara")),
        "idp",
        read(sara()).identities,
        read(came(**ZOE)).identities,
        THERE.accounts,
        NOW,
    ).doubted

    decision = think(replace(read(), complete=False), target([]), policy(), memory=Memory(doubted=doubted))

    assert decision.ambiguities.empty
