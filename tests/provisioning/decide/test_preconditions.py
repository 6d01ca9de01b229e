"""A plan against a fresh look at its accounts."""

from __future__ import annotations

import pandas as pd
import pytest

from provisioning.decide.plan import invert
from provisioning.decide.preconditions import postcondition_holds, precondition_holds
from provisioning.model.frames import Changes, Outcomes, empty, rows
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import NOW, account, frame, identity, policy, source, target, think

PEOPLE = source(
    [identity("ann"), identity("bob", display_name="Robert"), identity("cyd", state="departed")],
    {"atl-jira": ["ann", "bob"]},
)
THERE = target([account("bob"), account("cyd")], {"jira-users": ["cyd"]})
RULES = policy(leaver=[{"do": "revoke_seats"}, {"do": "suspend"}])
PLAN = think(PEOPLE, THERE, RULES).plan


def answers(check, now) -> dict[str, bool]:
    found = check(PLAN.changes, now.accounts, now.assignments)
    keys = PLAN.changes["action"] + " " + PLAN.changes["subject"].str.partition("@")[0]
    return dict(zip(keys, found, strict=True))


def test_the_plan_is_what_these_tests_think_it_is():
    """One change of every sort."""
    assert list(answers(precondition_holds, THERE)) == [
        "create ann",
        "update bob",
        "grant ann",
        "grant bob",
        "revoke cyd",
        "suspend cyd",
    ]
    assert all(answers(precondition_holds, THERE).values())
    assert not any(answers(postcondition_holds, THERE).values())


@pytest.mark.parametrize(
    ("moved", "stale"),
    [
        (
            target(
                [account("bob"), account("cyd"), account("x", email="ANN@acme.test")], {"jira-users": ["cyd"]}
            ),
            {"create ann"},
        ),
        (
            target([account("bob", display_name="Bobby"), account("cyd")], {"jira-users": ["cyd"]}),
            {"update bob"},
        ),
        (target([account("bob"), account("cyd")], {"jira-users": ["bob", "cyd"]}), {"grant bob"}),
        (target([account("bob"), account("cyd", state="deactivated")]), {"revoke cyd", "suspend cyd"}),
        (target([account("bob")]), {"revoke cyd", "suspend cyd"}),
    ],
)
def test_a_change_is_stale_when_its_own_state_moved_and_no_other(moved, stale):
    """What somebody else touched in between is skipped; the rest goes on."""
    assert stale == {key for key, holds in answers(precondition_holds, moved).items() if not holds}


def test_what_somebody_did_already_is_reached():
    """The same end by other hands counts as done."""
    now = target(
        [account("ann"), account("bob", display_name="Robert"), account("cyd", state="suspended")],
        {"jira-users": ["ann", "bob"]},
    )

    assert all(answers(postcondition_holds, now).values())


def test_a_joiners_grants_find_the_new_account_by_its_address():
    """They were planned before there was an account."""
    created = target([account("x", email="Ann@acme.test"), account("bob"), account("cyd")])

    assert answers(precondition_holds, created)["grant ann"]
    assert answers(postcondition_holds, target([account("ann")], {"jira-users": ["ann"]}))["grant ann"]


def test_a_customer_with_the_address_is_not_the_person():
    """A portal customer may bear the address of someone who has no account yet."""
    here = [account("bob"), account("cyd"), account("x", email="ann@acme.test", kind="customer")]

    assert answers(precondition_holds, target(here))["create ann"]
    assert not answers(postcondition_holds, target(here))["create ann"]


def test_a_deleted_account_counts_as_deleted_when_it_is_gone():
    """Targets forget what they deleted."""
    plan = think(
        source([identity("cyd", state="departed"), identity("bob")]),
        target([account("cyd"), account("bob")]),
        policy(leaver=[{"do": "delete"}]),
        memory=Memory(),
    ).plan
    gone = target([account("bob")])

    assert postcondition_holds(plan.changes, gone.accounts, gone.assignments).tolist() == [True]


def test_a_plan_of_nothing_has_answers_of_nothing():
    """Empty in, empty out, with the right type."""
    found = precondition_holds(empty(Changes), THERE.accounts, THERE.assignments)

    assert (len(found), str(found.dtype)) == (0, "bool")


def test_undo_takes_back_what_was_applied_and_can_be():
    """The invitation stays; grants go, seats and names come back, on the account that was created."""
    ids = PLAN.changes["change_id"]
    outcomes = frame(
        Outcomes,
        [
            {
                "change_id": c.change_id,
                "status": "failed" if c.action == "suspend" else "applied",
                "account_id": c.account_id or "acc-new",
                "at": NOW,
            }
            for c in rows(PLAN.changes)
        ],
    )

    undo = invert(PLAN, outcomes)

    assert sorted(
        [(c.action, c.account_id) for c in rows(undo.changes)],
        key=[("update", "acc-bob"), ("grant", "acc-cyd"), ("revoke", "acc-new"), ("revoke", "acc-bob")].index,
    ) == [("update", "acc-bob"), ("grant", "acc-cyd"), ("revoke", "acc-new"), ("revoke", "acc-bob")]
    assert undo.changes["reason"].str.startswith("Undo: ").all()
    assert not undo.changes["change_id"].isin(ids).any()
    assert undo.changes["after"].iloc[0] == '{"display_name":"Bob"}'


def test_a_fingerprint_changes_with_every_part_of_the_plan():
    """Another target, policy or change is another plan; the order of rows is not."""
    from provisioning.decide.changes import fingerprint

    changes = PLAN.changes
    other = [
        fingerprint("else", PLAN.policy_fingerprint, changes),
        fingerprint("cloud", "else", changes),
        fingerprint("cloud", PLAN.policy_fingerprint, changes.iloc[1:]),
        fingerprint("cloud", PLAN.policy_fingerprint, changes.assign(reason="else")),
    ]

    assert PLAN.fingerprint == fingerprint("cloud", PLAN.policy_fingerprint, changes.iloc[::-1])
    assert PLAN.fingerprint not in other
    assert pd.Index(changes["change_id"]).is_unique


def test_a_group_to_make_is_looked_for_by_its_name():
    """It is to be made while no group bears the name in any case, and made once one does."""
    rules = policy(groups={"map": {"atl-jira": ["Newcomers"]}, "create_missing": True})
    plan = think(PEOPLE, target([account("ann"), account("bob")]), rules).plan
    changes = plan.changes[plan.changes["action"] == "create_group"]
    nobody = target([])
    for there, names in ((False, ["other"]), (True, ["NEWCOMERS"])):
        groups = pd.DataFrame({"name": pd.Series(names, dtype="str")})

        found = postcondition_holds(changes, nobody.accounts, nobody.assignments, groups)
        holds = precondition_holds(changes, nobody.accounts, nobody.assignments, groups)

        assert (found.tolist(), holds.tolist()) == ([there], [not there])
    assert invert(plan).changes.query("action == 'create_group'").empty


def test_a_change_of_an_account_that_vanished_is_stale():
    """Nothing is granted to it, and no other account stands in for it."""
    found = answers(precondition_holds, target([account("cyd", display_name="Bob")], {"jira-users": ["cyd"]}))

    assert {key for key, holds in found.items() if not holds} == {"update bob", "grant bob"}


def test_what_was_taken_from_an_account_never_created_is_not_done():
    """An account without identifier may be made yet; only one that had an identifier can be gone."""
    grants = PLAN.changes[(PLAN.changes["action"] == "grant") & PLAN.changes["account_id"].isna()]
    taken = grants.assign(action="revoke", before=grants["after"], after=grants["before"])

    assert postcondition_holds(taken, THERE.accounts, THERE.assignments).tolist() == [False]


def test_the_first_account_of_a_target_is_an_account_like_any_other():
    """It is not taken for one that is gone, and its values are compared."""
    delete = think(
        source([identity("cyd", state="departed"), identity("bob")]), THERE, policy(leaver=[{"do": "delete"}])
    ).plan.changes
    present = target([account("cyd"), account("bob")])
    renamed = target([account("bob", display_name="Robert"), account("cyd")])

    assert postcondition_holds(delete, present.accounts, present.assignments).tolist() == [False]
    assert answers(postcondition_holds, renamed)["update bob"]


def test_addresses_are_compared_without_regard_to_case_and_names_with():
    """A target that writes an address in capitals has it; another spelling of a name is another name."""
    moved = source([identity("ann", email="new@acme.test"), identity("bob", display_name="Robert")])
    changes = think(
        moved, target([account("ann"), account("bob")]), policy(correlate=["user_name"])
    ).plan.changes
    loud = target([account("ann", email="ANN@ACME.TEST"), account("bob", display_name="BOB")])
    after = target([account("ann", email="New@Acme.test"), account("bob", display_name="ROBERT")])

    assert changes["action"].tolist() == ["update_email", "update"]
    assert precondition_holds(changes, loud.accounts, loud.assignments).tolist() == [True, False]
    assert postcondition_holds(changes, after.accounts, after.assignments).tolist() == [True, False]


def test_what_was_not_told_holds_neither_before_nor_after():
    """Of an account whose groups nobody told, no grant or revoke may be made or counts as made."""
    cyd, bob = "acc-cyd", "acc-bob"
    silent = target([account("bob"), account("cyd")])
    unknown = frozenset({(cyd, "group"), (bob, "product")})

    before = precondition_holds(PLAN.changes, silent.accounts, silent.assignments, unknown=unknown)
    after = postcondition_holds(PLAN.changes, silent.accounts, silent.assignments, unknown=unknown)

    keys = (PLAN.changes["action"] + " " + PLAN.changes["subject"].str.partition("@")[0]).tolist()
    assert not before[keys.index("revoke cyd")]
    assert not after[keys.index("revoke cyd")]
    assert before[keys.index("grant bob")]
    assert before[keys.index("suspend cyd")]
    of_bob = frozenset({(bob, "group")})
    first = precondition_holds(PLAN.changes, silent.accounts, silent.assignments, unknown=of_bob)
    assert not first[keys.index("grant bob")]


@pytest.mark.parametrize("field", ["email", "user_name"])
def test_an_address_shown_with_its_domain_in_letters_for_machines_is_the_one_that_was_written(field):
    """An update is done, and found on what it was planned on, in whichever script the target shows it."""
    own = "ann@m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.test"
    there = target([account("ann", **{field: "ann@old.test"})])
    rules = policy(mover={"update": [field]}, correlate=["external_id"])
    people = source([identity("ann", **{field: own})])
    there.accounts["external_id"] = "id-ann"
    plan = think(people, there, rules).plan
    now = target([account("ann", **{field: "ann@xn--mller-kva.test"})])

    assert len(plan.changes) == 1
    assert postcondition_holds(plan.changes, now.accounts, now.assignments).tolist() == [True]
    assert precondition_holds(invert(plan).changes, now.accounts, now.assignments).tolist() == [True]


def test_a_user_name_where_there_was_none_is_a_change_that_somebody_made():
    """So it is one that was there and is gone; neither is written over."""
    rules = policy(mover={"update": ["user_name"]}, correlate=["email"])
    bare, named = (target([account("ann", user_name=name)]) for name in (None, "annie"))
    plan = think(source([identity("ann", user_name="ann.lee")]), bare, rules).plan

    assert plan.changes["action"].tolist() == ["update"]
    for now, holds in ((bare, True), (named, False)):
        assert precondition_holds(plan.changes, now.accounts, now.assignments).tolist() == [holds]
    assert precondition_holds(invert(plan).changes, bare.accounts, bare.assignments).tolist() == [False]
