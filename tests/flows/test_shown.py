"""What the Prefect UI shows of a run besides its state: its name, its tables, its progress, and of whom."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pandas as pd
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from prefect.utilities.names import generate_slug

from tasks.naming import own_folder
from tasks.personal_data import veil
from tasks.phases import TASK_RUNS, batch_size
from tasks.progress import Silent
from tasks.progress_artifacts import InPrefect
from tasks.session import open_session
from tasks.ui import artifact_key, is_typed
from tests.flows.test_states import OUTCOME, PLAN, artifacts
from tests.flows.test_sync import applied


def last_flow_run(company) -> str:
    with open_session(company.policy) as session:
        run = session.ledger.run(session.ledger.runs(1)["run_id"].iloc[0])
    return str(run.flow_run)


def test_a_run_is_called_by_flow_policy_target_time_and_what_came_of_it(company, server):
    summary = company.run("sync")

    name = requests.get(f"{server}/flow_runs/{last_flow_run(company)}", timeout=10).json()["name"]
    planned = sum(summary["changes"].values())
    assert name.startswith(f"sync policy (acme-cloud) {summary['run_id'][:4]}-")
    assert name.endswith(f": {planned} changes to approve")


def test_only_a_name_that_prefect_made_is_replaced():
    assert not any(is_typed(generate_slug(2)) for _ in range(500))
    assert not any(is_typed(name) for name in ("lambda98-campeche", "phi95-neural-y"))
    assert all(is_typed(name) for name in ("monthly-report", "quarter's end", "test", "otter run 3"))


def test_a_plan_begins_with_what_takes_something_reason_by_reason(company, server):
    """One table a policy and target, which says under which fingerprint the plan is kept."""
    summary = company.run("reconcile")

    shown = artifacts(server, last_flow_run(company))[PLAN]
    rows = json.loads(shown["data"])
    destructive = [row["Destructive"] for row in rows]
    rules = [row["Rule"] for row in rows if row["Destructive"]]
    assert destructive == sorted(destructive, reverse=True)
    assert rules == sorted(rules)
    assert any(destructive)
    assert summary["fingerprint"][:12] in shown["description"]


@pytest.mark.parametrize(
    ("how", "whole", "hinted"), [("full", True, True), ("masked", False, True), ("none", False, False)]
)
def test_people_appear_as_the_policy_says(company, server, how, whole, hinted):
    """In every artifact, and in the state of the run; the files name them in full."""
    company.rewrite("version: 1", f"version: 1\npersonal_data: {how}")
    summary = applied(company)

    people = set(pd.read_csv(company.out / "plan.csv")["subject"])
    shown = artifacts(server, last_flow_run(company))
    text = json.dumps(list(shown.values())) + json.dumps(
        requests.get(f"{server}/flow_runs/{last_flow_run(company)}", timeout=10).json()
    )
    assert {PLAN, OUTCOME} <= set(shown)
    assert summary["applied"] == len(pd.read_csv(company.out / "outcomes.csv"))
    assert any(person in text for person in people) == whole
    assert ("@acme.test" in text) == hinted


def test_an_address_is_masked_wherever_it_stands():
    text = "moved from ada.larsen@acme.test to <bo@acme.test>, not @team or 5@5"

    assert veil(text, "masked") == "moved from a…n@acme.test to <b…@acme.test>, not @team or 5@5"
    assert veil(text, "none") == "moved from someone to <someone>, not @team or 5@5"


@given(changes=st.integers(1, 2_000_000), targets=st.integers(1, 20))
def test_no_run_exceeds_its_task_runs(changes, targets):
    """Settle, read, decide, verify for each target, and its batches; three phases end half-full."""
    each = changes // targets + 1
    batches = each / batch_size(each, targets) + 3

    assert targets * (4 + batches) + 15 <= TASK_RUNS
    assert batch_size(each, targets) >= 100


def test_a_long_step_shows_how_far_it_is(server, company):
    """After five seconds, with a size a bar; a short one leaves nothing behind."""
    company.run("reconcile")
    run = last_flow_run(company)
    now = [0.0]
    session = SimpleNamespace(policy_name="policy", flow_run=run)
    progress = InPrefect(session, Silent(), clock=lambda: now[0])

    short, long = progress.step("okta-main: groups", 10), progress.step("okta-main: identities", 400)
    short(10)
    for _ in range(3):
        now[0] += 3
        long(100)
    now[0] += 3
    long(100)

    shown = artifacts(server, run)
    assert shown[artifact_key("progress", "policy", "okta-main: identities")]["data"] == 100.0
    assert artifact_key("progress", "policy", "okta-main: groups") not in shown


def test_runs_of_a_deployment_keep_apart(tmp_path):
    """Each has its folder; `latest` is the one that began last."""
    for run_id in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        (own_folder(tmp_path, run_id) / "summary.json").write_text(run_id)

    assert (tmp_path / "latest" / "summary.json").read_text() == "20260102-000000-bbbb"
    assert (tmp_path / "20260101-000000-aaaa" / "summary.json").read_text() == "20260101-000000-aaaa"
