"""First and last working days, and the way out for each cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from provisioning.model.frames import Rejects
from provisioning.model.snapshots import Memory, measure
from tests.provisioning.worlds import (
    NOW,
    account,
    done,
    frame,
    identity,
    links,
    policy,
    source,
    target,
    think,
)

THERE = target([account("ann")], {"jira-users": ["ann"]})
DAY = timedelta(days=1)


def planned(there, **facts):
    """What is done for one person of whom these facts are stated."""
    people = source([identity("ann", **facts)], {"atl-jira": ["ann"]})
    return [action for action, _, _ in done(think(people, there, policy()).plan.changes)]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"leaves_on": NOW}, []),
        ({"leaves_on": NOW - DAY}, ["revoke"]),
        ({"leaves_on": NOW + 30 * DAY}, []),
        ({"leaves_on": NOW - DAY, "hired_on": NOW - 2 * DAY}, ["revoke"]),
        ({"leaves_on": NOW - 9 * DAY, "hired_on": NOW - 2 * DAY}, []),
        ({"leaves_on": "1970-01-01"}, []),
    ],
)
def test_a_last_day_that_is_over_makes_a_leaver(facts, expected):
    """After it, not on it; not a placeholder, nor the end of an earlier employment."""
    assert planned(THERE, **facts) == expected


@pytest.mark.parametrize("state", ["active", "staged"])
@pytest.mark.parametrize(("hired", "expected"), [(NOW + DAY, []), (NOW, ["create", "grant"])])
def test_a_first_day_to_come_waits(state, hired, expected):
    """Whatever the source calls the person; whoever has an account keeps it meanwhile."""
    assert planned(target([]), hired_on=hired, state=state) == expected
    assert planned(THERE, hired_on=hired, state=state) == []


CAUSES = {
    "departed": source([identity("ann", state="departed")]),
    "suspended": source([identity("ann", state="suspended")]),
    "vanished": source([identity("eve", state="departed")]),
    "outside": source([identity("ann", department="Else")]),
}


@pytest.mark.parametrize("stated", CAUSES)
@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_own_stages(stated, cause):
    """Where a cause has none, nothing is taken for it."""
    rules = policy(
        sources=[{"from": "idp", "scope": {"filter": 'not (department eq "Else")'}}],
        leaver={stated: [{"after": "0d", "do": "suspend"}]},
    )

    decision = think(CAUSES[cause], THERE, rules, memory=Memory(links=links("ann")))

    assert done(decision.plan.changes) == ([("suspend", "ann", None)] if stated == cause else [])
    assert decision.stuck.empty


def test_stages_of_a_cause_are_listed_in_order():
    """As those of the one list are."""
    stages = [{"after": "7d", "do": "deactivate"}, {"after": "0d", "do": "suspend"}]

    with pytest.raises(ValidationError, match="order of their days"):
        policy(leaver={"departed": stages})


@pytest.mark.parametrize(
    ("before", "now", "fresh"),
    [
        ("suspended", "departed", True),
        ("outside", "departed", True),
        ("departed", "suspended", True),
        ("departed", "vanished", False),
        ("vanished", "departed", False),
        ("departed", "departed", False),
        (None, "departed", False),
    ],
)
def test_each_cause_has_its_own_clock(before, now, fresh):
    """A year on leave is no part of the 90 days after which whoever departs is deleted.

    Where one list counts for all causes one clock does, too, from the day on which the leaving lasts.
    """
    year = NOW - 365 * DAY
    causes = {"acc-ann": before} if before else {}
    memory = Memory(leavers={"acc-ann": year}, causes=causes, links=links("ann"))
    stages = [{"after": "90d", "do": "suspend"}]
    scope = [{"from": "idp", "scope": {"filter": 'not (department eq "Else")'}}]

    apart = think(CAUSES[now], THERE, policy(sources=scope, leaver={now: stages}), memory=memory)
    together = think(CAUSES[now], THERE, policy(sources=scope, leaver=stages), memory=memory)

    assert done(apart.plan.changes) == ([] if fresh else [("suspend", "ann", None)])
    assert done(together.plan.changes) == ([] if before == "suspended" else [("suspend", "ann", None)])


def test_whoever_comes_back_counts_from_today():
    """When they left once is no date of theirs any more."""
    there = target([account("ann", state="deactivated")])
    memory = Memory(links=links("ann"), leavers={"acc-ann": NOW - 9 * DAY})

    moved = think(source([identity("ann")], {"atl-jira": ["ann"]}), there, policy(), memory=memory).movements

    assert moved[["movement", "since"]].to_numpy().tolist() == [["rehire", NOW]]


def test_a_link_lasts_while_its_account_could_not_be_read():
    """One with an account that a whole read did not find is forgotten."""
    there = target([account("eve")], rejected=["acc-ann"])
    memory = Memory(links=links("ann", "bob"))

    decision = think(source([identity("ann"), identity("bob")]), there, policy(), memory=memory)

    assert decision.links["account_id"].tolist() == ["acc-ann"]


def test_whoever_was_suspended_departs_on_the_day_that_is_said():
    """A list of stages counts from the first day, but what lasts begins when it does."""
    before = NOW - timedelta(days=180)
    memory = Memory(links=links("ann"), leavers={"acc-ann": before}, causes={"acc-ann": "suspended"})
    rules = policy()

    for state, since in (("suspended", before), ("departed", NOW)):
        decision = think(
            source([identity("ann", state=state)]), target([account("ann")]), rules, memory=memory
        )
        assert decision.movements["since"].tolist() == [since]
        assert "delete" not in set(decision.plan.changes["action"])


@pytest.mark.parametrize("first", ["idp", "other"])
@pytest.mark.parametrize(
    ("elsewhere", "reasons"),
    [
        ("active", {"active"}),
        ("staged", {"departed", "waiting"}),
        ("suspended", {"departed", "suspended"}),
        ("departed", {"departed"}),
    ],
)
def test_whoever_left_one_list_and_works_by_another_has_moved(first, elsewhere, reasons):
    """In whichever order the policy names the sources; else the first counts. The contradiction is listed."""
    rules = policy(sources=[{"from": first}, {"from": "other" if first == "idp" else "idp"}])
    old = source([identity("ann", state="departed")])
    new = source([identity("ann", source_id="b-1", state=elsewhere)], name="other")
    memory = Memory(links=links("ann"))

    decision = think([old, new], target([account("ann")], {"jira-users": ["ann"]}), rules, memory=memory)

    [reason] = decision.context.lifecycle.reason
    assert reason == (min(reasons) if first == "idp" else max(reasons))
    assert ("state" in set(decision.conflicts["field"])) is (elsewhere != "departed")


def test_a_record_out_of_scope_keeps_nobody_who_departed():
    scope = {"filter": 'title eq "Nobody"'}
    rules = policy(sources=[{"from": "idp"}, {"from": "other", "scope": scope}])
    old = source([identity("ann", state="departed")])
    new = source([identity("ann", source_id="b-1")], name="other")

    decision = think([old, new], target([account("ann")]), rules, memory=Memory(links=links("ann")))

    assert decision.movements["movement"].tolist() == ["leaver"]


def unread(*told):
    """Rejects of rows of the source, by key and field."""
    rows = [
        {"origin": "idp", "key": key, "field": field, "problem": "p", "remedy": "r"} for key, field in told
    ]
    return frame(Rejects, rows)


def losers(rejects, **memory):
    """Whose seats go, of Ann and Bob who are not listed, and the notes."""
    there = target([account(name) for name in ("ann", "bob", "eve")], {"jira-users": ["ann", "bob", "eve"]})
    people = replace(source([identity("eve")], {"atl-jira": ["eve"]}), rejects=rejects)
    decision = think(people, there, policy(), memory=Memory(links=links("ann", "bob", "eve"), **memory))
    return {who for _, who, _ in done(decision.plan.changes)}, [note.message for note in decision.notes]


@pytest.mark.parametrize(
    "told",
    [
        ("id-ann", "row"),
        ("Benjamin", "row"),
        ("ann@acme.test", "row"),
        (None, "row"),
        ("id-ann", "source_id"),
        ("ann", "source_id"),
        ("eve@acme.test", "source_id"),
        ("nobody@acme.test", "source_id"),
        (None, "source_id"),
        (None, "hired_on"),
    ],
)
def test_a_row_that_may_be_anybodys_makes_nobody_a_leaver(told):
    """A key by its place in a row askew, or by what stands beside an empty identifier, is a guess."""
    gone, notes = losers(unread(told))

    assert gone == set()
    words = "1 rejected row of idp may be anybody's, so 2 people it does not list lose nothing for that: "
    assert words + "ann@acme.test, bob@acme.test" in notes


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("id-ann", "hired_on"), {"bob"}),
        (("Ann@ACME.test", "source_id"), {"bob"}),
        (("id-eve", "hired_on"), {"ann", "bob"}),
        (("g-atl", "members"), {"ann", "bob"}),
        ((None, "members"), {"ann", "bob"}),
        ((None, "group_id"), {"ann", "bob"}),
    ],
)
def test_a_row_that_names_somebody_spares_them_alone(told, expected):
    """By their identifier, or by the one address of theirs; what is told of groups spares nobody."""
    gone, notes = losers(unread(told))

    assert gone == expected
    assert not any("anybody's" in note for note in notes)


def test_an_address_of_several_people_names_none_of_them():
    """Whose row it is then nobody knows."""
    there = target([account("ann"), account("bob", email="ann@acme.test")], {"jira-users": ["ann", "bob"]})
    people = replace(source([identity("eve")]), rejects=unread(("ann@acme.test", "source_id")))

    decision = think(people, there, policy(), memory=Memory(links=links("ann", "bob")))

    assert not {"ann", "bob"} & {who for _, who, _ in done(decision.plan.changes)}


def stood(*told):
    """What the last read kept of such rows."""
    read = replace(source([identity(name) for name in ("ann", "bob", "eve")]), rejects=unread(*told))
    return {"idp": measure(read)}


def test_a_row_that_stood_there_when_they_were_listed_is_not_theirs():
    """A contractor without an identifier, or a line below the list, is there every day."""
    row = ("nobody@acme.test", "source_id")

    gone, notes = losers(unread(row), previous=stood(row))
    held, _ = losers(unread(row, (None, "row")), previous=stood(row))

    assert (gone, held) == ({"ann", "bob"}, set())
    assert not any("anybody's" in note for note in notes)


def test_whoever_was_held_for_a_row_is_held_until_it_can_be_read():
    """It stood in the last read, too; but that did not list them either. Who left before then stays gone."""
    row = (None, "row")
    before = {"previous": stood(row), "unlisted": {"idp": frozenset({"id-ann", "id-bob"})}}

    held, notes = losers(unread(row), **before)
    gone, _ = losers(unread(row), leavers={"acc-bob": NOW}, **before)

    assert (held, gone) == (set(), {"bob"})
    assert any(
        "so 2 people it does not list lose nothing for that: ann@acme.test, bob" in one for one in notes
    )


def test_a_line_of_one_field_is_the_same_whatever_its_figures():
    """The number of rows below a list; a row of several fields is somebody else's with other figures."""
    line, row = ("59 records exported on 2026-12-01", "row"), ("id-7, Ann", "row")

    gone, _ = losers(unread(line), previous=stood(("60 records exported on 2026-11-30", "row")))
    held, _ = losers(unread(row), previous=stood(("id-8, Ann", "row")))

    assert (gone, held) == ({"ann", "bob"}, set())


@pytest.mark.parametrize("shown", ["id-ann, x", "x, Ann@ACME.test,  EMEA"])
@pytest.mark.parametrize("listed", [[], [identity("ann", state="departed")]])
def test_whom_a_row_of_another_source_shows_loses_nothing(shown, listed):
    """They moved to that list, or are at work by it; nobody knows before it can be read."""
    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    askew = unread((None, "row")).assign(value=shown)
    other = replace(source([identity("eve")], name="other"), rejects=askew)
    rules = policy(sources=[{"from": "idp"}, {"from": "other"}])

    decision = think([source(listed), other], there, rules, memory=Memory(links=links("ann", "bob")))

    assert {who for _, who, _ in done(decision.plan.changes)} & {"ann", "bob"} == {"bob"}


def test_rows_of_one_source_spare_nobody_of_another():
    """Each source answers for its own people."""
    there = target([account("ann")], {"jira-users": ["ann"]})
    other = replace(source([identity("eve")], name="other"), rejects=unread((None, "row")))
    rules = policy(sources=[{"from": "idp"}, {"from": "other"}])
    idp = source([identity("bob")])

    decision = think([idp, other], there, rules, memory=Memory(links=links("ann")))

    assert ("revoke", "ann", "jira-users") in done(decision.plan.changes)


UNSETTLED = {
    "shared": ([identity("ann"), identity("eve", email="ann@acme.test")], [account("ann"), account("eve")]),
    "swapped": (
        [identity("ann"), identity("eve")],
        [account("ann", email="eve@acme.test"), account("eve", email="ann@acme.test")],
    ),
}


@pytest.mark.parametrize(("identities", "accounts"), UNSETTLED.values(), ids=UNSETTLED)
def test_a_link_lasts_while_nobody_knows_whose_the_account_is(identities, accounts):
    """What two people contest is whose it was once it is settled."""
    decision = think(source(identities), target(accounts), policy(), memory=Memory(links=links("ann", "eve")))

    assert sorted(decision.links["account_id"]) == ["acc-ann", "acc-eve"]
    assert done(decision.plan.changes) == []


def test_a_link_that_is_not_looked_up_any_more_gives_way_to_the_account_of_the_address():
    """Where the policy joins by the address alone; the account that was linked is nobody's then."""
    remembered = links("ann").assign(account_id="acc-old")
    there = target([account("ann"), account("old")])

    decision = think(
        source([identity("ann")]), there, policy(correlate=["email"]), memory=Memory(links=remembered)
    )

    assert decision.links["account_id"].tolist() == ["acc-ann"]
