"""Idleness is judged at the moment up to which use is known, and by no older evidence than a rule allows."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from provisioning.model.frames import Rejects
from tests.provisioning.worlds import (
    NOW,
    account,
    done,
    frame,
    identity,
    messages,
    policy,
    source,
    target,
    think,
)

ANN = source([identity("ann")], {"atl-jira": ["ann"]})


def judged(used: int, age: int, **rule):
    """Decide about a seat last used some days ago, by evidence of some days ago."""
    idle = {"account_id": "acc-ann", "product": "jira", "activity": "used"}
    there = target(
        [account("ann")], {"jira-users": ["ann"]}, seats=[{**idle, "last_active": NOW - timedelta(days=used)}]
    )
    there = dataclasses.replace(there, as_of=NOW - timedelta(days=age))
    return think(ANN, there, policy(inactive=[{"product": "jira", "idle": "60d", **rule}]))


@pytest.mark.parametrize(("age", "taken"), [(0, True), (10, True), (11, False), (-3, True)])
def test_idle_days_end_where_the_evidence_ends(age, taken):
    """Seventy days ago by now is sixty by evidence of ten days ago; a file from the future is of now."""
    decision = judged(70, age)

    assert ([("revoke", "ann", "jira-users")] if taken else []) == done(decision.plan.changes)
    if taken:
        day = NOW - timedelta(days=max(age, 0))
        assert f"(known as of {day:%Y-%m-%d})" in decision.plan.changes["reason"].iloc[0]


@pytest.mark.parametrize(("within", "taken"), [("30d", True), ("29d", False)])
def test_old_evidence_takes_nothing_and_says_so(within, taken):
    """The rule states how old what it rests on may be."""
    decision = judged(100, 30, evidence_within=within)

    assert len(decision.plan.changes) == int(taken)
    assert ("30 days old; the inactive rule for jira takes nothing" in messages(decision)) != taken


def test_what_keeps_one_idle_seat_does_not_keep_the_other():
    """Nothing is taken of a seat that a group nobody can change would keep."""
    unused = {"account_id": "acc-ann", "activity": "used", "last_active": NOW - timedelta(days=99)}
    groups = {"jira-users": ["ann"], "wiki-users": ["ann"], "synced": ["ann"]}
    there = target([account("ann")], groups, seats=[{**unused, "product": p} for p in ("jira", "wiki")])
    idle = [{"product": product, "idle": "60d"} for product in ("jira", "wiki")]

    decision = think(source([identity("ann")]), there, policy(inactive=idle, mover={"mode": "additive"}))

    assert done(decision.plan.changes) == [("revoke", "ann", "jira-users")]
    assert "1 account keeps an idle seat" in messages(decision)


@pytest.mark.parametrize(("days", "taken"), [(59, 0), (60, 1)])
def test_use_that_another_connection_tells_of_the_seat_counts(days, taken):
    """Idle here for long, and used as late as the other says."""
    used = {"account_id": "acc-ann", "product": "jira", "activity": "used"}
    here, there = (
        target(
            [account("ann")], {"jira-users": ["ann"]}, seats=[{**used, "last_active": NOW - timedelta(ago)}]
        )
        for ago in (90, days)
    )
    rules = policy(inactive=[{"product": "jira", "idle": "60d"}])

    assert len(think(ANN, here, rules, others=[there]).plan.changes) == taken


@pytest.mark.parametrize(("key", "taken"), [("acc-ann", 0), ("acc-bob", 1), (None, 1)])
def test_what_could_not_be_read_of_an_account_elsewhere_may_be_its_use(key, taken):
    """Nobody is idle whose row in the other list is in doubt."""
    used = {
        "account_id": "acc-ann",
        "product": "jira",
        "activity": "used",
        "last_active": NOW - timedelta(90),
    }
    here = target([account("ann")], {"jira-users": ["ann"]}, seats=[used])
    there = target([account("ann"), account("bob")])
    odd = {"origin": "x", "key": key, "field": "last_active", "value": "?", "problem": "p", "remedy": "r"}
    there = dataclasses.replace(there, rejects=frame(Rejects, [odd]))
    rules = policy(inactive=[{"product": "jira", "idle": "60d"}])

    assert len(think(ANN, here, rules, others=[there]).plan.changes) == taken
