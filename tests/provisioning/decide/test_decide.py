"""What follows for whom: joiners, movers, leavers, rehires, idle seats."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pandas as pd
import pytest

from provisioning.decide.plan import invert
from provisioning.model.frames import Assignments, Rejects, Taken, complete, rows
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import (
    MAP,
    NOW,
    account,
    done,
    entitlement,
    frame,
    identity,
    links,
    messages,
    policy,
    source,
    target,
    think,
)

ANN = source([identity("ann")], {"atl-jira": ["ann"]})


def remembered(model, who: str, group: str, **facts):
    """One remembered entitlement."""
    return frame(model, [{"target": "cloud", "account_id": f"acc-{who}", **entitlement(group), **facts}])


def movement(decision, who: str) -> str:
    table = decision.movements
    return str(table.loc[table["source_id"] == f"id-{who}", "movement"].iloc[0])


def test_a_joiner_is_created_and_gets_what_the_groups_grant():
    """The creation carries the attributes, the grant says why and what it costs."""
    create, grant = rows(think(ANN, target([]), policy()).plan.changes)

    assert orjson.loads(create.after) == {"display_name": "Ann", "email": "ann@acme.test", "user_name": "ann"}
    assert (create.before, create.subject, create.account_id, create.destructive, create.reversible) == (
        "{}",
        "ann@acme.test",
        None,
        False,
        False,
    )
    assert grant.rule == "groups.map: atl-jira"
    assert grant.reason == "member of atl-jira in idp; opens jira on acme, a billed seat"
    assert (grant.before, grant.after, grant.movement) == (
        '{"assigned":false}',
        '{"assigned":true}',
        "joiner",
    )


def test_nobody_is_created_who_is_not_there_yet():
    """Staged people wait until they are active or their first day has come."""
    later = NOW + timedelta(days=3)
    people = [identity("ann", state="staged", hired_on=later), identity("bob", state="staged", hired_on=NOW)]

    assert done(think(source(people), target([]), policy()).plan.changes) == [("create", "bob", None)]


def test_creation_can_be_switched_off():
    """Whom nobody creates is counted in a note."""
    decision = think(ANN, target([]), policy(joiner={"create": False}))

    assert len(decision.plan.changes) == 0
    assert "1 person has no account" in messages(decision)


def test_joiners_get_products_and_defaults_that_no_sync_takes_again():
    """What a joiner got by default is still theirs the day after, although no IdP group grants it."""
    rules = policy(
        joiner={"products": ["wiki"]},
        groups={
            "default": {"new": ["developers"], "all": ["All-Staff"]},
            "map": {"atl-dev": ["developers"]},
            "may_remove": ["*"],
        },
    )
    people = source([identity("ann"), identity("bob")], {"atl-dev": ["bob"]})
    first = think(people, target([account("bob")], {"developers": ["bob"]}), rules)
    day_after = target(
        [account("ann"), account("bob")],
        {"wiki-users": ["ann"], "developers": ["ann", "bob"], "all-staff": ["ann", "bob"]},
    )

    assert [c for c in done(first.plan.changes) if c[0] == "grant"] == [
        ("grant", "ann", "all-staff"),
        ("grant", "ann", "developers"),
        ("grant", "ann", "wiki-users"),
        ("grant", "bob", "all-staff"),
    ]
    assert len(think(people, day_after, rules).plan.changes) == 0


def test_people_without_an_address_and_twins_are_not_created():
    """What would be refused or doubled by the target is told, and the others go on."""
    people = [
        identity("ann", email=None),
        identity("bob", email="x@acme.test"),
        identity("cyd", email="X@acme.test"),
        identity("dan"),
    ]

    decision = think(source(people), target([]), policy())

    assert done(decision.plan.changes) == [("create", "dan", None)]
    assert "1 person gets no account, because they have no email: ann" in messages(decision)
    assert decision.ambiguities["source_id"].tolist() == ["id-bob", "id-cyd"]


@pytest.mark.parametrize("linked", [links("ann"), links()])
def test_whose_account_may_stand_in_a_row_askew_gets_no_second_one(linked):
    """The link lasts where it is not found, and a row that shows an address is that of its owner."""
    shown = {"value": "acc-9, Ann Jr" if len(linked) else "712:9, Ann,  Jr, ann@acme.test"}
    row = {"origin": "cloud", "field": "row", "problem": "p", "remedy": "r", **shown}
    there = replace(target([account("eve")]), rejects=frame(Rejects, [row]))

    decision = think(source([identity("ann"), identity("bob")]), there, policy(), memory=Memory(links=linked))

    assert done(decision.plan.changes) == [("create", "bob", None)]
    assert decision.links["account_id"].tolist() == linked["account_id"].tolist()


@pytest.mark.parametrize("column", ["key", "value"])
def test_whoever_may_have_an_account_that_could_not_be_read_gets_no_second_one(column):
    """Its rows name two addresses, say: either of them may be that of its owner."""
    told = {"key": ["1"], "value": ["x"], column: ["ANN@acme.test"]}
    rejected = frame(Rejects, [{"origin": "cloud", "field": "email", "problem": "p", "remedy": "r"}])
    there = replace(target([account("eve")]), rejects=rejected.assign(**told))

    decision = think(source([identity("ann"), identity("bob")]), there, policy())

    assert done(decision.plan.changes) == [("create", "bob", None)]
    assert decision.ambiguities["reason"].tolist() == ["an account that could not be read has the same email"]


def test_an_account_in_step_is_left_alone():
    """Nothing to do is an empty plan, and the person stays."""
    decision = think(ANN, target([account("ann")], {"jira-users": ["ann"]}), policy())

    assert len(decision.plan.changes) == 0
    assert movement(decision, "ann") == "stayer"
    assert not decision.verdict.needs_approval


def test_a_mover_gains_and_loses_groups_and_gets_a_new_name():
    """Attributes and groups follow the source; the plan grants before it revokes."""
    people = source([identity("ann", display_name="Ann Lee")], {"atl-wiki": ["ann"], "atl-jira": ["bob"]})
    there = target([account("ann")], {"jira-users": ["ann"]})

    decision = think(people, there, policy())
    update, grant, revoke = rows(decision.plan.changes)

    assert (update.before, update.after) == ('{"display_name":"Ann"}', '{"display_name":"Ann Lee"}')
    assert (grant.action, grant.entitlement, revoke.action, revoke.entitlement) == (
        "grant",
        "wiki-users",
        "revoke",
        "jira-users",
    )
    assert (revoke.destructive, revoke.reversible) == (True, True)
    assert "mover" == movement(decision, "ann") == update.movement


def test_an_unknown_wish_changes_nothing():
    """A source without a display name does not clear the one in the target."""
    people = source([identity("ann", display_name=None)])

    assert len(think(people, target([account("ann")]), policy()).plan.changes) == 0


def test_profiles_of_other_organisations_are_told_and_not_changed():
    """Accounts of unclaimed domains belong to their holders."""
    people = source([identity("ann", display_name="Ann Lee"), identity("bob")])

    decision = think(people, target([account("ann", managed=False), account("bob")]), policy())

    assert len(decision.plan.changes) == 0
    assert "1 account shows other attributes" in messages(decision)


@pytest.mark.parametrize(
    ("groups", "kept"),
    [
        ({"may_remove": ["wiki-*"]}, True),
        ({"may_remove": ["*"], "default": {"new": ["jira-users"]}}, True),
        ({"may_remove": ["jira-*"], "manage": ["jira-*"]}, False),
    ],
)
def test_a_group_is_taken_only_where_the_policy_allows_it(groups, kept):
    """may_remove must name it, and it must not be one given by default."""
    people = source([identity("ann")], {"atl-jira": ["someone"]})
    rules = policy(groups={"map": {"atl-jira": ["jira-users"]}, **groups})

    decision = think(people, target([account("ann")], {"jira-users": ["ann"]}), rules)

    assert ([] if kept else [("revoke", "ann", "jira-users")]) == done(decision.plan.changes)


def test_a_group_nobody_maps_is_taken_only_from_those_who_have_it_from_us():
    """Own what you touch: other hands' grants stay, unless the policy takes the group over."""
    people, there = (
        source([identity("ann"), identity("bob")]),
        target([account("ann"), account("bob")], {"developers": ["ann", "bob"]}),
    )
    ours = Memory(owned=remembered(Assignments, "ann", "developers"))

    mine = think(people, there, policy(groups={"may_remove": ["*"]}), memory=ours)
    taken_over = think(people, there, policy(groups={"may_remove": ["*"], "manage": ["dev*"]}))

    assert done(mine.plan.changes) == [("revoke", "ann", "developers")]
    assert len(taken_over.plan.changes) == 2


def test_additive_mode_never_takes_a_group():
    """It adds what is missing and leaves the rest."""
    people = source([identity("ann")], {"atl-jira": ["bob"]})

    decision = think(
        people, target([account("ann")], {"jira-users": ["ann"]}), policy(mover={"mode": "additive"})
    )

    assert len(decision.plan.changes) == 0


def test_a_mapped_group_without_a_single_member_empties_nothing():
    """It may be misspelt or gone: a note says so, and nobody loses anything."""
    decision = think(source([identity("ann")]), target([account("ann")], {"jira-users": ["ann"]}), policy())

    assert len(decision.plan.changes) == 0
    assert "mapped IdP groups without a member in idp: atl-dev, atl-jira, atl-wiki" in messages(decision)


def test_groups_without_meaning_and_without_a_counterpart_are_named():
    """Unmapped IdP groups, and mapped groups the target does not have."""
    rules = policy(groups={"map": {"atl-jira": ["jria-users"]}})

    decision = think(source([identity("ann")], {"atl-jira": ["ann"], "dept": ["ann"]}), target([]), rules)

    assert "no such group in the target: jria-users" in messages(decision)
    assert "1 IdP group is not mapped: dept" in messages(decision)


def test_groups_are_renamed_or_taken_by_name_where_the_map_is_silent():
    """The map comes first, then the first rename that fits, then the same name where that is wanted."""
    groups = {
        "map": {"APP-JIRA": ["wiki-users"]},
        "rename": [{"regex": "^APP-(.*)$", "to": "$1", "transform": ["lower"]}],
    }
    people = source([identity("ann")], {"APP-JIRA": ["ann"], "APP-Developers": ["ann"], "all-staff": ["ann"]})
    there = target([account("ann")])

    assert done(think(people, there, policy(groups=groups)).plan.changes) == [
        ("grant", "ann", "developers"),
        ("grant", "ann", "wiki-users"),
    ]
    assert ("grant", "ann", "all-staff") in done(
        think(people, there, policy(groups={**groups, "same_name": True})).plan.changes
    )


NEW = {"map": {"atl-jira": ["jira-users", "newcomers"]}, "rename": [{"regex": "^x-(.*)$", "to": "$1"}]}


def making(*, actions=None, **groups):
    """Two people in a mapped, a renamed and a plain IdP group, of none of which the target has a group."""
    people = source(
        [identity("ann"), identity("bob"), identity("cyd", state="departed")],
        {"atl-jira": ["ann", "bob"], "x-guild": ["bob"], "chess": ["ann"], "gone": ["cyd"]},
    )
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    return think(people, there, policy(groups={**NEW, **groups}), actions=actions)


def test_missing_groups_are_made_first_where_the_policy_says_so():
    """A change for each group somebody active should hold, before all others; the people wait."""
    default = {"all": ["Everybody"]}

    decision = making(create_missing=True, same_name=True, default=default)

    made = rows(decision.plan.changes)
    assert [(c.action, c.subject, c.rule, c.reason.partition(" should")[0]) for c in made] == [
        ("create_group", "Everybody", "groups.default.all", "2 people"),
        ("create_group", "chess", "groups.same_name", "1 person"),
        ("create_group", "guild", "groups.rename: ^x-(.*)$", "1 person"),
        ("create_group", "newcomers", "groups.map: atl-jira", "2 people"),
    ]
    assert {(c.account_id, c.source, c.source_id, c.kind, c.entitlement_id) for c in made} == {
        (None, None, None, "group", None)
    }
    assert {(c.before, c.after) for c in made} == {('{"exists":false}', '{"exists":true}')}
    assert not decision.plan.changes[["destructive", "reversible"]].any().any()
    assert decision.plan.changes["change_id"].is_unique
    assert made[1].reason.endswith("member of chess in idp")
    assert "Everybody, chess, guild, newcomers; 6 memberships in them wait" in messages(decision)


@pytest.mark.parametrize(
    "narrower",
    [{}, {"create_missing": True, "may_add": ["jira-*"]}, {"create_missing": True, "actions": ["grant"]}],
    ids=["not asked for", "may_add names none", "the connector cannot"],
)
def test_no_group_is_made_that_may_not_be(narrower):
    """Then missing groups are noted as ever, and IdP groups without a namesake are not mapped."""
    decision = making(same_name=True, **narrower)

    assert len(decision.plan.changes) == 0
    assert "no such group in the target: guild, newcomers" in messages(decision)
    assert "2 IdP groups are not mapped: chess, gone" in messages(decision)


def test_only_groups_that_are_missing_and_named_so_are_made():
    """A namesake in another case is the group; without same_name an unmapped IdP group makes none."""
    people = source([identity("ann")], {"Developers": ["ann"], "chess": ["ann"]})
    there = target([account("ann")])

    plain = think(people, there, policy(groups={"create_missing": True})).plan.changes
    named = think(people, there, policy(groups={"create_missing": True, "same_name": True})).plan.changes

    assert len(plain) == 0
    assert [(c.action, c.entitlement) for c in rows(named)] == [
        ("create_group", "chess"),
        ("grant", "developers"),
    ]


def test_what_cannot_be_granted_is_noted_and_not_planned():
    """Groups that are managed elsewhere, and groups may_add does not name."""
    groups = {"map": {"a": ["synced"], "b": ["developers"]}, "may_add": ["s*"]}
    people = source([identity("ann"), identity("bob")], {"a": ["ann", "bob"], "b": ["ann"]})

    decision = think(people, target([account("ann"), account("bob")]), policy(groups=groups))

    assert len(decision.plan.changes) == 0
    assert "2 people should have synced, which the target does not let us change" in messages(decision)
    assert "1 person should have developers, which may_add does not name" in messages(decision)


@pytest.mark.parametrize(
    ("days", "planned"),
    [
        (0, [("revoke", "ann", "jira-users")]),
        (6.99, [("revoke", "ann", "jira-users")]),
        (7, [("revoke", "ann", "jira-users"), ("deactivate", "ann", None)]),
        (90, [("revoke", "ann", "jira-users"), ("delete", "ann", None)]),
    ],
)
def test_a_leaver_goes_stage_by_stage(days, planned):
    """Each stage comes after its own days, on the day itself, counted from the first sight."""
    there = target([account("ann")], {"jira-users": ["ann"], "developers": ["ann"]})
    since = Memory(leavers={"acc-ann": NOW - timedelta(days=days)})

    decision = think(source([identity("ann", state="departed")]), there, policy(), memory=since)

    assert planned == done(decision.plan.changes)
    assert movement(decision, "ann") == "leaver"
    assert pd.Timestamp(since.leavers["acc-ann"]) == decision.movements["since"].iloc[0]


def test_a_stage_that_is_reached_is_not_planned_again():
    """A deactivated leaver waits for the last stage."""
    since = Memory(leavers={"acc-ann": NOW - timedelta(days=30)})
    there = target([account("ann", state="deactivated")], {"jira-users": ["ann"]})

    assert (
        len(think(source([identity("ann", state="departed")]), there, policy(), memory=since).plan.changes)
        == 0
    )


def test_an_account_of_another_organisation_is_suspended_where_ours_are_deactivated():
    """Only managed accounts can be deactivated; the reason says so."""
    since = Memory(leavers={"acc-ann": NOW - timedelta(days=30)})
    there = target([account("ann", managed=False), account("bob")])

    change = rows(
        think(source([identity("ann", state="departed")]), there, policy(), memory=since).plan.changes
    )[0]

    assert (change.action, change.before, change.after) == (
        "suspend",
        '{"state":"active"}',
        '{"state":"suspended"}',
    )
    assert "only suspended: the account is not the organisation's" in change.reason


def test_someone_suspended_at_the_source_loses_seats_but_is_never_deleted():
    """They may be back tomorrow: the stages go as far as can be returned."""
    since = Memory(leavers={"acc-ann": NOW - timedelta(days=400)})
    there = target([account("ann")], {"jira-users": ["ann"]})

    decision = think(source([identity("ann", state="suspended")]), there, policy(), memory=since)

    assert done(decision.plan.changes) == [("revoke", "ann", "jira-users"), ("deactivate", "ann", None)]
    assert "suspended at the identity provider" in decision.movements["reason"].iloc[0]


@pytest.mark.parametrize(
    ("people", "scope", "reason"),
    [
        ([identity("bob")], {}, "no longer listed by idp"),
        ([identity("ann"), identity("bob")], {"filter": 'userName eq "bob"'}, "no longer in scope"),
    ],
)
def test_whoever_was_linked_and_is_gone_or_out_of_scope_is_a_leaver(people, scope, reason):
    """The link remembers them; without it the account would be nobody's business."""
    there = target([account("ann"), account("bob")], {"jira-users": ["ann"]})
    rules = policy(sources=[{"from": "idp", "scope": scope}])

    decision = think(source(people), there, rules, memory=Memory(links=links("ann")))

    assert done(decision.plan.changes) == [("revoke", "ann", "jira-users")]
    table = decision.movements
    assert reason in table.loc[table["account_id"] == "acc-ann", "reason"].iloc[0]
    assert "acc-ann" in decision.links["account_id"].tolist()


def test_departed_people_stay_in_scope_without_their_groups():
    """Identity providers empty the groups of who departs; that must not hide the leaver."""
    rules = policy(sources=[{"from": "idp", "scope": {"groups": ["atl-*"]}}])
    people = source(
        [identity("ann", state="departed"), identity("bob"), identity("cyd")], {"atl-jira": ["bob"]}
    )

    decision = think(people, target([account("ann")], {"jira-users": ["ann"]}), rules)

    assert ("revoke", "ann", "jira-users") in done(decision.plan.changes)
    assert sorted(decision.identities["source_id"]) == ["id-ann", "id-bob"]


def test_a_row_that_could_not_be_read_is_no_leaver():
    """One bad row costs nobody an account: neither the person nor the groups are taken for gone."""
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    people = source([identity("bob"), identity("cyd")], {"atl-jira": ["cyd"]}, rejected=["id-ann", "id-bob"])

    decision = think(people, there, policy(), memory=Memory(links=links("ann", "bob")))

    assert [c for c in done(decision.plan.changes) if c[1] in {"ann", "bob"}] == []
    assert {"acc-ann", "acc-bob"} <= set(decision.links["account_id"])


def test_a_rehire_returns_whole():
    """The account comes back with what was taken, unless the policy fills that group by itself."""
    taken = pd.concat(
        [
            remembered(Taken, "ann", "developers", rule="leaver: revoke_seats after 0d"),
            remembered(Taken, "ann", "wiki-users", rule="leaver: revoke_seats after 0d"),
        ]
    )
    rules = policy(
        groups={
            "map": {"atl-jira": ["jira-users"], "atl-wiki": ["wiki-users"]},
            "may_remove": ["*"],
            "manage": ["jira-users", "wiki-users"],
        }
    )
    people = source([identity("ann")], {"atl-jira": ["ann"], "atl-wiki": ["bob"]})
    memory = Memory(taken=taken, ended=frozenset({"acc-ann"}))

    decision = think(people, target([account("ann", state="suspended")]), rules, memory=memory)

    assert done(decision.plan.changes) == [
        ("restore", "ann", None),
        ("grant", "ann", "developers"),
        ("grant", "ann", "jira-users"),
    ]
    assert movement(decision, "ann") == "rehire"
    assert "given back" in decision.plan.changes["reason"].iloc[1]


def test_a_permission_a_leaver_holds_directly_goes_with_the_groups_and_comes_back():
    """It is a product, told apart from a group of the same identifier, and undone by granting it."""
    there = target([account("ann")], {"jira-users": ["ann"]}, direct={"jira access": ["ann"]})
    gone = think(source([identity("ann", state="departed")]), there, policy())
    changes = gone.plan.changes.set_index("entitlement")
    taken = complete(Taken, gone.plan.changes.rename(columns={"entitlement": "name"}))

    back = think(source([identity("ann")]), target([account("ann")]), policy(), memory=Memory(taken=taken))

    assert changes["kind"].to_dict() == {"jira-users": "group", "jira access": "product"}
    assert set(changes["entitlement_id"]) == {"e-jira-users"}
    assert changes["destructive"].all()
    assert gone.verdict.destructive == 2
    assert "closes jira on acme, a billed seat" in changes.loc["jira access", "reason"]
    undone = invert(gone.plan).changes.set_index("entitlement")
    assert undone.loc["jira access", ["action", "kind"]].tolist() == ["grant", "product"]
    assert back.plan.changes.set_index("entitlement")["kind"].to_dict() == changes["kind"].to_dict()
    assert "given back" in back.plan.changes["reason"].iloc[0]


def test_a_permission_is_given_back_whatever_may_add_says():
    """`may_add` is about groups; a role stays what a person gives."""
    taken = remembered(Taken, "ann", "jira access", rule="leaver: revoke_seats after 0d")
    narrow = policy(groups={"may_add": []})
    there = target([account("ann")])
    there.entitlements.loc[there.entitlements["kind"] == "product", "kind"] = "role"

    product = think(source([identity("ann")]), target([account("ann")]), narrow, memory=Memory(taken=taken))
    role = think(source([identity("ann")]), there, narrow, memory=Memory(taken=taken.assign(kind="role")))

    assert done(product.plan.changes) == [("grant", "ann", "jira access")]
    assert done(role.plan.changes) == []


@pytest.mark.parametrize(
    "rules",
    [
        {"protect": {"groups": ["jira a*"]}},
        {"protect": {"emails": ["ann@*"]}},
        {"leaver": [{"do": "deactivate"}]},
    ],
)
def test_a_permission_stays_where_the_policy_says_so(rules):
    """Protection covers it by its name, too, and no stage takes it that does not take seats."""
    there = target([account("ann")], direct={"jira access": ["ann"]})

    decision = think(source([identity("ann", state="departed")]), there, policy(**rules))

    assert "revoke" not in decision.plan.changes["action"].tolist()


def test_no_sync_takes_a_permission_from_somebody_who_stays():
    """The policy fills groups alone, even where it manages and may remove everything."""
    there = target([account("ann")], direct={"jira access": ["ann"]})
    memory = Memory(owned=remembered(Assignments, "ann", "jira access"))
    rules = policy(groups={"map": MAP, "manage": ["*"], "may_remove": ["*"], "same_name": True})

    decision = think(source([identity("ann")], {"jira access": ["ann"]}), there, rules, memory=memory)

    assert len(decision.plan.changes) == 0


def test_bringing_back_can_be_switched_off():
    """Then nothing is granted to an account nobody can use either."""
    decision = think(ANN, target([account("ann", state="suspended")]), policy(joiner={"reactivate": "never"}))

    assert len(decision.plan.changes) == 0
    assert "1 active person has a suspended or deactivated account" in messages(decision)


@pytest.mark.parametrize("state", ["suspended", "deactivated", "deleted"])
def test_only_what_seatwise_ended_comes_back_by_itself(state):
    """What others suspended is theirs to restore: it is told as drift and left alone."""
    rules = policy(joiner={})
    there = target([account("ann", state=state)])
    known = links("ann")

    theirs = think(ANN, there, rules, memory=Memory(links=known))
    ours = think(ANN, there, rules, memory=Memory(links=known, ended=frozenset({"acc-ann"})))

    assert theirs.plan.changes.empty
    assert "drift: 1 active person has a suspended or deactivated account" in messages(theirs)
    assert {change[0] for change in done(ours.plan.changes)} & {"restore", "reactivate", "cancel_delete"}


def seat(who: str, product: str = "jira", **facts):
    return {"account_id": f"acc-{who}", "product": product, "activity": "used", **facts}


INACTIVE = [{"product": "jira", "idle": "60d", "never_used_after": "30d"}]


@pytest.mark.parametrize(
    ("facts", "added", "taken"),
    [
        ({"last_active": NOW - timedelta(days=60)}, 400, True),
        ({"last_active": NOW - timedelta(days=59)}, 400, False),
        ({"activity": "never"}, 30, True),
        ({"activity": "never"}, 29, False),
        ({"activity": "unknown"}, 400, False),
    ],
)
def test_an_idle_seat_is_taken_on_its_day_and_an_unknown_one_never(facts, added, taken):
    """Boundaries are inclusive; what is not known to be idle is not idle."""
    there = target(
        [account("ann", added_on=NOW - timedelta(days=added))],
        {"jira-users": ["ann"]},
        seats=[seat("ann", **facts)],
    )

    decision = think(ANN, there, policy(inactive=INACTIVE))

    assert ([("revoke", "ann", "jira-users")] if taken else []) == done(decision.plan.changes)
    if taken:
        assert decision.plan.changes["rule"].iloc[0].startswith("inactive: jira")
        assert " days" in decision.plan.changes["reason"].iloc[0]


def test_an_idle_seat_held_directly_is_taken_and_one_of_a_role_stays():
    """Every path to the seat goes, or none where one of them cannot."""
    idle = [seat("ann", last_active=NOW - timedelta(days=90))]
    there = target([account("ann")], {"jira-users": ["ann"]}, direct={"jira access": ["ann"]}, seats=idle)
    taken = think(ANN, there, policy(inactive=INACTIVE))
    there.entitlements.loc[there.entitlements["kind"] == "product", "modifiable"] = False
    kept = think(ANN, there, policy(inactive=INACTIVE))

    assert done(taken.plan.changes) == [("revoke", "ann", "jira access"), ("revoke", "ann", "jira-users")]
    assert len(kept.plan.changes) == 0
    assert "1 account keeps an idle seat" in messages(kept)


def test_an_idle_seat_is_not_given_back_by_itself():
    """The IdP group still grants it; until someone asks, it stays taken, and a note says so."""
    memory = Memory(taken=remembered(Taken, "ann", "jira-users", rule="inactive: jira idle 60d"))

    decision = think(ANN, target([account("ann")]), policy(inactive=INACTIVE), memory=memory)
    left_group = think(source([identity("ann")]), target([account("ann")]), policy(), memory=memory)

    assert len(decision.plan.changes) == 0
    assert "1 assignment was revoked because nobody used the seat, and was not given back" in messages(
        decision
    )
    assert (len(decision.taken), len(left_group.taken)) == (1, 0)


def test_a_group_that_also_opens_something_in_use_is_kept():
    """Freeing one product must not close another; the note counts such seats."""
    there = target(
        [account("ann")],
        {"jira-users": ["ann"]},
        seats=[seat("ann", last_active=NOW - timedelta(days=99)), seat("ann", "wiki", last_active=NOW)],
    )
    both = there.entitlements[there.entitlements["name"] == "jira-users"].assign(product="wiki")
    there.entitlements.loc[len(there.entitlements)] = both.iloc[0]

    decision = think(ANN, there, policy(inactive=INACTIVE))

    assert len(decision.plan.changes) == 0
    assert "1 account keeps an idle seat" in messages(decision)


def test_a_plan_can_be_restricted_to_people():
    """`only` names them by address, whatever the case."""
    people = source([identity("ann"), identity("bob")])

    assert done(think(people, target([]), policy(), only=["BOB@acme.test"]).plan.changes) == [
        ("create", "bob", None)
    ]


def test_an_address_that_nobody_has_is_told():
    """Beside the others of `only`; whoever has an account and nothing to change is known."""
    decision = think(
        ANN, target([account("eve")]), policy(), only=["Ann@acme.test", "eve@acme.test", "nobody@acme.test"]
    )

    assert [note.message for note in decision.notes if "has the address" in note.message] == [
        "nobody in the sources or the target has the address nobody@acme.test"
    ]
