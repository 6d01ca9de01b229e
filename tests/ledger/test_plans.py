"""Plans come back exactly as they were stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ledger import Ledger, StoredPlan
from ledger.errors import AmbiguousIdentifier, PlanMismatch, UnknownPlan, UnknownRun
from provisioning.model.frames import Changes, columns
from provisioning.model.terms import Action

_fingerprints = (f"plan-{number:09d}" for number in count())
Make = Callable[..., pd.DataFrame]


def _values(name: str, dtype: str, nullable: bool) -> st.SearchStrategy[object]:
    # PostgreSQL holds no NUL and no database holds half a surrogate pair.
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    by_type = {"bool": st.booleans(), "int64": st.integers(0, 2**63 - 1)}
    values = (
        st.sampled_from([action.value for action in Action]) if name == "action" else by_type.get(dtype, text)
    )
    return st.none() | values if nullable else values


def _plans() -> st.SearchStrategy[pd.DataFrame]:
    declared = Changes.to_schema().columns
    row = st.fixed_dictionaries({n: _values(n, str(c.dtype), bool(c.nullable)) for n, c in declared.items()})
    rows = st.lists(row, max_size=6, unique_by=lambda values: values["change_id"])
    return rows.map(lambda kept: Changes.validate(pd.DataFrame(kept, columns=columns(Changes))))


@settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=_plans())
def test_any_plan_comes_back_row_for_row(ledger: Ledger, now: datetime, plan: pd.DataFrame) -> None:
    """Order, nulls, types and every character survive."""
    fingerprint = next(_fingerprints)
    run_id = ledger.start_run("reconcile", now, policy="policy-1")
    ledger.store_plan(StoredPlan(fingerprint, "acme", run_id, "policy-1", [], now, plan))

    pd.testing.assert_frame_equal(plan, ledger.plan(fingerprint).changes)


def test_a_plan_says_where_it_comes_from(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """Target, run, policy and the reasons to hold it stand beside the changes."""
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", ["51 of 50"], now, make_changes(2)))
    plan = ledger.plan("abc")

    assert ("abc1", "acme", run_id) == (plan.fingerprint, plan.target, plan.run_id)
    assert ("policy-1", ["51 of 50"], now) == (plan.policy_fingerprint, plan.blocked_by, plan.created)


def test_storing_a_plan_twice_is_storing_it_once(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """A step that is tried again leaves one plan."""
    for _ in range(2):
        ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", [], now, make_changes(2)))

    assert [plan.fingerprint for plan in ledger.plans(run_id)] == ["abc1"]


def test_two_runs_that_come_to_the_same_plan_both_have_it(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """The content is kept once; the plan is the later run's."""
    later = ledger.start_run("reconcile", now + timedelta(hours=1), policy="policy-2")
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", ["first plan"], now, make_changes(2)))
    ledger.store_plan(StoredPlan("abc1", "acme", later, "policy-2", [], now, make_changes(2)))

    assert [ledger.plans(run)[0].blocked_by for run in (run_id, later)] == [["first plan"], []]
    assert (later, "policy-2") == (ledger.plan("abc1").run_id, ledger.plan("abc1").policy_fingerprint)


def test_a_run_has_a_plan_for_each_target(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """Targets may even have nothing to do under one fingerprint."""
    ledger.store_plan(StoredPlan("nothing", "acme", run_id, "policy-1", [], now, make_changes(0)))
    ledger.store_plan(StoredPlan("nothing", "other", run_id, "policy-1", [], now, make_changes(0)))

    assert [(plan.target, len(plan.changes)) for plan in ledger.plans(run_id)] == [("acme", 0), ("other", 0)]


def test_a_fingerprint_that_covers_two_plans_is_refused(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """What was approved under a fingerprint can never become something else."""
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", [], now, make_changes(2)))

    with pytest.raises(PlanMismatch, match="2 changes and was given with 3"):
        ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", [], now, make_changes(3)))


def test_plans_are_found_by_their_beginning(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """A shared beginning is ambiguous, an unknown one names the nearest."""
    for fingerprint in ("abc1", "abd2"):
        ledger.store_plan(StoredPlan(fingerprint, "acme", run_id, "policy-1", [], now, make_changes(1)))

    assert ledger.plan("abd").fingerprint == "abd2"
    with pytest.raises(AmbiguousIdentifier, match="abc1, abd2"):
        ledger.plan("ab")
    with pytest.raises(UnknownPlan, match="Did you mean abc1"):
        ledger.plan("abcx")


def test_a_plan_needs_a_run(ledger: Ledger, now: datetime, make_changes: Make) -> None:
    """Nothing is stored for a run the ledger does not know."""
    with pytest.raises(UnknownRun):
        ledger.store_plan(StoredPlan("abc1", "acme", "nobody", "policy-1", [], now, make_changes(1)))
    with pytest.raises(UnknownPlan, match="holds none yet"):
        ledger.plan("abc1")
    with pytest.raises(UnknownRun):
        ledger.plans("nobody")


def test_approvals_are_kept_in_order(ledger: Ledger, run_id: str, now: datetime, make_changes: Make) -> None:
    """Two people may have to approve; each stands with reason and time."""
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", ["too many"], now, make_changes(1)))
    empty = ledger.approvals("abc1")
    ledger.approve("abc", by="ada", reason="yearly clean-up", at=now)
    ledger.approve("abc1", by="bob", reason="seen", at=now)
    found = ledger.approvals("abc1")

    assert list(found[["fingerprint", "by", "reason"]].itertuples(index=False, name=None)) == [
        ("abc1", "ada", "yearly clean-up"),
        ("abc1", "bob", "seen"),
    ]
    assert now == found["at"].iloc[0]
    assert dict(empty.dtypes) == dict(found.dtypes)
    with pytest.raises(UnknownPlan):
        ledger.approve("zzz", by="ada", reason="", at=now)


def test_a_large_plan_is_stored_in_few_statements(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """Rows travel in batches: 12,000 changes cost three inserts, or none where they are streamed."""
    inserts: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        inserts.extend([statement] if statement.startswith("INSERT INTO changes") else [])

    event.listen(ledger._engine, "before_cursor_execute", note)
    ledger.store_plan(StoredPlan("abc1", "acme", run_id, "policy-1", [], now, make_changes(12_000)))

    assert len(inserts) <= 3
    assert len(ledger.plan("abc1").changes) == 12_000


def test_later_plans_are_those_up_to_the_last_of_everything(
    ledger: Ledger, run_id: str, now: datetime, make_changes: Make
) -> None:
    """Neither one that takes a run back, nor one of another target; one of unknown people is of all."""
    made, hour = make_changes(1), timedelta(hours=1)
    plan = StoredPlan("abc1", "acme", run_id, "policy-1", [], now, made)
    later = replace(plan, created=now + hour)
    some = replace(later, partial=True, asked_for=["p0@acme.test"])
    for one in (
        plan,
        replace(some, fingerprint="abc2"),
        replace(later, fingerprint="abc3", undoes=run_id),
        replace(later, fingerprint="abc4", target="other"),
    ):
        ledger.store_plan(one)

    def found() -> list[str]:
        return [one.fingerprint for one in ledger.later_plans(plan)]

    assert found() == ["abc2"]
    assert ledger.later_plans(plan)[0].asked_for == ["p0@acme.test"]
    ledger.store_plan(replace(later, fingerprint="abc5"))
    ledger.store_plan(replace(some, fingerprint="abc6"))
    assert found() == ["abc6", "abc5"]
    ledger.store_plan(replace(later, fingerprint="abc7", partial=True))
    assert found() == ["abc7"]
    again = ledger.start_run("sync", now, policy="policy-1")
    ledger.store_plan(replace(plan, run_id=again))
    assert found() == []
    assert [ledger.plan(one).whole for one in ("abc1", "abc2", "abc3")] == [True, False, False]
