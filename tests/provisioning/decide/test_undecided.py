"""A scope that asks for the last sign-in: unknown takes nothing, and staleness is added to the threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.decide.decide import Decision
from provisioning.model import frames
from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import NOW, account, identity, links, policy, source, target, think

USED = 'last_sign_in ge "60d ago"'


def decided(filter_: str, **facts: Any) -> Decision:
    """What is decided of Ann, who has a Jira seat by her group, and of Bob, who used everything just now."""
    known = source(
        [identity("ann", department="Sales", **facts), identity("bob", last_sign_in=NOW)],
        {"atl-jira": ["ann", "bob"]},
    )
    scoped = policy(sources=[{"from": "idp", "scope": {"filter": filter_}}])
    held = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    return think(known, held, scoped, memory=Memory(links=links("ann", "bob")))


def losses(decision: Decision) -> list[str]:
    """The actions that take something."""
    plan = decision.plan.changes
    return plan.loc[plan["destructive"], "action"].tolist()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(age=st.integers(0, 120), behind=st.integers(0, 30))
def test_nobody_is_idle_earlier_than_the_threshold_and_the_staleness(age, behind):
    """Of a date that may be so many days behind, so many days more have to pass."""
    decision = decided(USED, last_sign_in=NOW - timedelta(days=age), sign_in_staleness=behind)

    assert (age > 60 + behind) == bool(losses(decision))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    parts=st.lists(
        st.sampled_from(
            [
                USED,
                'last_sign_in lt "60d ago"',
                "last_sign_in pr",
                "last_sign_in eq null",
                'department eq "Sales"',
                'department eq "Other"',
                "active eq true",
            ]
        ),
        min_size=1,
        max_size=4,
    ),
    words=st.lists(st.sampled_from(["and", "or", "and not", "or not"]), min_size=3, max_size=3),
    negated=st.booleans(),
    state=st.sampled_from(["active", "departed"]),
)
def test_an_unknown_sign_in_takes_nothing_that_not_every_sign_in_would(parts, words, negated, state):
    """Whoever loses something while nothing is known would lose it whenever the last sign-in was."""
    text = f"({parts[0]})"
    for word, part in zip(words, parts[1:], strict=False):
        text += f" {word} ({part})"
    text = f"not ({text})" if negated else text
    possible = (
        {"last_sign_in": NOW},
        {"last_sign_in": NOW - timedelta(days=90)},
        {"never_signed_in": True},
    )

    lost = losses(decided(text, state=state))

    assert not lost or all(losses(decided(text, state=state, **facts)) for facts in possible)


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
    decision = decided(USED, **facts)

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
        return bool(losses(think(file, held, scoped, memory=Memory(links=links("ann")))))

    assert losing(f"{NOW - timedelta(days=45):%Y-%m-%d}")
    assert not losing(f"{NOW - timedelta(days=35):%Y-%m-%d}")
    # Counted from the day of the file, she was away for ten days.
    assert losing("9d ago")
    assert not losing("11d ago")
