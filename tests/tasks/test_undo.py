"""What a plan that takes a run back says of whom it gives something back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ledger import StoredPlan
from provisioning.model.frames import Changes, Outcomes, complete
from tasks.session import open_session
from tasks.undo import plan_undo


def test_the_way_back_names_who_has_left_by_now(policy_file: Path):
    """Whoever approves it knows that an account comes back which nobody uses."""
    facts = {"change_id": ["c0", "c1"], "position": [0, 1], "account_id": ["a0", "a1"]}
    same = dict.fromkeys(("before", "after", "rule", "reason"), "") | {"target": "cloud", "action": "revoke"}
    rows = pd.DataFrame(facts).assign(**same, kind="group", entitlement_id="g1", entitlement="staff")
    rows = rows.assign(subject=["p0@acme.test", "p1@acme.test"], destructive=True, reversible=True)
    with open_session(policy_file) as session:
        ledger, now, policy = session.ledger, session.now, session.policy.fingerprint()
        run = ledger.start_run("sync", now, policy=policy)
        ledger.store_plan(StoredPlan("f" * 64, "cloud", run, policy, [], now, complete(Changes, rows)))
        ledger.intend(run, ["c0", "c1"], "f" * 64, now)
        told = rows[["change_id", "account_id"]].assign(status="applied", message=None, at=now)
        ledger.record(run, "f" * 64, complete(Outcomes, told))
        left = pd.DataFrame({"account_id": ["a1"], "since": [pd.Timestamp(now)], "cause": ["departed"]})
        ledger.save_leavers("cloud", left)
        session.run_id = ledger.start_run("undo", now, policy=policy)

        (plan,) = plan_undo(session, run).plans

    assert plan.changes["action"].tolist() == ["grant", "grant"]
    assert plan.blocked_by[:2] == [
        f"it takes back run {run}",
        "it gives back to 1 person who left: p1@acme.test",
    ]
