"""What goes wrong outside never deprovisions anyone."""

from __future__ import annotations

import json

import pytest

FAULTS = [
    pytest.param({"kind": "status", "status": 500, "times": 0}, id="500"),
    pytest.param({"kind": "reset", "times": 0}, id="cut connection"),
    pytest.param({"kind": "truncate", "times": 0}, id="truncated body"),
    pytest.param({"kind": "expire_token", "times": 0}, id="expired token"),
    pytest.param(
        {"kind": "status", "status": 429, "times": 0, "headers": {"Retry-After": "0"}}, id="429 storm"
    ),
]


@pytest.fixture
def impatient():
    """Retries as usual, waits as never."""
    from transport.clock import no_waiting

    with no_waiting():
        yield


@pytest.mark.parametrize("fault", FAULTS)
def test_a_source_that_fails_half_way_ends_the_run(company, impatient, fault):
    """No plan, no write; the error names source, page and remedy, and the ledger keeps the run as failed."""
    company.rewrite("token: 'env:SANDBOX_OKTA_TOKEN'", "token: 'env:SANDBOX_OKTA_TOKEN', page_size: 6")
    company.fault(path="/okta/api/v1/users", method="GET", skip=6, **fault)

    with pytest.raises(Exception) as raised:
        company.run("sync")

    error = raised.value
    assert error.page == 7
    assert error.remedy
    summary = json.loads((company.out / "summary.json").read_text())
    assert summary["exit_code"] == 1
    assert "okta-main" in summary["error"] or "/okta/" in summary["error"]
    assert "page 7" in summary["error"]
    assert not (company.out / "plan.csv").exists()
    assert all(host["write"] == 0 for host in summary["requests"].values())


def shrink(company, share: float) -> None:
    """Take people out of the directory, as a broken filter at the IdP would."""
    people = list(company.world.company.people)
    for number in people[: int(len(people) * share)]:
        company.world.company.leave(number, how="deleted")


@pytest.mark.parametrize("share", [0.15, 1.0], ids=["15 % smaller", "empty"])
def test_a_source_that_shrank_stops_the_run(company, share):
    """Nobody loses anything or begins to leave by it, and the next run still compares with the whole."""
    from tests.flows.test_sync import applied

    applied(company)
    leaving = since_when(company)
    shrink(company, share)

    for _ in range(2):
        summary = company.run("sync")

        assert summary["exit_code"] == 3
        assert summary["applied"] == 0
        assert any(word in " ".join(summary["blocked_by"]) for word in ("%", "empty", "no identit"))
        assert since_when(company) == leaving


def since_when(company) -> dict:
    """Who is remembered as leaving, and since when."""
    from tasks.session import open_session

    with open_session(company.policy) as session:
        leavers = session.ledger.leavers("acme-cloud")
    return dict(zip(leavers["account_id"], leavers["since"], strict=True))


@pytest.mark.live
def test_a_directory_that_really_shrank_is_the_measure_once_a_person_said_so(company):
    """Released and applied, the smaller directory stops nothing any more."""
    from flows.cli.history import approve_plan
    from tests.flows.test_sync import applied

    applied(company)
    shrink(company, 0.15)
    planned = company.run("sync")
    approve_plan(company.policy, planned["fingerprint"], by="tester", reason="a division was sold")

    company.run("sync")
    summary = company.run("sync")

    assert summary["blocked_by"] == []
    assert summary["exit_code"] == 0
