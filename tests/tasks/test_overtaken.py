"""What a later plan takes no more is not taken by an earlier one that is applied after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ledger import StoredPlan
from provisioning.model.frames import Changes, Outcomes, complete
from tasks.overtaken import without_overtaken
from tasks.session import Session, open_session


@pytest.fixture
def session(policy_file: Path):
    with open_session(policy_file) as session:
        policy = session.policy.fingerprint()
        session.run_id = session.ledger.start_run("apply", session.now, policy=policy)
        yield session


def changes(*wanted: tuple[str, str, str]) -> pd.DataFrame:
    """Changes by account, action and group."""
    rows = pd.DataFrame(wanted, columns=["account_id", "action", "entitlement_id"])
    ids = rows["account_id"] + " " + rows["action"] + " " + rows["entitlement_id"]
    same = dict.fromkeys(("before", "after", "rule", "subject", "reason"), "")
    return complete(
        Changes,
        rows.assign(
            **same,
            change_id=ids,
            position=range(len(rows)),
            target="cloud",
            kind="group",
            destructive=rows["action"] == "revoke",
            reversible=True,
        ),
    )


ANN, BOB, NEW = ("ann", "revoke", "g1"), ("bob", "revoke", "g1"), ("cyd", "grant", "g1")


def store(session: Session, fingerprint: str, made: pd.DataFrame, *, later: int = 0, **more) -> StoredPlan:
    created = session.now + timedelta(minutes=later)
    policy = session.policy.fingerprint()
    plan = StoredPlan(fingerprint, "cloud", session.run_id, policy, [], created, made, **more)
    session.ledger.store_plan(plan)
    return plan


def test_losses_that_a_later_plan_lacks_end_as_stale_and_are_told(session):
    """What it gives is given, for the target is asked before each write; and so is what both plans take."""
    stored = store(session, "aa", changes(ANN, BOB, NEW))
    store(session, "bb", changes(BOB), later=1)

    left = without_overtaken(session, stored)
    told = session.ledger.outcomes("aa")

    assert left.changes["account_id"].tolist() == ["bob", "cyd"]
    assert told[["change_id", "status"]].to_numpy().tolist() == [["ann revoke g1", "stale"]]
    assert told["message"].item() == f"plan bb of run {session.run_id}, made later, takes this no more"


def test_another_group_of_the_same_account_is_another_loss(session):
    stored = store(session, "aa", changes(ANN))
    store(session, "bb", changes(("ann", "revoke", "g2")), later=1)

    assert without_overtaken(session, stored).changes.empty


@pytest.mark.parametrize(
    ("more", "later"),
    [({}, -1), ({"partial": True}, 1), ({"undoes": "r1"}, 1)],
    ids=["older", "some", "undo"],
)
def test_only_a_later_plan_of_everything_says_so(session, more, later):
    stored = store(session, "aa", changes(ANN))
    store(session, "bb", changes(BOB), later=later, **more)

    assert len(without_overtaken(session, stored).changes) == 1


def test_a_plan_that_takes_a_run_back_is_overtaken_by_none(session):
    stored = store(session, "aa", changes(ANN), undoes="r1")
    store(session, "bb", changes(BOB), later=1)

    assert len(without_overtaken(session, stored).changes) == 1


def test_what_was_made_of_it_already_is_not_called_stale(session):
    """A later plan lacks it because it is done."""
    stored = store(session, "aa", changes(ANN))
    told = stored.changes[["change_id", "account_id"]].assign(status="applied", message=None, at=session.now)
    session.ledger.intend(session.run_id, ["ann revoke g1"], "aa", session.now)
    session.ledger.record(session.run_id, "aa", complete(Outcomes, told))
    store(session, "bb", changes(BOB), later=1)

    assert len(without_overtaken(session, replace(stored)).changes) == 1
