"""A scope knows its groups by their identifier: nobody enters or leaves by a name, and losses are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from provisioning.decide.decide import Decision
from provisioning.model.frames import Memberships, Rejects, concat
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.snapshots import Memory, Sizes, SourceSnapshot, measure
from provisioning.policy.policy import Policy
from tests.provisioning.worlds import (
    account,
    frame,
    identity,
    links,
    messages,
    policy,
    source,
    target,
    think,
)

STAFF, EXT = ["s1", "s2", "s3"], [f"e{n}" for n in range(1, 10)]
NEW = "new"
EVERYONE = [*STAFF, *EXT, NEW]
Groups = Mapping[str, tuple[str, Sequence[str]]]
"""Identifier → name and members."""
BOTH: Groups = {"1": ("staff", STAFF), "2": ("ext", EXT)}


def company(groups: Groups, *, departed: Sequence[str] = (), unread: Mapping[str, str] | None = None):
    """Everyone of the company, mapped to a Jira seat and in these groups besides."""
    rows = [
        {"source": "idp", "source_id": f"id-{who}", "group_id": key, "group_name": name, "direct": True}
        for key, (name, members) in [*groups.items(), ("9", ("atl-jira", EVERYONE))]
        for who in members
    ]
    told = [
        {"origin": "idp", "key": key, "field": MEMBERS, "value": name, "problem": "p", "remedy": "r"}
        for key, name in (unread or {}).items()
    ]
    people = [identity(name, state="departed" if name in departed else "active") for name in EVERYONE]
    return replace(
        source(people),
        memberships=frame(Memberships, rows),
        rejects=concat(Rejects, [frame(Rejects, told)]) if told else source(people).rejects,
    )


def scoped(**scope: Any) -> Policy:
    wide = {"destructive": {"count": 1000, "share": "100%"}, "source_drop": "50%"}
    return policy(sources=[{"from": "idp", "scope": scope}], limits=wide)


ASKED = scoped(groups=["staff", "ext"])
LEFT_OUT = scoped(exclude_groups=["contractors"])


def decided(rules: Policy, *reads: SourceSnapshot, seated: Sequence[str] = (*STAFF, *EXT)) -> Decision:
    """What is decided of the last read after the others; some have an account and a seat."""
    sizes: list[Sizes] = []
    for read in reads[:-1]:
        sizes.append(measure(read, sizes[-1] if sizes else None))
    memory = Memory(
        links=links(*seated),
        applied_policy=rules.fingerprint(),
        previous={"idp": sizes[-1]} if sizes else {},
        sizes_30d={"idp": sizes},
    )
    held = target([account(name) for name in seated], {"jira-users": [*seated]})
    return think(reads[-1], held, rules, memory=memory)


def changed(decision: Decision) -> dict[str, str]:
    """Who loses something and who gets something."""
    plan = decision.plan.changes
    names = plan["subject"].str.removesuffix("@acme.test")
    return dict(zip(names, plan["destructive"].map({True: "loses", False: "gets"}), strict=True))


@pytest.mark.parametrize("between", [[], [("staff-2026", STAFF)]])
def test_nobody_leaves_a_scope_because_its_group_was_renamed_and_who_joins_the_group_enters(between):
    reads = [company(BOTH), *(company({**BOTH, "1": one}) for one in between)]
    now = company({**BOTH, "1": ("staff-old", [*STAFF, NEW])})

    for seen in (reads, [*reads, now]):
        decision = decided(ASKED, *seen, now)

        assert set(changed(decision).items()) == {(NEW, "gets")}
        told = "IdP group staff is now called staff-old in idp; its members stay in scope"
        assert told in messages(decision)


def test_a_group_renamed_away_and_made_anew_throws_nobody_out_and_brings_nobody_in():
    now = company({**BOTH, "1": ("staff-old", STAFF), "3": ("Staff", [NEW])})

    decision = decided(ASKED, company(BOTH), now)

    assert changed(decision) == {}
    assert "IdP group Staff (3) of idp bears the name of another that the scope names; its 1 member" in (
        messages(decision)
    )


def test_who_is_in_the_scope_already_loses_nothing_in_a_group_made_anew_and_enters_once_the_first_is_gone():
    moved = company({**BOTH, "1": ("staff-old", STAFF[:1]), "3": ("staff", [*STAFF[1:], NEW])})
    alone = company({"2": BOTH["2"], "3": ("staff", [*STAFF, NEW])})

    assert changed(decided(ASKED, company(BOTH), moved)) == {}
    assert changed(decided(ASKED, company(BOTH), moved, alone)) == {NEW: "gets"}


@pytest.mark.parametrize("scope", [["staff*", "ext"], ["staff", "3", "ext"], ["*"]])
def test_a_pattern_that_is_more_than_the_name_and_an_identifier_are_in_no_doubt(scope):
    now = company({**BOTH, "3": ("staff", [NEW])})

    assert changed(decided(scoped(groups=scope), company(BOTH), now)) == {NEW: "gets"}


def test_groups_that_swapped_their_names_keep_both_in_scope():
    now = company({"1": ("ext", STAFF), "2": ("staff", EXT)})

    assert changed(decided(ASKED, company(BOTH), now)) == {}


def test_of_two_groups_of_one_name_in_a_first_read_nobody_leaves():
    first = company({"1": ("staff", STAFF), "2": ("staff", EXT)})

    assert changed(decided(scoped(groups=["staff"]), first)) == {}
    assert changed(decided(scoped(groups=["staff"]), first, first)) == {}


def test_nobody_leaves_by_a_renamed_group_whose_members_could_not_be_told():
    now = company({"2": BOTH["2"]}, unread={"1": "staff-old"})

    assert changed(decided(ASKED, company(BOTH), now)) == {}


@pytest.mark.parametrize(
    ("groups", "fell"),
    [
        ({"2": BOTH["2"]}, "from 3 to 0"),
        ({**BOTH, "1": ("staff", STAFF[:1])}, "from 3 to 1"),
        ({**BOTH, "1": ("staff", STAFF[:2])}, None),
    ],
)
def test_a_group_of_the_scope_that_is_gone_or_shrank_waits_for_a_person(groups, fell):
    """Small ones, too; one of three may go unseen."""
    decision = decided(ASKED, company(BOTH), company(groups))

    assert decision.verdict.needs_approval == (fell is not None)
    if fell:
        [reason] = [one for one in decision.verdict.reasons if "of the scope" in one]
        assert reason.startswith(f"idp, group staff of the scope fell {fell} within 30 days, by ")
        assert "lose something: s" in reason


def test_a_steady_loss_is_counted_over_thirty_days():
    """Each read lacks one more; the second of three is too many, though the first is gone by then."""
    reads = [company({**BOTH, "1": ("staff", STAFF[:left])}) for left in (3, 2, 1)]

    assert not decided(ASKED, *reads[:2]).verdict.needs_approval
    assert decided(ASKED, *reads).verdict.needs_approval


def test_a_group_that_shrank_because_people_departed_holds_nobody_back():
    left = {**BOTH, "1": ("staff", STAFF[2:]), "2": ("ext", EXT[1:])}

    decision = decided(ASKED, company(BOTH), company(left, departed=STAFF[:2]))

    assert changed(decision) == dict.fromkeys([*STAFF[:2], EXT[0]], "loses")
    assert not decision.verdict.needs_approval


CONTRACTORS: Groups = {"1": ("contractors", STAFF), "2": ("ext", EXT)}


def test_nobody_enters_by_an_excluded_group_that_was_renamed_and_nobody_who_joins_it_leaves():
    now = company({**CONTRACTORS, "1": ("externals", [*STAFF, EXT[0]])})

    decision = decided(LEFT_OUT, company(CONTRACTORS), now, seated=EXT)

    assert changed(decision) == {NEW: "gets"}
    assert "IdP group externals (1) of idp was called contractors" in messages(decision)


def test_a_second_group_of_an_excluded_name_leaves_people_out_and_a_renamed_one_does_not():
    """Of the others who lose by a new exclusion more than one, and more than their share, wait."""
    anew = company({**CONTRACTORS, "3": ("contractors", [EXT[0]])})
    taken = company({"1": ("contractors-old", STAFF), "2": ("contractors", EXT)})

    assert changed(decided(LEFT_OUT, company(CONTRACTORS), anew, seated=EXT)) == {
        EXT[0]: "loses",
        NEW: "gets",
    }
    assert changed(decided(LEFT_OUT, company(CONTRACTORS), taken, seated=EXT)) == {NEW: "gets"}


def test_who_is_left_out_by_a_group_that_was_none_a_while_ago_waits_for_a_person():
    before = company({"1": ("freelancers", STAFF), "2": ("ext", EXT)})
    now = company(CONTRACTORS)

    for seen in ([before], [before, now]):
        decision = decided(LEFT_OUT, *seen, now)

        assert decision.verdict.needs_approval
        [reason] = [one for one in decision.verdict.reasons if "leaves 3 of its 3 members out" in one]
        assert reason.startswith("idp, group contractors leaves")
        assert "3 people lose something: s1@acme.test" in reason
    assert not decided(LEFT_OUT, now, now).verdict.needs_approval


def test_a_name_of_a_list_in_several_spellings_is_one_group():
    """A list of names has no other identifiers than those names."""
    lists = [
        company({"staff": ("staff", STAFF), "ext": ("ext", EXT)}),
        company({"staff": ("staff", STAFF[:1]), "Staff": ("Staff", [*STAFF[1:], NEW]), "EXT": ("EXT", EXT)}),
    ]

    assert changed(decided(ASKED, *lists)) == {NEW: "gets"}
