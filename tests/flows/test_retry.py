"""A run that failed goes on when it is tried again: whole reads serve it, writes are not repeated."""

from __future__ import annotations

import pytest
import requests

from tasks.session import open_session
from tests.flows.test_crash import memory, writes
from tests.flows.test_deployments import environment  # noqa: F401
from tests.flows.test_endings import deployment
from tests.flows.test_states import OUTCOME, artifacts
from tests.flows.test_sync import released

pytestmark = pytest.mark.live


def reads(company, path: str) -> int:
    """How many pages of a list were asked for."""
    rows = requests.get(f"{company.url}/_sandbox/requests", timeout=5).json()["requests"]
    return sum(row["count"] for row in rows if path in row["path"])


@pytest.mark.timeout(560)
def test_a_run_that_is_tried_again_goes_on_where_it_stood(company, environment, tmp_path):  # noqa: F811
    """First a read fails, then a write: sources are read once, each change is sent once, all are shown."""
    plan = released(company)
    total = sum(plan["changes"].values())
    company.rewrite("ledger:", "reuse_reads: 20m\nledger:")
    with deployment(company, environment, tmp_path) as deployed:
        requests.delete(f"{company.url}/_sandbox/requests", timeout=5)
        company.fault(path="/atlassian/admin/v2", method="POST", kind="status", status=403, times=0)
        run_id = deployed.start("seatwise-sync", full=True)
        failed = deployed.ended(run_id, "FAILED", "COMPLETED", "CRASHED", "CANCELLED", "PAUSED")
        assert failed["state_type"] == "FAILED", failed["state"]
        requests.delete(f"{company.url}/_sandbox/faults", timeout=5)
        once = reads(company, "/okta/api/v1/users")
        assert once > 0

        company.fault(path="/atlassian/users", method="PATCH", kind="status", status=403, times=1)
        deployed.retry(run_id)
        failed = deployed.ended(run_id, "FAILED", "COMPLETED", "CRASHED", "CANCELLED", "PAUSED")
        assert (failed["state_type"], failed["state"]["name"]) == ("FAILED", "Done with failures")
        assert f"{total - 1} of {total} changes applied" in failed["state"]["message"]
        assert reads(company, "/okta/api/v1/users") == once

        deployed.retry(run_id)
        done = deployed.ended(run_id, "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")
        shown = artifacts(deployed.url, run_id)

        assert done["state"]["message"].startswith(f"{total} changes applied: ")
        assert reads(company, "/okta/api/v1/users") == once
        assert shown[OUTCOME]["data"].count('"applied"') == total
        sent = {(row["method"], row["path"]): row["count"] for row in writes(company) if row["status"] < 300}
        (invite,) = [key for key in sent if key[1].endswith("/invite")]
        assert sent.pop(invite) == plan["changes"]["create"]
        assert set(sent.values()) == {1}
        assert len(memory(company)["owned"]) > 0
        with open_session(company.policy) as session:
            attempts = session.ledger.attempts_at(run_id)
        assert len(attempts) == 3
