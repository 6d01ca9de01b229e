"""A scope that asks for the last sign-in: unknown takes nothing, and staleness is added to the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from provisioning.decide.decide import Decision
from provisioning.model import frames
from provisioning.model.intake import reject
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import NOW, account, identity, links, policy, source, target, think

USED = 'last_sign_in ge "60d ago"'


def decided(filter_: str, people: Mapping[str, Mapping[str, Any]]) -> Decision:
    """What is decided of people who each have an account and a Jira seat by their group."""
    known = source([identity(name, **facts) for name, facts in people.items()], {"atl-jira": [*people]})
    scoped = policy(sources=[{"from": "idp", "scope": {"filter": filter_}}])
    held = target([account(name) for name in people], {"jira-users": [*people]})
    return think(known, held, scoped, memory=Memory(links=links(*people)))


def losers(decision: Decision) -> set[str]:
    """The names of those who lose something."""
    plan = decision.plan.changes
    return set(plan.loc[plan["destructive"], "account_id"].str.removeprefix("acc-"))


def test_nobody_is_idle_earlier_than_the_threshold_and_the_staleness():
    """Of a date that may be so many days behind, so many days more have to pass."""
    ages = [(age, behind) for age in (0, 59, 60, 61, 74, 75, 90, 91) for behind in (0, 1, 14, 30)]
    people = {
        f"p{number}": {"last_sign_in": NOW - timedelta(days=age), "sign_in_staleness": behind}
        for number, (age, behind) in enumerate(ages)
    }

    expected = {f"p{number}" for number, (age, behind) in enumerate(ages) if age > 60 + behind}
    assert expected == losers(decided(USED, people))


PARTS = [
    USED,
    'last_sign_in lt "60d ago"',
    'not (last_sign_in gt "10d ago")',
    "last_sign_in pr",
    "last_sign_in eq null",
    'department eq "Sales"',
    'department eq "Other"',
    "active eq true",
]


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=4, unique=True),
    words=st.lists(st.sampled_from(["and", "or", "and not", "or not"]), min_size=3, max_size=3),
)
def test_an_unknown_sign_in_takes_nothing_that_not_every_sign_in_would(parts, words):
    """Whoever loses something while nothing is known would lose it whenever the last sign-in was."""
    text = f"({parts[0]})" + "".join(f" {w} ({p})" for w, p in zip(words, parts[1:], strict=False))
    truths = {
        "now": {"last_sign_in": NOW},
        "while": {"last_sign_in": NOW - timedelta(days=30)},
        "long": {"last_sign_in": NOW - timedelta(days=90)},
        "never": {"never_signed_in": True},
    }
    kinds = {"stays": {"department": "Sales"}, "left": {"department": "Sales", "state": "departed"}}
    people = {
        f"{kind}-{name}": {**facts, **truth}
        for kind, facts in kinds.items()
        for name, truth in (truths | {"unknown": {}}).items()
    }

    lost = losers(decided(text, people))

    for kind in kinds:
        assert f"{kind}-unknown" not in lost or lost.issuperset(f"{kind}-{name}" for name in truths)


def test_who_is_undecided_keeps_everything_gets_nothing_and_is_named():
    """No loss and no grant follows from what nobody knows, and a note says whom it is about."""
    known = source([identity("ann"), identity("bob", last_sign_in=NOW)], {"atl-jira": ["ann", "bob"]})
    scoped = policy(sources=[{"from": "idp", "scope": {"filter": USED}}])

    decision = think(known, target([account("ann")], {}), scoped, memory=Memory(links=links("ann")))

    assert decision.plan.changes["subject"].tolist() == ["bob@acme.test"] * 2
    [told] = [note for note in decision.notes if "too little is known" in note.message]
    assert "ann@acme.test" in told.message
    assert told.remedy


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"never_signed_in": True}, "never signed in"),
        (
            {"last_sign_in": NOW - timedelta(days=80), "sign_in_staleness": 14},
            "last signed in 2026-03-13 (up to 14 days behind)",
        ),
    ],
)
def test_the_reason_says_what_the_loss_rests_on(facts, words):
    """Changes and movements of those out of scope by it name the last sign-in and its staleness."""
    decision = decided(USED, {"ann": facts, "bob": {"last_sign_in": NOW}})

    [change] = frames.rows(decision.plan.changes)
    [movement] = decision.movements.query("movement == 'leaver'")["reason"]
    assert change.action == "revoke"
    assert f"no longer in scope, {words} (idp)" in change.reason
    assert f"no longer in scope, {words};" in movement


def test_a_source_that_may_be_in_scope_comes_before_one_that_is_not():
    """Whoever is outside one source and undecided in another is nobody's leaver."""
    hr = source([identity("ann", department="Other")], name="other")
    known = source([identity("ann")], {"atl-jira": ["ann"]})
    scoped = policy(
        sources=[
            {"from": "other", "scope": {"filter": 'department eq "Sales"'}},
            {"from": "idp", "scope": {"filter": USED}},
        ]
    )
    held = target([account("ann")], {"jira-users": ["ann"]})

    decision = think([hr, known], held, scoped, memory=Memory(links=links("ann")))

    assert decision.plan.changes.empty


def test_what_an_old_file_cannot_know_takes_nothing():
    """A threshold after the day a file was written asks for what happened since."""
    file = replace(
        source([identity("ann", last_sign_in=NOW - timedelta(days=50))], {"atl-jira": ["ann"]}),
        as_of=NOW - timedelta(days=40),
    )
    held = target([account("ann")], {"jira-users": ["ann"]})

    def losing(since: str) -> bool:
        scoped = policy(sources=[{"from": "idp", "scope": {"filter": f'last_sign_in ge "{since}"'}}])
        return bool(losers(think(file, held, scoped, memory=Memory(links=links("ann")))))

    assert losing(f"{NOW - timedelta(days=45):%Y-%m-%d}")
    assert not losing(f"{NOW - timedelta(days=35):%Y-%m-%d}")
    # Counted from the day of the file, she was away for ten days.
    assert losing("9d ago")
    assert not losing("11d ago")


@pytest.mark.parametrize("scope", [{"groups": ["atl-*"]}, {"exclude_groups": ["contractors"]}])
@pytest.mark.parametrize("is_open", [True, False])
def test_nobody_leaves_a_scope_by_groups_that_were_left_open(scope: Mapping[str, Any], *, is_open: bool):
    """Whoever may be in any group gets nothing and loses nothing; whoever is known to be in none leaves."""
    in_groups = {"atl-jira": ["ada"]} if "groups" in scope else {"contractors": ["ben"], "atl-jira": ["ada"]}
    known = source([identity("ada"), identity("ben")], in_groups)
    told = reject("id-ben", "group_name", "#N/A", "it leaves open which groups", origin="idp")
    if is_open:
        known = replace(known, rejects=told, memberships=known.memberships.query("source_id != 'id-ben'"))
    held = target([account("ada"), account("ben")], {"jira-users": ["ada", "ben"]})
    rules = policy(sources=[{"from": "idp", "scope": scope}])

    assert losers(think(known, held, rules, memory=Memory(links=links("ada", "ben")))) == (
        set() if is_open else {"ben"}
    )
