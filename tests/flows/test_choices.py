"""What the forms of apply and undo offer after real runs."""

from __future__ import annotations

from tasks.choices import _applied, _plans, _recent
from tasks.session import open_session
from tests.flows.test_sync import released


def offered(company) -> tuple[list[str], list[str]]:
    """The plans and the runs that there are to choose from now."""
    with open_session(company.policy) as session:
        runs = list(_recent(session))
        return list(_plans(session, runs)), list(_applied(runs))


def test_a_plan_is_offered_while_it_waits_and_its_run_once_it_is_applied(company):
    planned = released(company)
    waiting = offered(company)
    done = company.run("apply", plan=planned["fingerprint"])
    plans, runs = offered(company)

    (plan,), nothing = waiting
    assert plan.startswith(f"{planned['fingerprint'][:12]} acme-cloud: ")
    assert str(sum(planned["changes"].values())) in plan
    assert nothing == plans == []
    (run,) = runs
    assert run == f"{done['run_id']} apply: {done['applied']} changes applied"
    assert done["applied"] > 0
