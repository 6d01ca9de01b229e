"""A last day that lies long before the last minute at work is looked at by a person first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.model.snapshots import Memory
from tests.provisioning.worlds import NOW, account, identity, links, policy, source, target, think

LAST_DAY = NOW - timedelta(days=30)
LATE = LAST_DAY + timedelta(days=9)


def verdict(*, state="active", signed_in=None, used=None, seat=None, held=True):
    """What is judged of Ann, whose last day was a month ago."""
    rules = policy()
    people = [identity("ann", state=state, leaves_on=LAST_DAY, last_sign_in=signed_in), identity("bob")]
    seats = [{"account_id": "acc-ann", "product": "jira", "last_active": seat, "activity": "used"}]
    accounts = [account("ann", last_active=used), account("bob")]
    there = target(accounts, {"jira-users": ["ann", "bob"] if held else ["bob"]}, seats=seats)
    memory = Memory(applied_policy=rules.fingerprint(), links=links("ann", "bob"))
    return think(source(people, {"atl-jira": ["bob"]}), there, rules, memory=memory).verdict


@pytest.mark.parametrize("facts", [{"signed_in": LATE}, {"used": LATE}, {"seat": LATE}])
def test_whoever_worked_on_is_named(facts):
    """Seen at work by a sign-in, by the account or by a seat."""
    (reason,) = verdict(**facts).reasons

    assert reason == (
        "1 active person has worked for more than a week since their last day, which may be out of date: "
        "ann@acme.test; correct it where they are listed, or approve the plan if it is right"
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"signed_in": LATE, "state": "departed"},
        {"used": LAST_DAY - timedelta(days=1)},
        {"used": LAST_DAY + timedelta(days=7, hours=23)},
    ],
)
def test_whoever_really_left_is_taken_unattended(facts):
    """A source that says so counts, and nobody is held up for a handover."""
    judged = verdict(**facts)

    assert (judged.reasons, judged.destructive > 0) == ([], True)
