"""Groups of the identity provider are known by their identifier, and what they cost is judged by people."""

from __future__ import annotations

import dataclasses

import pytest

from provisioning.model.frames import Assignments, Rejects, concat
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.snapshots import Memory, Sizes, measure
from tests.provisioning.worlds import (
    account,
    done,
    entitlement,
    frame,
    identity,
    messages,
    policy,
    source,
    target,
    think,
)

NAMES = [f"p{n}" for n in range(6)]
MAPPED_ONCE = {"map": {"atl-jira": ["jira-users"]}, "may_remove": ["*"]}
SAFE = "takes nothing from anyone"


def company(group: str, members=NAMES, *, unread=()):
    """Six people with accounts and a seat; one IdP group, always of the same identifier."""
    read = source([identity(name) for name in NAMES], {group: members})
    rejected = [
        {"origin": "idp", "key": key, "field": MEMBERS, "value": name, "problem": "p", "remedy": "r"}
        for key, name in unread
    ]
    return dataclasses.replace(
        read,
        memberships=read.memberships.assign(group_id="g1"),
        rejects=concat(Rejects, [read.rejects, frame(Rejects, rejected)]),
    )


def there(holders=NAMES):
    return target([account(name) for name in NAMES], {"jira-users": holders})


def ours(rules, *reads, holders=NAMES) -> Memory:
    """A memory in which Seatwise granted the seats by this policy, and these reads were made before."""
    owned = [{"target": "cloud", "account_id": f"acc-{n}", **entitlement("jira-users")} for n in holders]
    sizes: list[Sizes] = []
    for read in reads:
        sizes.append(measure(read, sizes[-1] if sizes else None))
    return Memory(
        owned=frame(Assignments, owned),
        applied_policy=rules.fingerprint(),
        previous={"idp": sizes[-1]} if sizes else {},
        sizes_30d={"idp": sizes},
    )


@pytest.mark.parametrize("manage", [[], ["jira-*"]])
@pytest.mark.parametrize("between", [[], ["atl-agile"]])
def test_a_renamed_group_keeps_its_meaning_for_ever(manage, between):
    """Also the run after the next, when the last read knows its new name already."""
    rules = policy(groups={**MAPPED_ONCE, "manage": manage})
    reads = [company("atl-jira"), *(company(name) for name in between), company("jira-people")]

    for seen in (reads[:-1], reads):
        decision = think(reads[-1], there(), rules, memory=ours(rules, *seen))

        assert decision.plan.changes.empty
        assert not decision.verdict.needs_approval
        assert "IdP group atl-jira is now called jira-people in idp; it counts as before" in messages(
            decision
        )


def test_the_map_may_give_a_renamed_group_a_new_meaning():
    """What the policy says of the new name counts before what it says of the old one."""
    rules = policy(groups={**MAPPED_ONCE, "map": {"atl-jira": ["jira-users"], "archive": ["developers"]}})

    decision = think(company("archive"), there(), rules, memory=ours(rules, company("atl-jira")))

    assert {change[::2] for change in done(decision.plan.changes)} == {("grant", "developers")}


def test_a_group_nobody_is_in_any_more_waits_for_a_person_who_is_told_whom_it_costs_what():
    """Small groups, too; the note beside it does not say that nobody loses anything."""
    rules = policy(groups=MAPPED_ONCE)
    gone = source([identity(name) for name in NAMES], {})

    decision = think(gone, there(), rules, memory=ours(rules, company("atl-jira")))

    assert decision.verdict.needs_approval
    fell = "idp, group atl-jira fell from 6 to 0, by 100.0%; 40% is allowed; 6 people lose jira-users: p0@"
    assert any(reason.startswith(fell) for reason in decision.verdict.reasons)
    assert "by this plan 6 people lose jira-users" in messages(decision)
    assert SAFE not in messages(decision)


@pytest.mark.parametrize(("members", "needed"), [(4, False), (3, True)])
def test_a_group_that_shrank_is_judged_by_share_and_number(members, needed):
    """Two of six may go unseen; three may not, with 40 % allowed."""
    rules = policy(groups=MAPPED_ONCE)
    small = company("atl-jira", NAMES[:members])

    decision = think(small, there(), rules, memory=ours(rules, company("atl-jira")))

    assert len(decision.plan.changes) == 6 - members
    assert decision.verdict.needs_approval == needed


@pytest.mark.parametrize(
    ("new", "words"), [(["n1"], "fell from 6 to 4"), (["n1", "n2", "n3"], "went from 6 to 6")]
)
def test_whoever_joins_does_not_hide_who_is_lost(new, words):
    """Three of six are gone, whoever comes, and it costs them a group."""
    rules = policy(groups=MAPPED_ONCE)
    everyone = source([identity(name) for name in [*NAMES, *new]], {"atl-jira": [*NAMES[:3], *new]})
    mixed = dataclasses.replace(everyone, memberships=everyone.memberships.assign(group_id="g1"))

    decision = think(mixed, there(), rules, memory=ours(rules, company("atl-jira")))

    fell = f"idp, group atl-jira {words} though 3 lose by it, by 50.0%; 40% is allowed"
    assert any(reason.startswith(fell) for reason in decision.verdict.reasons)


def test_a_steady_loss_of_a_group_counts_over_thirty_days():
    """One person a run is little each time, and too much in the end."""
    rules = policy(groups=MAPPED_ONCE)
    reads = [company("atl-jira", NAMES[:size]) for size in (6, 5, 4)]

    decision = think(
        company("atl-jira", NAMES[:3]), there(NAMES[:4]), rules, memory=ours(rules, *reads, holders=NAMES[:4])
    )

    assert decision.verdict.needs_approval
    assert "idp, group atl-jira fell from 6 to 3 within 30 days, by 50.0%" in decision.verdict.reasons[0]


@pytest.mark.parametrize("manage", [[], ["*"]])
@pytest.mark.parametrize("name", ["atl-jira", "g1"])
def test_a_group_that_could_not_be_read_takes_nothing(manage, name):
    """Whoever is missing from it may only not have been understood; nor when nobody knows its name."""
    rules = policy(groups={**MAPPED_ONCE, "manage": manage})
    read = company("atl-jira", [], unread=[("g1", name)])

    decision = think(read, there(), rules, memory=ours(rules))

    assert decision.plan.changes.empty


def test_nobody_leaves_the_scope_by_a_group_that_could_not_be_read():
    """The scope is that group: who is in it is unknown, so nobody is a leaver for being out of it."""
    rules = policy(sources=[{"from": "idp", "scope": {"groups": ["atl-*"]}}])
    read = company("atl-jira", NAMES[:2], unread=[("g1", "atl-jira")])

    assert think(read, there(), rules).plan.changes.empty


def test_a_mapped_group_is_emptied_only_of_those_whom_seatwise_put_there():
    """Own what you touch: without `manage` the others stay, and the note says why."""
    rules = policy(groups=MAPPED_ONCE)
    nearly = company("atl-jira", NAMES[2:])

    decision = think(nearly, there(), rules, memory=ours(rules, holders=NAMES[:1]))

    assert done(decision.plan.changes) == [("revoke", "p0", "jira-users")]
    assert "1 membership beyond the policy stays, in jira-users: Seatwise did not grant" in messages(decision)


def test_the_case_of_a_group_in_the_policy_does_not_count():
    """`Eng` in the policy is the IdP's `eng`: it has members, so no note says that it has none."""
    rules = policy(groups={"map": {"ATL-Jira": ["jira-users"]}})

    decision = think(company("atl-jira", NAMES[:5]), there(), rules)

    assert "without a member" not in messages(decision)


def test_a_line_break_in_the_name_of_a_group_feigns_no_line():
    """Notes, and reasons why a plan waits, are one line each."""
    name = "atl\r\nrun 2: done"
    rules = policy(groups={"map": {name: ["jira-users\N{ZERO WIDTH SPACE}"]}, "may_remove": ["*"]})
    unmapped = think(company(name), there(), policy())
    emptied = think(company(name, members=[]), there(), rules, memory=ours(rules, company(name)))

    told = [note.message for note in unmapped.notes] + emptied.verdict.reasons
    assert [line for line in told if "run 2: done" in line]
    assert not [line for line in told if "\n" in line or "\r" in line]


@pytest.mark.parametrize(
    "spelt",
    [
        "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln\N{NO-BREAK SPACE}Jira",
        "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln  Jira",
        "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln\nJira",
        "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln Jira\N{ZERO WIDTH SPACE}",
        "\N{ZERO WIDTH NO-BREAK SPACE}K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln Jira",
        "ko\N{COMBINING DIAERESIS}ln jira",
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_group_is_one_however_its_blanks_are_written(spelt: str, *, turned: bool):
    """Some people of a file may have it in another spelling, and the policy or what is mapped to, too."""
    usual = "K\N{LATIN SMALL LETTER O WITH DIAERESIS}ln Jira"
    read = source([identity(name) for name in NAMES], {usual: NAMES[2:], spelt: NAMES[:2]})
    name = spelt if turned else usual
    rules = policy(
        sources=[{"from": "idp", "scope": {"groups": [name]}}],
        groups={"map": {name: ["jira-users\N{ZERO WIDTH SPACE}"]}, "may_remove": ["*"], "manage": ["*"]},
    )

    assert think(read, there(), rules).plan.changes.empty


def test_words_that_are_seen_to_differ_are_two_groups():
    """A blank is not nothing: only what nobody sees is none."""
    read = source([identity(name) for name in NAMES], {"KoelnJira": NAMES})

    plan = think(read, there(), policy(groups={"map": {"Koeln Jira": ["jira-users"]}, "manage": ["*"]})).plan

    assert not plan.changes["action"].eq("grant").any()


def both(first, second, names=("atl-jira", "ATL Jira")):
    """Two groups of their own identifiers, whose names may mean the same; either has its members."""
    read = source([identity(name) for name in NAMES], {"g1": first, "g2": second})
    called = read.memberships["group_id"].map({"g-g1": names[0], "g-g2": names[1]})
    return dataclasses.replace(read, memberships=read.memberships.assign(group_name=called))


RIVALS = ("atl-jira", "ATL-Jira")


@pytest.mark.parametrize("before", [0, 1])
def test_of_two_groups_of_one_name_nobody_guesses_which_is_meant(before):
    """Neither in the first read nor later: nobody is put in or taken out, and a person is told of both."""
    rules = policy(groups={**MAPPED_ONCE, "manage": ["jira-*"]})
    read = both(NAMES[:2], NAMES[2:4], RIVALS)

    decision = think(read, there(NAMES[4:]), rules, memory=ours(rules, *[read] * before, holders=NAMES[4:]))

    assert decision.plan.changes.empty
    assert (
        "2 IdP groups of idp mean the same by their names: atl-jira (g-g1) and ATL-Jira (g-g2); nobody gets "
        "what atl-jira gives, and nobody loses it"
    ) in messages(decision)


@pytest.mark.parametrize("later", [[], [both(NAMES[:2], NAMES[2:4], RIVALS)] * 2])
@pytest.mark.parametrize("renamed", ["atl-jira", "atl-jira-old"])
def test_a_group_that_was_there_first_keeps_its_meaning_beside_a_new_one_of_its_name(later, renamed):
    """Also when it was renamed for the new one, and in every later run; its people come, and nobody goes."""
    rules = policy(groups={**MAPPED_ONCE, "manage": ["jira-*"]})
    reads = [both(NAMES[:2], [], RIVALS), *later]
    now = both(NAMES[:3], NAMES[3:4], (renamed, "atl-jira"))

    decision = think(now, there(NAMES[1:2] + NAMES[4:]), rules, memory=ours(rules, *reads))

    assert done(decision.plan.changes) == [("grant", "p0", "jira-users"), ("grant", "p2", "jira-users")]
    assert f"only those in {renamed} (g-g1), which was there first, get what atl-jira gives" in messages(
        decision
    )


def test_a_new_group_counts_once_the_one_of_its_name_is_gone():
    """It was made in the other's place: what the old one gave it gives."""
    rules = policy(groups=MAPPED_ONCE)
    reads = [both(NAMES[:2], [], RIVALS), both(NAMES[:2], NAMES[:2], RIVALS)]

    decision = think(both([], NAMES[:3], RIVALS), there(NAMES[:2]), rules, memory=ours(rules, *reads))

    assert done(decision.plan.changes) == [("grant", "p2", "jira-users")]
    assert "mean the same" not in messages(decision)


def test_the_map_says_by_the_identifier_which_of_two_groups_is_meant():
    """The other then means nothing, and nothing is in doubt any more."""
    rules = policy(groups={"map": {"g-g2": ["jira-users"]}, "manage": ["jira-*"], "may_remove": ["*"]})

    decision = think(both(NAMES[:2], NAMES[2:4], RIVALS), there(NAMES[:3]), rules, memory=ours(rules))

    assert sorted(done(decision.plan.changes)) == [
        ("grant", "p3", "jira-users"),
        ("revoke", "p0", "jira-users"),
        ("revoke", "p1", "jira-users"),
    ]
    assert "mean the same" not in messages(decision)
    assert "is now called" not in messages(decision)


def test_groups_of_several_sources_may_bear_one_name():
    """Each is known by its own source, and both fill what the name is mapped to."""
    rules = policy(sources=[{"from": "idp"}, {"from": "other"}], groups=MAPPED_ONCE)
    other = source([identity("q0")], {"atl-jira": ["q0"]}, name="other")

    decision = think(
        [both(NAMES[:2], [], RIVALS), other],
        target([account(n) for n in [*NAMES, "q0"]], {"jira-users": []}),
        rules,
    )

    assert done(decision.plan.changes) == [
        ("grant", "p0", "jira-users"),
        ("grant", "p1", "jira-users"),
        ("grant", "q0", "jira-users"),
    ]


def groups(**told: tuple[str, list[str]] | str):
    """Groups by identifier: their name and members, or the name alone of one that could not be read."""
    well = {key: of for key, of in told.items() if isinstance(of, tuple)}
    read = source([identity(name) for name in NAMES], {key: members for key, (_, members) in well.items()})
    ids = read.memberships["group_id"].str.removeprefix("g-")
    names = ids.map({key: name for key, (name, _) in well.items()})
    unread = [
        {"origin": "idp", "key": key, "field": MEMBERS, "value": name, "problem": "p", "remedy": "r"}
        for key, name in told.items()
        if isinstance(name, str)
    ]
    return dataclasses.replace(
        read,
        memberships=read.memberships.assign(group_id=ids, group_name=names),
        rejects=concat(Rejects, [read.rejects, frame(Rejects, unread)]),
    )


P = NAMES
OLD, NEW = ("atl-jira", P[:1]), ("Atl-Jira", P[2:3])


@pytest.mark.parametrize(
    ("reads", "gets"),
    [
        # One that could not be read is there all the same.
        ([groups(g1="atl-jira", g2=NEW), groups(g1=OLD, g2=NEW)], []),
        ([groups(g1="atl-jira"), groups(g1="atl-jira", g2=NEW), groups(g1=OLD, g2=NEW)], ["p0"]),
        ([groups(g1=OLD), groups(g1="g1", g2=NEW), groups(g1=OLD, g2=NEW)], ["p0"]),
        # Whoever takes a name by a change of its own comes second, too.
        ([groups(g1=OLD, g2=("other", P[2:3])), groups(g1=OLD, g2=NEW)], ["p0"]),
        # Once it goes by another name there is no doubt, and what it never meant it does not keep.
        ([groups(g1=OLD), groups(g1=OLD, g2=NEW), groups(g1=OLD, g2=("shop", P[2:3]))], ["p0"]),
        ([groups(g1=OLD, g2=NEW), groups(g1=OLD, g2=("shop", P[2:3]))], ["p0"]),
        ([groups(g1=OLD, g2=("wiki", P)), groups(g1=OLD, g2=NEW), groups(g1=OLD, g2=("wiki", P))], ["p0"]),
        (
            [groups(g1=OLD), groups(g1=OLD, g2=NEW), groups(g1=OLD, g2=("shop", P)), groups(g2=("shop", P))],
            [],
        ),
        # The second is the first of those that are left.
        (
            [groups(g1=OLD), groups(g1=OLD, g2=NEW), groups(g2=NEW), groups(g2=NEW, g3=("ATL-JIRA", P))],
            ["p2"],
        ),
    ],
)
def test_a_name_means_the_group_that_bore_it_first_and_is_still_told(reads, gets):
    """Whatever else is called so, was called so or could not be read meanwhile."""
    rules = policy(groups=MAPPED_ONCE)

    decision = think(reads[-1], there([]), rules, memory=ours(rules, *reads[:-1], holders=[]))

    assert [who for _, who, _ in done(decision.plan.changes)] == gets


@pytest.mark.parametrize("told", [{"g1": OLD, "g2": ("g1", P[2:3])}, {"g2": ("g1", P[2:3])}])
def test_a_group_that_is_called_by_the_identifier_of_another_means_nothing_by_it(told):
    """The policy names the one that has the identifier, also once it is gone."""
    rules = policy(groups={"map": {"g1": ["jira-users"]}})

    decision = think(groups(**told), there([]), rules, memory=ours(rules, groups(g1=OLD), holders=[]))

    assert [who for _, who, _ in done(decision.plan.changes)] == (["p0"] if "g1" in told else [])
    assert "mean the same" not in messages(decision)


TIERS = {
    "map": {"tier-1": ["jira-users"], "tier-2": ["wiki-users"]},
    "may_remove": ["*"],
    "manage": ["*-users"],
}


@pytest.mark.parametrize(
    "names",
    [
        ("tier-0", "tier-1", "tier-2"),
        ("tier-2", "tier-1", None),
        ("Tier-2", "tier-2", None),
        ("other", "tier-1", None),
    ],
)
def test_a_group_that_takes_the_name_of_another_means_what_it_meant(names):
    """Names that move up, change places or are taken by mistake cost nobody anything."""
    rules = policy(groups=TIERS)
    before = groups(g1=("tier-1", P[:2]), g2=("tier-2", P[2:4]))
    members = {"g1": P[:2], "g2": P[2:4], "g3": P[4:]}
    now = groups(**{key: (name, members[key]) for key, name in zip(members, names, strict=True) if name})
    held = target([account(name) for name in P], {"jira-users": P[:2], "wiki-users": P[2:4]})

    for reads in ([before, now], [before, now, now]):
        assert think(reads[-1], held, rules, memory=ours(rules, *reads[:-1])).plan.changes.empty


def test_a_renamed_group_is_to_be_written_by_a_name_that_is_its_own():
    """Under a name that is another's in the map it is to be written by its identifier."""
    rules = policy(groups=TIERS)
    before = groups(g1=("tier-1", P[:2]), g2=("tier-2", P[2:4]))

    for name, new in (("tier-2", "its identifier, g1,"), ("tier-0", "tier-0")):
        now = groups(g1=(name, P[:2]), g2=("tier-2", P[2:4]))
        notes = think(now, there(), rules, memory=ours(rules, before)).notes
        assert f"write {new} instead of tier-1 in groups.map" in [note.remedy for note in notes]


def test_who_is_in_a_second_group_gets_nothing_once_the_first_is_named_by_its_identifier():
    """Also where the name is left in the map: it is not its own."""
    rules = policy(groups={"map": {"g1": ["jira-users"], "atl-jira": ["jira-users"]}})
    reads = [groups(g1=OLD), groups(g1=OLD, g2=NEW), groups(g1=OLD, g2=NEW)]

    decision = think(reads[-1], there([]), rules, memory=ours(rules, *reads[:-1], holders=[]))

    assert [who for _, who, _ in done(decision.plan.changes)] == ["p0"]


@pytest.mark.parametrize("told", [[OLD], [OLD, NEW]])
def test_a_list_of_names_may_spell_a_group_in_another_way_at_any_time(told):
    """It is the same group, for the scope and for what it gives."""
    rules = policy(
        sources=[{"from": "idp", "scope": {"groups": ["atl-jira"]}}],
        groups={**MAPPED_ONCE, "manage": ["jira-*"]},
    )
    before, now = (groups(**{name: (name, people) for name, people in some}) for some in (told, [OLD, NEW]))

    decision = think(now, there(["p0"]), rules, memory=ours(rules, before, holders=["p0"]))

    assert done(decision.plan.changes) == [("grant", "p2", "jira-users")]
