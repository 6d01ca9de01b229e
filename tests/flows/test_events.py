"""What a run tells other programs: numbers, and nobody's name."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.kit.cloud_wire import organisation
from tasks.session import open_session
from tests.flows.test_sync import applied


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What is handed to Prefect."""
    handed: list[dict] = []
    monkeypatch.setattr(
        "tasks.events.emit_event", lambda event, **more: handed.append({"event": event, **more})
    )
    return handed


def payloads(emitted: list[dict], name: str) -> list[dict]:
    return [each["payload"] for each in emitted if each["event"] == name]


def test_a_plan_that_waits_is_told_with_its_numbers(company, emitted):
    summary = company.run("sync")

    (told,) = payloads(emitted, "seatwise.plan.waiting")
    assert told["changes"] == sum(summary["changes"].values())
    assert told["plan"] == summary["fingerprint"][:12]
    assert 0 < told["destructive"] < told["changes"]
    assert told["run"] == summary["run_id"]


def test_a_plan_that_was_written_is_told_and_drift_afterwards(company, emitted):
    """Somebody takes a group from one person by hand."""
    summary = applied(company)
    (told,) = payloads(emitted, "seatwise.plan.applied")
    assert (told["applied"], told["failed"]) == (summary["applied"], 0)
    assert payloads(emitted, "seatwise.drift") == []

    with open_session(company.policy) as session:
        ours = session.ledger.owned("acme-cloud").query("kind == 'group'").iloc[0]
    organisation(company.world).remove_member(ours["entitlement_id"], ours["account_id"])
    company.run("reconcile")

    (drift,) = payloads(emitted, "seatwise.drift")
    assert drift["assignments"] == 1
    assert "@" not in str(emitted)


def test_a_run_that_ends_in_an_error_is_told_without_its_words(company, emitted):
    company.fault(path="/okta/api/v1/users", method="GET", times=0, kind="status", status=403)

    with pytest.raises(Exception, match="answered 403"):
        company.run("sync")

    (told,) = payloads(emitted, "seatwise.run.failed")
    assert re.fullmatch(r"\w+", told["error"])


def test_seats_that_run_out_are_told(company, emitted):
    """Jira on one's own server tells how many it has; one seat of thousands is left."""
    from sandbox import policy
    from sandbox.jira_dc import face

    policy.write(company.policy.parent, company.url, targets=("legacy-jira",))
    used = len(face.installation(company.world).counted("jira-software"))
    company.world.options["jira_dc_seats"] = {"jira-software": used + 1}
    company.run("reconcile")

    free = {told["product"]: told["free"] for told in payloads(emitted, "seatwise.seats.low")}
    assert free["jira-software"] == 1


def test_an_old_file_is_told_and_a_rehearsal_tells_nothing(company, emitted, tmp_path):
    from sandbox.atlassian_export import face

    face.write(company.world, tmp_path, style="people")
    week = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    os.utime(tmp_path / "people.csv", (week, week))
    text = company.policy.read_text()
    start = text.index("  okta-main: {")
    end = text.index("  acme-cloud: {")
    company.policy.write_text(text[:start] + "  okta-main: {kind: csv, path: people.csv}\n" + text[end:])

    company.run("reconcile", as_of=datetime.now(UTC) + timedelta(days=30))
    assert emitted == []
    company.run("reconcile")

    assert [told["days"] for told in payloads(emitted, "seatwise.source.stale")] == [8]
