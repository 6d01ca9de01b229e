"""When a plan waits for a person, and who is never in it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pandas as pd
import pytest

from provisioning.decide.guard import drop_protected
from provisioning.model.frames import Assignments, Changes, Entitlements, concat
from provisioning.model.snapshots import Memory, Sizes, measure
from provisioning.model.terms import Action
from tests.provisioning.worlds import (
    NOW,
    account,
    done,
    frame,
    identity,
    links,
    messages,
    policy,
    source,
    target,
    think,
)

CROWD = [f"p{n:02}" for n in range(20)]


def crowd(gone: int = 0, *, groups: bool = True):
    """Twenty people of whom some departed, and a target in which all hold a seat."""
    people = [identity(name, state="departed" if n < gone else "active") for n, name in enumerate(CROWD)]
    staying = CROWD[gone:]
    there = target([account(name) for name in CROWD], {"jira-users": CROWD})
    return source(people, {"atl-jira": staying} if groups else {}), there


def applied(rules, **facts) -> Memory:
    """A memory in which this policy was applied before."""
    return Memory(applied_policy=rules.fingerprint(), **facts)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"count": 3, "share": "100%"}, "4 destructive changes; 3 are allowed"),
        ({"count": 4, "share": "100%"}, None),
        ({"count": 50, "share": "19%"}, "4 of 20 linked accounts lose something, 20.0%; 19% is allowed"),
        ({"count": 50, "share": "20%"}, None),
    ],
)
def test_destructive_changes_are_counted_and_shared(limit, reason):
    """Either limit holds the run, with its numbers; on the limit itself the run goes on."""
    rules = policy(limits={"destructive": limit})

    verdict = think(*crowd(gone=4), rules, memory=applied(rules)).verdict

    assert ([reason, "those who lose something: 4 departed"] if reason else []) == verdict.reasons
    assert (reason is not None, 4, 20, 0.2) == (
        verdict.needs_approval,
        verdict.destructive,
        verdict.linked,
        verdict.share,
    )


def test_a_share_of_a_handful_holds_nobody_up():
    """Below ten linked accounts the share is told and does not count; the number does."""
    rules = policy(limits={"destructive": {"count": 1, "share": "1%"}})
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})

    verdict = think(
        source([identity("ann", state="departed"), identity("bob")], {"atl-jira": ["bob"]}),
        there,
        rules,
        memory=applied(rules),
    ).verdict

    assert (verdict.needs_approval, verdict.share) == (False, 0.5)


@pytest.mark.parametrize(
    ("before", "which"),
    [(None, "the first plan"), ("another policy", "the first plan since the policy changed")],
)
def test_the_first_plan_of_a_policy_that_takes_something_waits_for_a_person(before, which):
    """A new scope or rule destroys nothing unattended; attended it goes on."""
    memory = Memory(applied_policy=before)

    alone = think(*crowd(gone=1), policy(), memory=memory).verdict
    watched = think(*crowd(gone=1), policy(), memory=memory, attended=True).verdict
    harmless = think(source([identity("ann")]), target([]), policy(), memory=memory).verdict

    assert alone.needs_approval
    assert alone.reasons[0] == f"{which} has 1 destructive change; a person looks at it first"
    assert not watched.needs_approval
    assert not harmless.needs_approval


def test_a_policy_may_want_every_plan_seen():
    """`approve.above: always` holds any change, and no empty plan."""
    rules = policy().model_copy(update={"approve": policy().approve.model_copy(update={"above": "always"})})

    held = think(source([identity("ann")]), target([]), rules).verdict

    assert held.needs_approval
    assert "1 change; approve.above is always" in held.reasons
    assert not think(source([identity("ann")]), target([account("ann")]), rules).verdict.needs_approval


@pytest.mark.parametrize(("most", "needed"), [(0, True), (1, False)])
def test_a_plan_of_more_changes_than_one_person_may_approve_is_stopped(most, needed):
    """On the number itself the plan goes on; above it the reason names the key."""
    approve = policy().approve.model_copy(update={"second_person_above": most})
    rules = policy().model_copy(update={"approve": approve})

    verdict = think(source([identity("ann")]), target([]), rules).verdict

    assert verdict.needs_approval == needed
    assert needed == any("approve.second_person_above" in reason for reason in verdict.reasons)


def test_an_empty_source_always_needs_approval():
    """Whatever the limits allow."""
    _, there = crowd()

    verdict = think(source([]), there, policy(), memory=Memory(links=links(*CROWD))).verdict

    assert verdict.needs_approval
    assert "idp lists nobody; an empty source always needs approval" in verdict.reasons
    assert verdict.fallen == ["idp"]


def test_a_filter_that_leaves_nobody_holds():
    """It is more likely wrong than meant."""
    rules = policy(sources=[{"from": "idp", "scope": {"filter": 'department eq "Nowhere"'}}])

    verdict = think(*crowd(), rules).verdict

    assert verdict.needs_approval
    assert "20 identities and none is in scope" in verdict.reasons[0]


def test_a_source_that_shrank_holds_with_the_numbers():
    """Fifteen per cent fewer people than the last whole read is more than ten."""
    people, there = crowd()
    less = source([identity(name) for name in CROWD[:17]], {"atl-jira": CROWD[:17]})

    verdict = think(
        less, there, policy(), memory=applied(policy(), previous={"idp": measure(people)})
    ).verdict

    assert "idp fell from 20 to 17 identities, by 15.0%; 10% is allowed" in verdict.reasons
    assert "idp fell from 20 to 17 memberships, by 15.0%; 10% is allowed" in verdict.reasons
    assert verdict.fallen == ["idp"]


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("department:Sales", "idp, department Sales fell from 12 to 0, by 100.0%; 40% is allowed"),
        ("domain:old.test", "idp, domain old.test fell from 12 to 0"),
        ("group:atl-gone", "idp, group atl-gone fell from 12 to 0"),
    ],
)
def test_a_segment_that_vanished_holds_although_the_whole_did_not_fall(segment, reason):
    """One department, domain or group that is missing tells of a failed read."""
    people, there = crowd()
    before = Sizes(20, 20, {segment: 12})

    verdict = think(people, there, policy(), memory=applied(policy(), previous={"idp": before})).verdict

    assert verdict.needs_approval
    assert reason in verdict.reasons[0]


@pytest.mark.parametrize("segment", [{"department:Sales": 9}, {"group:atl-jira": 40}])
def test_small_segments_and_groups_that_only_shrank_do_not_hold(segment):
    """Three of nine may leave, and projects end."""
    people, there = crowd()

    verdict = think(
        people, there, policy(), memory=applied(policy(), previous={"idp": Sizes(20, 20, segment)})
    ).verdict

    assert not verdict.needs_approval


def test_an_incomplete_source_takes_nothing_and_still_gives():
    """Losses are withheld and told; what people gain cannot come from a gap."""
    whole, there = crowd(gone=2)
    part = source(
        [*whole.identities.to_dict("records"), identity("new")],
        {"atl-jira": [*CROWD[2:], "new"]},
        complete=False,
    )

    decision = think(part, there, policy())

    assert done(decision.plan.changes) == [("create", "new", None), ("grant", "new", "jira-users")]
    assert 2 == decision.verdict.withheld == len(decision.withheld)
    assert decision.verdict.reasons == ["2 changes are withheld, because idp was not read whole"]
    assert not decision.verdict.needs_approval


def test_a_source_that_was_not_read_at_all_counts_as_incomplete():
    """Its people are not taken for gone."""
    both = [{"from": "idp"}, {"from": "other"}]
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    before = Memory(links=pd.concat([links("ann"), links("bob", source="other")]))

    decision = think(
        source([identity("ann")], {"atl-jira": ["eve"]}), there, policy(sources=both), memory=before
    )

    assert len(decision.plan.changes) == 0
    assert decision.verdict.withheld == 1
    assert "1 change is withheld, because other was not read whole" in decision.verdict.reasons
    assert decision.links["account_id"].tolist() == ["acc-ann", "acc-bob"]
    assert len(decision.orphans) == 0


def test_an_incomplete_target_creates_nobody_twice():
    """An account that was not read is not missing."""
    part = target([account("bob")], complete=False)

    decision = think(
        source([identity("ann"), identity("bob")], {"atl-jira": ["ann", "bob"]}),
        part,
        policy(),
        memory=Memory(links=links("ann")),
    )

    assert done(decision.plan.changes) == [("grant", "bob", "jira-users")]
    assert "acc-ann" in decision.links["account_id"].tolist()


def test_an_incomplete_target_takes_nothing():
    """Whoever else holds what is taken is not known; the reason names the target."""
    whole = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    people = source([identity("ann", state="departed"), identity("bob")], {"atl-jira": ["bob"]})

    decision = think(people, dataclasses.replace(whole, complete=False), policy())

    assert done(decision.plan.changes) == []
    assert decision.verdict.withheld == len(decision.withheld) > 0
    assert any("cloud was not read whole" in reason for reason in decision.verdict.reasons)


def test_a_source_that_the_policy_does_not_name_hides_no_empty_one():
    """It is read for its groups alone, say, and stands before the others."""
    _, there = crowd()

    verdict = think(
        [source([identity("eve")], name="other"), source([])],
        there,
        policy(),
        memory=Memory(links=links(*CROWD)),
    ).verdict

    assert verdict.fallen == ["idp"]


def test_a_target_that_lost_the_accounts_we_know_holds():
    """Nobody is created anew because a read came back short."""
    people, _ = crowd()

    verdict = think(people, target([account(CROWD[0])]), policy(), memory=Memory(links=links(*CROWD))).verdict

    assert "cloud lists 1 of 20 linked accounts, by 95.0%; 10% is allowed" in verdict.reasons


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        ({"caller": True}, {}),
        ({}, {"emails": ["ann@*"]}),
        ({"email": "service@acme.test"}, {"emails": ["service@*"]}),
        ({}, {"groups": ["jira-*"]}),
        ({}, {"kinds": ["person"]}),
    ],
)
def test_protected_accounts_and_groups_lose_nothing(facts, rules):
    """Neither seats nor the account, by whichever address or group they are protected."""
    there = target([account("ann", **facts)], {"jira-users": ["ann"]})
    people = source([identity("ann", state="departed")])

    decision = think(
        people,
        there,
        policy(protect=rules, leaver=[{"do": "revoke_seats"}]),
        memory=Memory(links=links("ann")),
    )

    assert len(decision.plan.changes) == 0
    assert "left out, protected" in messages(decision) or "1 paid seat of leavers stays" in messages(decision)


def test_the_last_administrators_stay():
    """Whoever alone holds an administrative group keeps the account; with a successor they may go."""
    people = source([identity("ann", state="departed"), identity("bob")])
    rules = policy(leaver=[{"do": "suspend"}], protect={"kinds": []})
    ann, bob = account("ann"), account("bob")

    alone = think(people, target([ann, bob], {"site-admins": ["ann"]}), rules)
    two = think(people, target([ann, bob], {"site-admins": ["ann", "bob"]}), rules)

    assert done(alone.plan.changes) == []
    assert "the last administrator: ann@acme.test" in messages(alone)
    assert done(two.plan.changes) == [("suspend", "ann", None)]


def test_what_the_connector_cannot_do_is_a_note():
    """The plan holds nothing that would be refused."""
    decision = think(
        source([identity("ann"), identity("bob", display_name="Robert")]),
        target([account("bob")]),
        policy(),
        actions={Action.UPDATE},
    )

    assert done(decision.plan.changes) == [("update", "bob", None)]
    assert "1 change left out: this connector cannot create accounts" in messages(decision)
    assert "make the change by hand in the target" in [note.remedy for note in decision.notes]


def test_several_changes_that_the_connector_cannot_make_are_one_note():
    """And what to do about them is said of all."""
    decision = think(source([identity("ann"), identity("bob")]), target([]), policy(), actions={Action.GRANT})

    (note,) = [note for note in decision.notes if "this connector cannot create" in note.message]
    assert (note.message, note.remedy) == (
        "2 changes left out: this connector cannot create accounts", "make them by hand in the target"
    )  # fmt: skip


def paid(who, product="jira"):
    return {"account_id": f"acc-{who}", "product": product, "activity": "used"}


def test_a_plan_that_needs_more_seats_than_there_are_holds_with_the_numbers():
    """Bought, used, needed and freed stand in the reason."""
    people = source([identity(n) for n in ("ann", "bob", "cyd")], {"atl-jira": ["ann", "bob", "cyd"]})
    there = target(
        [account("ann"), account("bob"), account("cyd")],
        {"jira-users": ["ann"]},
        seats=[paid("ann")],
        capacity={"jira": 2},
    )

    verdict = think(people, there, policy()).verdict

    told = "jira on acme: 2 more seats are needed; 2 are bought, 1 in use, 0 freed by this plan"
    assert verdict.reasons == [f"{told}; buy seats, or set capacity: fill"]


def test_fill_grants_what_there_is_room_for():
    """The rest waits, and a note says so."""
    people = source([identity(n) for n in ("ann", "bob", "cyd")], {"atl-dev": ["ann", "bob", "cyd"]})
    there = target(
        [account("ann"), account("bob"), account("cyd")],
        {"jira-users": ["ann"]},
        seats=[paid("ann")],
        capacity={"jira": 2},
    )

    decision = think(people, there, policy(capacity="fill"))

    assert done(decision.plan.changes) == [
        ("grant", "ann", "developers"),
        ("grant", "bob", "developers"),
        ("grant", "bob", "jira-users"),
        ("grant", "cyd", "developers"),
    ]
    assert decision.plan.changes["position"].tolist() == [0, 1, 2, 3]
    assert "1 person waits for a seat" in messages(decision)


def test_seats_that_the_plan_frees_are_free():
    """A leaver's seat serves the joiner of the same day, unless the leaver holds it another way."""
    people = source([identity("ann", state="departed"), identity("bob")], {"atl-jira": ["bob"]})
    there = target(
        [account("ann"), account("bob")], {"jira-users": ["ann"]}, seats=[paid("ann")], capacity={"jira": 1}
    )
    role = {
        "target": "cloud",
        "kind": "role",
        "entitlement_id": "r",
        "name": "r",
        "product": "jira",
        "site": "acme",
        "billable": True,
        "admin": False,
        "default": False,
        "modifiable": False,
    }
    held = there.assignments.iloc[[0]].assign(kind="role", entitlement_id="r", name="r")

    assert not think(people, there, policy(), attended=True).verdict.needs_approval
    there.entitlements.loc[len(there.entitlements)] = concat(
        Entitlements, [frame(Entitlements, [role])]
    ).iloc[0]
    there.assignments.loc[len(there.assignments)] = held.iloc[0]
    decision = think(people, there, policy(), attended=True)
    assert "0 freed by this plan" in decision.verdict.reasons[0]
    assert "1 paid seat of leavers stays, granted by" in messages(decision)


def test_a_protected_person_is_safe_where_the_target_hides_addresses():
    """Only the link says whose account it is, and only the person bears the protected address."""
    there = target([account("ann", email=None, user_name=None)], {"jira-users": ["ann"]})
    people = source([identity("ann", state="departed")])
    known = Memory(links=links("ann"))

    spared = think(people, there, policy(protect={"emails": ["ANN@acme.test"]}), memory=known)
    others = think(people, there, policy(protect={"emails": ["bob@acme.test"]}), memory=known)

    assert done(spared.plan.changes) == []
    assert "1 destructive change left out, protected" in messages(spared)
    assert done(others.plan.changes) == [("revoke", "ann", "jira-users")]


def test_the_last_fence_protects_groups_whoever_planned_the_change():
    """Should a rule forget to spare a protected group, the guard still does, and it spares no other."""
    there = target([account("ann")], {"jira-users": ["ann"], "wiki-users": ["ann"]})
    decision = think(source([identity("ann", state="departed")]), there, policy())
    protecting = dataclasses.replace(decision.context, policy=policy(protect={"groups": ["JIRA-*"]}))

    left = drop_protected(protecting, decision.plan.changes)

    assert done(decision.plan.changes) == [("revoke", "ann", "jira-users"), ("revoke", "ann", "wiki-users")]
    assert done(left) == [("revoke", "ann", "wiki-users")]


def administered():
    """Two administrative entitlements of one identifier: a group of Ann alone, a role of Ann and Bob."""
    there = target(
        [account("ann"), account("bob")],
        {"site-admins": ["ann"], "jira-users": ["ann"]},
    )
    role = {"kind": "role", "name": "owners"}
    admins = there.entitlements[there.entitlements["name"] == "site-admins"].assign(**role)
    owners = there.assignments[there.assignments["name"] == "site-admins"].assign(**role)
    owners = concat(Assignments, [owners, owners.assign(account_id="acc-bob")])
    return dataclasses.replace(
        there,
        entitlements=concat(Entitlements, [there.entitlements, admins]),
        assignments=concat(Assignments, [there.assignments, owners]),
    )


OPEN = policy(protect={"kinds": []}, leaver=[{"do": "suspend"}], mover={"update": ["display_name"]})


def test_the_last_administrator_of_one_of_two_entitlements_stays():
    """Whoever alone holds the group stays, though a role of the same identifier has another administrator."""
    there = administered()

    ann = think(source([identity("ann", state="departed"), identity("bob")]), there, OPEN)
    bob = think(source([identity("ann"), identity("bob", state="departed")]), there, OPEN)
    both = think(source([identity(n, state="departed") for n in ("ann", "bob")]), there, OPEN)

    assert done(ann.plan.changes) == []
    assert done(bob.plan.changes) == [("suspend", "bob", None)]
    assert done(both.plan.changes) == []


def test_only_what_would_leave_nobody_is_kept_from_a_last_administrator():
    """Another role or group may go, and what takes nothing goes on."""
    people = source([identity("ann", display_name="Ann Lee"), identity("bob")])
    decision = think(people, administered(), OPEN)
    update = decision.plan.changes
    revokes = [
        {"kind": "group", "entitlement_id": "e-site-admins", "entitlement": "site-admins"},
        {"kind": "role", "entitlement_id": "e-site-admins", "entitlement": "owners"},
        {"kind": "group", "entitlement_id": "e-jira-users", "entitlement": "jira-users"},
    ]
    group, role, other = (update.assign(action="revoke", destructive=True, **facts) for facts in revokes)

    assert done(update) == [("update", "ann", None)]
    for changes, left in ((group, []), (role, ["owners"]), (other, ["jira-users"])):
        assert drop_protected(decision.context, changes)["entitlement"].tolist() == left
    mixed = drop_protected(decision.context, concat(Changes, [update, group]))
    assert mixed["action"].tolist() == ["update"]


@pytest.mark.parametrize(
    ("was", "now", "fell"),
    [(10, 8, True), (9, 7, False), (20, 18, False), (20, 17, True)],
    ids=["ten rows count", "nine say nothing", "exactly the share", "more than the share"],
)
def test_both_boundaries_of_a_drop(was, now, fell):
    """From ten rows on a share counts, and only above the limit of ten per cent."""
    names = CROWD[:now]
    there = target([account(name) for name in names])
    before = Sizes(was, 0, {})

    verdict = think(
        source([identity(name) for name in names]),
        there,
        policy(),
        memory=applied(policy(), previous={"idp": before}),
    ).verdict

    assert (verdict.needs_approval, verdict.fallen) == (fell, ["idp"] if fell else [])


@pytest.mark.parametrize(("size", "blocked"), [(10, True), (9, False)])
def test_the_share_of_losses_counts_from_ten_linked_accounts_on(size, blocked):
    """One of ten is a tenth; one of nine says nothing."""
    rules = policy(limits={"destructive": {"count": 50, "share": "5%"}}, leaver=[{"do": "suspend"}])
    people = [identity(name, state="departed" if n == 0 else "active") for n, name in enumerate(CROWD[:size])]

    verdict = think(
        source(people), target([account(name) for name in CROWD[:size]]), rules, memory=applied(rules)
    ).verdict

    assert (verdict.needs_approval, verdict.destructive, verdict.linked) == (blocked, 1, size)


@pytest.mark.parametrize(("unread", "held"), [(10, False), (11, True)])
def test_too_many_unreadable_rows_hold_a_plan(unread, held):
    """Beyond the number and the share; an empty plan has nothing to hold."""
    rows = [f"row {number}" for number in range(unread)]
    people = source([identity("ann"), *(identity(f"p{n}") for n in range(200))], rejected=rows)
    accounts = [account("ann", display_name="Other"), *(account(f"p{n}") for n in range(200))]
    rules = policy(mover={"update": ["display_name"]})

    verdict = think(people, target(accounts), rules).verdict
    nothing = think(people, target([*accounts[1:], account("ann")]), rules).verdict

    words = "11 rows of idp could not be read, 5.2%; 10 or 1% are allowed (limits.rejects)"
    assert (words in verdict.reasons) is held
    assert not any("limits.rejects" in reason for reason in nothing.reasons)


def test_a_plan_goes_on_where_the_share_of_unreadable_rows_is_the_limit():
    """Twenty of four hundred are five in a hundred."""
    rows = [f"row {number}" for number in range(20)]
    people = source([identity("ann"), *(identity(f"p{n}") for n in range(379))], rejected=rows)

    verdict = think(people, target([]), policy(limits={"rejects": {"count": 10, "share": "5%"}})).verdict

    assert not any("limits.rejects" in reason for reason in verdict.reasons)


def test_a_held_plan_names_its_causes():
    """A scope that leaves many out is no wave of leavers, and says where to correct it."""
    people = [identity(name, department="Sales" if n < 7 else "Ops") for n, name in enumerate(CROWD)]
    people[19]["state"] = "departed"
    there = target([account(name) for name in CROWD], {"jira-users": CROWD})
    rules = policy(
        sources=[{"from": "idp", "scope": {"filter": 'department eq "Ops"'}}],
        limits={"destructive": {"count": 3, "share": "100%"}},
    )

    memory = applied(rules, links=links(*CROWD))

    verdict = think(source(people, {"atl-jira": CROWD[:18]}), there, rules, memory=memory).verdict

    (causes,) = [reason for reason in verdict.reasons if reason.startswith("those who lose something")]
    assert causes == (
        "those who lose something: 7 no longer in scope, 1 departed, 1 who stay"
        "; if those out of scope should be in it, correct sources.scope"
    )


@pytest.mark.parametrize(("days", "held"), [(1, True), (0, False), (-1, False)])
def test_a_file_older_than_the_one_before_takes_nothing_unattended(days, held):
    """Whoever was hired since is missing in it; the same file again, or a newer one, is judged as ever."""
    people, there = crowd(gone=1)
    rules = policy()
    before = measure(dataclasses.replace(people, as_of=NOW))
    old = dataclasses.replace(people, as_of=NOW - timedelta(days=days))

    memory = applied(rules, previous={"idp": before}, written={"idp": NOW})
    verdict = think(old, there, rules, memory=memory).verdict

    assert verdict.needs_approval is held
    assert verdict.fallen == (["idp"] if held else [])
    words = (
        f"the file of idp is of {NOW - timedelta(days=days):%Y-%m-%d %H:%M} UTC, "
        f"and the one before it was of {NOW:%Y-%m-%d %H:%M} UTC; "
        "put a current export there, or approve the plan if this one is right"
    )
    assert (words in verdict.reasons) is held


def test_a_file_older_than_the_one_before_gives_nothing_unattended():
    """Whoever left since would get back what they held."""
    people = source([identity("ann")], {"atl-jira": ["ann"]})
    before = measure(dataclasses.replace(people, as_of=NOW))
    old = dataclasses.replace(people, as_of=NOW - timedelta(days=1))
    rules = policy()
    memory = applied(rules, previous={"idp": before}, written={"idp": NOW})

    giving = think(old, target([account("ann")]), rules, memory=memory).verdict
    in_step = think(old, target([account("ann")], {"jira-users": ["ann"]}), rules, memory=memory).verdict

    assert (giving.needs_approval, giving.destructive, giving.older) == (True, 0, ["idp"])
    assert (in_step.needs_approval, in_step.fallen, in_step.older) == (False, ["idp"], ["idp"])


def dwindling(left: int, **earlier: list[Sizes]):
    """Twenty people of whom so many are left, a plan that takes something, and what was read in 30 days."""
    rules = policy()
    people = source([identity(name) for name in CROWD[:left]], {"atl-jira": CROWD[: left - 1]})
    holding = target([account(name) for name in CROWD], {"jira-users": CROWD[:left]})
    memory = applied(rules, previous={"idp": Sizes(left + 1, left, {})}, sizes_30d=earlier)
    return think(people, holding, rules, memory=memory).verdict


def test_a_steady_loss_of_people_counts_where_the_plan_takes_something():
    """Five in a hundred a run is within the limit of one read, and not within that of a month."""
    sizes = [Sizes(20, 19, {}), Sizes(18, 17, {})]

    within, beyond = dwindling(18, idp=sizes), dwindling(17, elsewhere=sizes, idp=sizes)

    assert not any("within 30 days" in reason for reason in within.reasons)
    assert beyond.reasons[0] == (
        "idp fell from 20 to 17 identities within 30 days, by 15.0%; 10% is allowed; "
        "approve the plan if so many have left"
    )


def test_what_fell_in_this_read_is_not_told_as_a_steady_loss_too():
    """One cause is one sentence."""
    rules = policy(limits={"source_drop": "10%"})
    people, there = crowd(gone=1)
    many = Sizes(40, 40, {})

    verdict = think(
        people, there, rules, memory=applied(rules, previous={"idp": many}, sizes_30d={"idp": [many]})
    ).verdict

    assert [reason.partition(",")[0] for reason in verdict.reasons if " fell from " in reason] == [
        "idp fell from 40 to 20 identities", "idp fell from 40 to 19 memberships"
    ]  # fmt: skip
