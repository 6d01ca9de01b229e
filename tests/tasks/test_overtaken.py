"""What a later plan holds no more is not made by an earlier one that is applied after it."""

from __future__ import annotations

from dataclasses import replace
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
    same = dict.fromkeys(("before", "after", "rule", "reason"), "")
    return complete(
        Changes,
        rows.assign(
            **same,
            change_id=ids,
            subject=rows["account_id"] + "@acme.test",
            entitlement=rows["entitlement_id"],
            position=range(len(rows)),
            target="cloud",
            kind="group",
            destructive=rows["action"] == "revoke",
            reversible=True,
        ),
    )


ANN, BOB, NEW = ("ann", "revoke", "g1"), ("bob", "revoke", "g1"), ("cyd", "grant", "g1")


def store(session: Session, fingerprint: str, made: pd.DataFrame, **more) -> StoredPlan:
    about = {"target": "cloud", "created": session.now, "blocked_by": []} | more
    plan = StoredPlan(
        fingerprint,
        run_id=session.run_id,
        policy_fingerprint=session.policy.fingerprint(),
        changes=made,
        **about,
    )
    session.ledger.store_plan(plan)
    return plan


def test_what_a_later_plan_lacks_ends_as_stale_and_is_told(session):
    """Whoever was to lose something may be back, and whoever was to get something may have left."""
    stored = store(session, "aa", changes(ANN, BOB, NEW))
    store(session, "bb", changes(BOB))

    left = without_overtaken(session, stored)
    told = session.ledger.outcomes("aa")

    stale = [["ann revoke g1", "stale"], ["cyd grant g1", "stale"]]
    assert left.changes["account_id"].tolist() == ["bob"]
    assert told[["change_id", "status"]].to_numpy().tolist() == stale
    assert set(told["message"]) == {f"plan bb of run {session.run_id}, made later, holds this no more"}


def unmade(made: pd.DataFrame) -> pd.DataFrame:
    """The changes, of accounts that are not there yet."""
    return made.assign(account_id=pd.Series([None] * len(made), index=made.index, dtype="str"))


JOINER, GETS = ("cyd", "create", ""), ("cyd", "grant", "g1")


def test_an_account_that_is_still_to_be_made_is_known_by_its_address(session):
    """Nobody is invited whom a later plan invites no more; whom it still does may be there by now."""
    wanted = changes(JOINER, GETS, ("dan", "create", ""))
    stored = store(session, "aa", unmade(wanted))
    store(session, "bb", pd.concat([unmade(changes(JOINER)), changes(GETS)]))

    left = without_overtaken(session, stored)

    assert left.changes["change_id"].tolist() == ["cyd create ", "cyd grant g1"]


def test_a_group_that_is_still_to_be_made_is_known_by_its_name(session):
    """The account is the same, and the group has its identifier by the time of the later plan."""
    group = pd.Series([None], dtype="str")
    stored = store(session, "aa", changes(GETS).assign(entitlement_id=group))
    store(session, "bb", changes(GETS))

    assert len(without_overtaken(session, stored).changes) == 1


@pytest.mark.parametrize(("value", "left"), [('{"name": "Ada"}', 1), ('{"name": "Eve"}', 0)])
def test_an_update_to_another_value_is_another(session, value, left):
    """The later read knows the name better."""
    renamed = changes(("ann", "update", "")).assign(after='{"name": "Ada"}')
    stored = store(session, "aa", renamed)
    store(session, "bb", renamed.assign(after=value))

    assert len(without_overtaken(session, stored).changes) == left


def test_a_later_plan_of_some_people_counts_for_them(session):
    """The last that is of somebody counts, in whatever case the address was asked for."""
    stored = store(session, "aa", changes(ANN, BOB, NEW))
    some = {"partial": True, "asked_for": ["Ann@acme.test", "cyd@acme.test"]}
    store(session, "bb", changes(ANN, NEW))
    store(session, "cc", changes(NEW), **some)

    left = without_overtaken(session, stored)
    told = session.ledger.outcomes("aa").set_index("change_id")["message"].str[:7]

    assert left.changes["account_id"].tolist() == ["cyd"]
    assert told.to_dict() == {"ann revoke g1": "plan cc", "bob revoke g1": "plan bb"}


def test_another_group_of_the_same_account_is_another_loss(session):
    stored = store(session, "aa", changes(ANN))
    store(session, "bb", changes(("ann", "revoke", "g2")))

    assert without_overtaken(session, stored).changes.empty


@pytest.mark.parametrize(
    "more",
    [{"partial": True, "asked_for": ["bob@acme.test"]}, {"undoes": "r1"}, {"target": "other"}],
    ids=["others", "undo", "elsewhere"],
)
def test_only_a_later_plan_of_the_same_people_says_so(session, more):
    stored = store(session, "aa", changes(ANN))
    store(session, "bb", changes(BOB), **more)

    assert len(without_overtaken(session, stored).changes) == 1


def test_an_earlier_plan_says_nothing(session):
    store(session, "bb", changes(BOB))
    stored = store(session, "aa", changes(ANN))

    assert len(without_overtaken(session, stored).changes) == 1


def test_a_later_plan_of_nobody_knows_whom_may_be_of_everyone(session):
    """An earlier version did not keep whom it was asked for; what it lacks is not made on that doubt."""
    stored = store(session, "aa", changes(ANN))
    store(session, "bb", changes(BOB), partial=True)

    assert without_overtaken(session, stored).changes.empty


def test_a_plan_that_takes_a_run_back_is_overtaken_by_none(session):
    stored = store(session, "aa", changes(ANN), undoes="r1")
    store(session, "bb", changes(BOB))

    assert len(without_overtaken(session, stored).changes) == 1


def test_what_was_made_of_it_already_is_not_called_stale(session):
    """A later plan lacks it because it is done."""
    stored = store(session, "aa", changes(ANN))
    told = stored.changes[["change_id", "account_id"]].assign(status="applied", message=None, at=session.now)
    session.ledger.intend(session.run_id, ["ann revoke g1"], "aa", session.now)
    session.ledger.record(session.run_id, "aa", complete(Outcomes, told))
    store(session, "bb", changes(BOB))

    assert len(without_overtaken(session, replace(stored)).changes) == 1
