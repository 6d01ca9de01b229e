"""What a person took back stays taken back until somebody lifts it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from ledger import StoredPlan
from provisioning.model.frames import Outcomes, complete

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(*people: str, rule: str = "map x", action: str = "grant", entitlement: str = "") -> pd.DataFrame:
    made = pd.DataFrame({"account_id": list(people), "subject": [f"{who}@acme.test" for who in people]})
    name = entitlement.upper() or None
    made = made.assign(rule=rule, action=action, entitlement_id=entitlement, rule_digest="d1")
    return made.assign(entitlement=pd.Series(name, index=made.index, dtype="str"))


@pytest.fixture
def suspended(ledger):
    ledger.suspend_rules("acme", rows("ann", "bo"), run_id="r1", at=NOW)
    ledger.suspend_rules("acme", rows("bo"), run_id="r2", at=NOW)
    ledger.suspend_rules("other", rows("ann", action="revoke"), run_id="r2", at=NOW)
    return ledger


def people(found: pd.DataFrame) -> list[tuple[str, str]]:
    return list(found[["target", "account_id"]].itertuples(index=False, name=None))


def test_each_rule_is_suspended_once_for_a_person(suspended):
    assert people(suspended.suspended_rules()) == [("acme", "ann"), ("acme", "bo"), ("other", "ann")]
    assert suspended.suspended_rules("acme")["run_id"].tolist() == ["r1", "r2"]


def test_it_is_lifted_by_run_and_by_person(suspended):
    """Nothing else is lifted with it, and what was lifted is told."""
    assert people(suspended.lift("r2", ["ANN@acme.test"])) == [("other", "ann")]
    assert people(suspended.suspended_rules()) == [("acme", "ann"), ("acme", "bo")]
    assert people(suspended.lift()) == [("acme", "ann"), ("acme", "bo")]
    assert suspended.suspended_rules().empty


def test_what_is_made_again_is_no_longer_suspended(suspended):
    suspended.resume_rules("acme", rows("ann"))
    suspended.resume_rules("acme", rows("bo", rule="another"))

    assert people(suspended.suspended_rules("acme")) == [("acme", "bo")]


def test_each_entitlement_is_suspended_by_itself(ledger):
    for group in ("g1", "g2"):
        ledger.suspend_rules("acme", rows("ann", entitlement=group), run_id="r1", at=NOW)
    ledger.resume_rules("acme", rows("ann", entitlement="g1"))

    left = ledger.suspended_rules("acme")
    assert left[["entitlement_id", "entitlement"]].to_numpy().tolist() == [["g2", "G2"]]


def test_what_was_made_after_a_run_is_told(ledger, run_id, make_changes, now):
    """Neither what it made itself nor what was refused or so already counts."""
    other = ledger.start_run("apply", now, policy="policy-1")
    changes = make_changes(4)
    ledger.store_plan(StoredPlan("ffff", "acme", run_id, "policy-1", [], now, changes))
    one, two, three, four = changes["change_id"]

    def make(run: str, change: str, status: str = "applied", *, intended: bool = True) -> None:
        if intended:
            ledger.intend(run, [change], "ffff", now)
        row = {"change_id": change, "status": status, "account_id": "a", "message": None, "at": now}
        ledger.record(run, "ffff", complete(Outcomes, pd.DataFrame([row])))

    make(run_id, one)
    make(other, two)
    make(other, three, "failed")
    make(other, four, intended=False)

    assert ledger.made_after([run_id], [one, two, three, four]) == {two}
    assert ledger.made_after([run_id], [one]) == frozenset()
    assert ledger.made_after([other], [one, two]) == frozenset()
