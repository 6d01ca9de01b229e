"""A scope knows its groups by their identifier: nobody enters or leaves by a name, and losses are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import pytest

from provisioning.decide.decide import Decision
from provisioning.model.frames import Memberships, Rejects, concat
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.snapshots import Memory, Sizes, SourceSnapshot, measure
from provisioning.policy.named_groups import is_named
from provisioning.policy.policy import Policy
from provisioning.policy.scope import list_grouped
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
GRACED = policy(
    sources=[{"from": "idp", "scope": {"groups": ["staff", "ext"]}}],
    leaver=[{"after": "14d", "do": "revoke_seats"}],
)
"""The same scope, and nothing is due for two weeks."""
SEATED = target([account(name) for name in [*STAFF, *EXT]], {"jira-users": [*STAFF, *EXT]})
LEFT_OUT = scoped(exclude_groups=["contractors"])


def decided(rules: Policy, *reads: SourceSnapshot, seated: Sequence[str] = (*STAFF, *EXT)) -> Decision:
    """What is decided of the last read after the others; some have an account and a seat."""
    memory = remembered(rules, *reads[:-1], seated=seated)
    held = target([account(name) for name in seated], {"jira-users": [*seated]})
    return think(reads[-1], held, rules, memory=memory)


def remembered(rules: Policy, *reads: SourceSnapshot, seated: Sequence[str]) -> Memory:
    """A memory of reads of the last days, the first and the last of which say who was in which group."""
    [stated] = rules.sources
    sizes: list[Sizes] = []
    for read in reads:
        sizes.append(measure(read, sizes[-1] if sizes else None, partial(is_named, rules, "idp")))
    told = links(*seated)
    parts = [
        list_grouped(stated.scope, reads[n].memberships, sizes[n].groups, told["source_id"]).assign(read=-n)
        for n in ((0, -1) if reads else ())
    ]
    grouped = {"idp": pd.concat(parts, ignore_index=True)} if parts else {}
    return Memory(
        links=told,
        applied_policy=rules.fingerprint(),
        previous={"idp": sizes[-1]} if sizes else {},
        grouped=grouped,
        sizes_30d={"idp": sizes},
    )


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


def scope_losses(decision: Decision) -> list[str]:
    """What is said of groups by which people left or entered the scope; their source is no measure then."""
    told = [one for one in decision.verdict.reasons if "scope" in one]
    assert decision.verdict.needs_approval >= bool(told)
    assert decision.verdict.fallen == ["idp"] * bool(told)
    return told


@pytest.mark.parametrize(
    ("groups", "lost"),
    [
        ({"2": BOTH["2"]}, "3 people (s1@acme.test, s2@acme.test, s3@acme.test) with an account are"),
        ({**BOTH, "1": ("staff", STAFF[:1])}, "2 people (s2@acme.test, s3@acme.test) with an account are"),
        ({**BOTH, "1": ("staff", [NEW])}, "3 people (s1@acme.test, s2@acme.test, s3@acme.test) with an"),
        ({**BOTH, "1": ("staff", STAFF[:2])}, None),
        ({"2": ("ext", [*STAFF, *EXT])}, None),
        ({**BOTH, "2": ("ext", EXT[2:])}, None),
    ],
)
def test_a_group_by_which_too_many_leave_the_scope_waits_for_a_person(groups, lost):
    """Small ones, too, whoever joins them; one of three and two of nine may go unseen, and who moves."""
    told = scope_losses(decided(ASKED, company(BOTH), company(groups)))

    assert bool(told) == (lost is not None)
    if lost:
        assert told[0].startswith(f"idp, group staff of the scope: {lost}")


def test_it_waits_also_while_nothing_is_due_and_once_the_reads_before_are_lost():
    """Else whoever may have left by mistake would lose all of a sudden when the days are over."""
    held, memory = SEATED, remembered(GRACED, company(BOTH), seated=[*STAFF, *EXT])

    for known, told in (
        (memory, "3 people (s1@acme.test, s2@acme.test, s3@acme.test)"),
        (replace(memory, grouped={}), "what idp told before of the groups of its scope is lost"),
    ):
        decision = think(company({"2": BOTH["2"]}), held, GRACED, memory=known)

        assert changed(decision) == {}
        assert told in scope_losses(decision)[0]


def test_who_has_no_account_dilutes_nothing_and_who_departed_is_not_counted():
    """Of nine in the group three have an account, and all three are gone."""
    gone = {"1": ("staff", STAFF)}
    left = company({**BOTH, "2": ("ext", EXT[2:])}, departed=EXT[:2])

    assert scope_losses(decided(ASKED, company(BOTH), company(gone), seated=[*STAFF, *EXT[:3]]))
    assert not scope_losses(decided(ASKED, company(BOTH), left))


def test_the_one_person_of_a_group_may_go_unseen():
    alone = {**BOTH, "3": ("lead", [NEW])}
    rules = scoped(groups=["staff", "ext", "lead"])

    assert not scope_losses(decided(rules, company(alone), company(BOTH), seated=[*STAFF, *EXT, NEW]))


def test_who_has_no_address_is_named_by_the_identifier():
    now = company({"2": BOTH["2"]})
    nameless = now.identities["email"].where(now.identities["source_id"] != "id-s2")
    now = replace(now, identities=now.identities.assign(email=nameless))

    [told] = scope_losses(decided(ASKED, company(BOTH), now))

    assert "3 people (id-s2, s1@acme.test, s3@acme.test) with an account are" in told


def test_members_through_another_group_do_not_stand_for_those_who_count():
    """All of staff are in it through another group now, which the scope does not want."""
    now = company(BOTH)
    nested = now.memberships["direct"].mask(now.memberships["group_id"] == "1", other=False)
    now = replace(now, memberships=now.memberships.assign(direct=nested))

    assert scope_losses(decided(scoped(groups=["staff", "ext"], nested=False), company(BOTH), now))


def test_a_steady_loss_is_counted_over_thirty_days():
    """Each read lacks one more; the second of three is too many, though the first is gone by then."""
    reads = [company({**BOTH, "1": ("staff", STAFF[:left])}) for left in (3, 2, 1)]

    assert not scope_losses(decided(ASKED, *reads[:2]))
    assert scope_losses(decided(ASKED, *reads))


def test_a_name_that_the_policy_did_not_go_by_then_means_nothing_later():
    """Whoever writes a name into a scope means the group that is called so now."""
    once = company({"1": ("staff", STAFF), "2": BOTH["2"]})
    since = company({"1": ("visitors", STAFF), "2": BOTH["2"]})
    now = company({"1": ("visitors", STAFF), "2": BOTH["2"], "3": ("staff", [NEW])})
    memory = remembered(scoped(groups=["ext"]), once, since, seated=EXT)
    held = target([account(name) for name in EXT], {"jira-users": EXT})

    assert changed(think(now, held, ASKED, memory=memory)) == {NEW: "gets"}


@pytest.mark.parametrize("groups", [["1", "ext"], ["CN=Staff,DC=x", "ext"]])
def test_an_identifier_is_no_name_of_another_group_and_is_compared_as_names_are(groups):
    """Group 7 is called what another's identifier is."""
    key = {"1": "1"}.get(groups[0], "cn=staff,dc=x")
    now = company({key: ("staff", STAFF), "2": BOTH["2"], "7": (groups[0], [NEW])})

    assert changed(decided(scoped(groups=groups), now, now)) == {}


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
    before = company({"1": ("freelancers", [*STAFF, NEW]), "2": ("ext", EXT)})
    now = company({"1": ("contractors", [*STAFF, NEW]), "2": ("ext", EXT)})

    [told] = scope_losses(decided(LEFT_OUT, before, now))

    assert told.startswith("idp, group contractors leaves people out of the scope whom it did not before: 3")
    assert not scope_losses(decided(LEFT_OUT, now, now))


@pytest.mark.parametrize("unread", [{}, {"1": "contractors"}, {"1": "1"}])
def test_who_enters_because_an_excluded_group_is_gone_or_unread_waits_for_a_person(unread):
    """The less is told, the less is given."""
    now = company({"2": BOTH["2"]}, unread=unread)

    [told] = scope_losses(decided(LEFT_OUT, company(CONTRACTORS), now, seated=EXT))

    assert told.startswith("idp, group contractors, which the scope leaves out: 3 people (s1@acme.test")


def test_whose_scope_hangs_on_a_group_alone_is_what_its_share_is_taken_of():
    """Of nine in the group three have no other; of eight left out three could be in scope."""
    everybody = {"1": ("team", [*STAFF, *EXT[:6]]), "2": ("all", EXT)}
    both = scoped(groups=["staff"], exclude_groups=["contractors"])
    out = {"1": ("staff", [*STAFF, NEW]), "3": ("contractors", [*STAFF, *EXT[:5]])}

    [told] = scope_losses(
        decided(scoped(groups=["team", "all"]), company(everybody), company({"2": everybody["2"]}))
    )
    assert told.startswith("idp, group team of the scope: 3 people (s1@acme.test, s2@acme.test, s3@acme")
    [told] = scope_losses(decided(both, company(out), company({"1": out["1"]}), seated=[]))
    assert told.startswith("idp, group contractors, which the scope leaves out: 3 people (s1@acme.test")


def test_a_group_that_leaves_one_out_and_then_many_waits_also_once_a_read_has_shown_them():
    """Another target, that none of them has an account on, may have gone by that read."""
    one, many = (
        company({"1": ("contractors", names), "2": BOTH["2"]}) for names in (STAFF[:1], [*STAFF, *EXT[:3]])
    )

    for seen in ([one], [one, many]):
        [told] = scope_losses(decided(LEFT_OUT, *seen, many))

        assert "whom it did not before: 5 people (e1@acme.test, e2@acme.test, e3@acme.test, s2@" in told


def test_who_has_nothing_to_lose_or_is_out_of_scope_anyway_holds_nothing_back():
    """Accounts that were ended, people who are left out or fail the filter, and whom nobody can tell."""
    gone = company({"2": BOTH["2"]})
    ended = [account(name, state="deactivated") for name in STAFF]
    held = target([*ended, *(account(name) for name in EXT)], {"jira-users": EXT})
    memory = remembered(ASKED, company(BOTH), seated=[*STAFF, *EXT])
    out = scoped(groups=["staff", "ext"], exclude_groups=["interns"])
    interns = {"4": ("interns", STAFF)}
    choosy = scoped(groups=["staff", "ext"], filter='userName sw "e"')

    assert not scope_losses(think(gone, held, ASKED, memory=memory))
    assert not scope_losses(decided(out, company({**BOTH, **interns}), company({"2": BOTH["2"], **interns})))
    assert not scope_losses(decided(choosy, company(BOTH), gone))
    assert not scope_losses(decided(ASKED, company(BOTH), company({"2": BOTH["2"]}, unread={"1": "staff"})))


def test_an_empty_plan_that_waits_is_approved_for_its_reasons_alone():
    """Whoever approved one has not approved the next, nor one for somebody alone."""
    held, memory = SEATED, remembered(GRACED, company(BOTH), seated=[*STAFF, *EXT])
    staff, both = company({"2": BOTH["2"]}), company({"2": ("ext", EXT[:4])})

    found = {
        think(read, held, GRACED, memory=memory, only=only).plan.fingerprint
        for read, only in ((staff, ()), (both, ()), (staff, ("e1@acme.test",)), (staff, ()))
    }

    assert len(found) == 3


def test_a_name_of_a_list_in_several_spellings_is_one_group():
    """A list of names has no other identifiers than those names."""
    lists = [
        company({"staff": ("staff", STAFF), "ext": ("ext", EXT)}),
        company({"staff": ("staff", STAFF[:1]), "Staff": ("Staff", [*STAFF[1:], NEW]), "EXT": ("EXT", EXT)}),
    ]

    assert changed(decided(ASKED, *lists)) == {NEW: "gets"}
