"""Billed seats that should go and that no rule can take are told, whatever the reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import (
    NOW,
    account,
    identity,
    links,
    messages,
    policy,
    source,
    target,
    think,
)

SEATS = [{"after": "0d", "do": "revoke_seats"}]
LEFT = source([identity("ann", state="departed")])


def seat(who: str, product: str = "jira", **facts):
    return {"account_id": f"acc-{who}", "product": product, "activity": "used", "last_active": NOW, **facts}


def stuck(decision) -> list[tuple[str, str, str]]:
    table = decision.stuck[["subject", "product", "cause"]]
    return list(table.itertuples(index=False, name=None))


def test_a_leavers_seat_nobody_knows_the_way_to_is_told():
    """The target lists the seat and no group that gives it: an empty plan is no job done."""
    decision = think(LEFT, target([account("ann")], seats=[seat("ann")]), policy(leaver=SEATS))

    assert decision.plan.changes.empty
    assert stuck(decision) == [("ann@acme.test", "jira", "departed")]
    assert "1 billed seat that no rule can take stays" in messages(decision)


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ({}, []),
        ({"protect": {"groups": ["jira-*"]}, "leaver": SEATS}, [("ann@acme.test", "jira", "departed")]),
        ({"protect": {"groups": ["jira-*"]}}, []),
        ({"protect": {"emails": ["ann@*"]}}, []),
        ({"leaver": []}, []),
        ({"leaver": [{"after": "1d", "do": "revoke_seats"}]}, []),
        ({"leaver": [{"after": "0d", "do": "deactivate"}]}, []),
        ({"leaver": [{"after": "0d", "do": "revoke_seats"}, {"after": "9d", "do": "suspend"}]}, []),
    ],
)
def test_only_what_is_due_and_cannot_go_is_told(rules, found):
    """Not what the plan takes, whom the policy protects, whose stage is not due, or whose account ends."""
    there = target([account("ann")], {"jira-users": ["ann"]}, seats=[seat("ann")])

    assert stuck(think(LEFT, there, policy(**rules))) == found


@pytest.mark.parametrize(("groups", "found"), [({}, 1), ({"jira-users": ["ann"]}, 0)])
def test_an_idle_seat_is_told_where_nothing_shows_what_gives_it(groups, found):
    """One that a group gives is taken."""
    there = target([account("ann")], groups, seats=[seat("ann", last_active=NOW - timedelta(days=99))])
    rules = policy(inactive=[{"product": "jira", "idle": "60d"}], mover={"mode": "additive"})

    assert len(think(source([identity("ann")]), there, rules).stuck) == found


@pytest.mark.parametrize(("days", "found"), [(8, 0), (9, 1)])
def test_a_seat_that_no_stage_ended_is_told_though_a_later_stage_is_to_come(days, found):
    """The target cannot suspend, so the stage of the ninth day ends nothing; the one after is months away."""
    stages = [*SEATS, {"after": "9d", "do": "deactivate"}, {"after": "90d", "do": "delete"}]
    there = target([account("ann", managed=False)], seats=[seat("ann")])
    memory = Memory(leavers={"acc-ann": NOW - timedelta(days=days)}, links=links("ann"))
    able = ["revoke", "deactivate", "delete"]

    decision = think(LEFT, there, policy(leaver=stages), memory=memory, actions=able)

    assert len(decision.stuck) == found
