"""A sync of what was pushed: it keeps in step, and judges what would empty a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import update

from ledger.pushed import tables
from receive import Connection
from sandbox import policy
from sandbox.scim_push.client import Client
from tests.receive.service import Service

GROUP = "atl-jira-users"


@pytest.fixture
def service(company) -> Iterator[Service]:
    """The service over the ledger of the policy, which is pushed to by a client like Okta's."""
    company.policy = policy.write(company.policy.parent, company.url, sources=["okta-push"])
    ledger = f"sqlite:///{company.policy.parent / 'seatwise.db'}"
    with Service(ledger, Connection("okta-push")) as running:
        yield running


@pytest.fixture
def push(company, service: Service) -> Callable[[], None]:
    client = Client("okta", service.base(), service.tokens["okta-push"])

    def cycle() -> None:
        client.cycle(company.world.company)
        assert client.pushed.refused == []

    return cycle


def in_step(company) -> None:
    from flows.cli.history import approve_plan

    planned = company.run("reconcile")
    approve_plan(company.policy, planned["fingerprint"], by="tester", reason="read")
    done = company.run("apply", plan=planned["fingerprint"])
    assert done["residual"] == 0
    assert company.run("sync")["changes"] == {}


def group_id(service: Service) -> str:
    reply = service.send("GET", f'/Groups?filter=displayName eq "{GROUP}"&excludedAttributes=members')
    return str(reply.json()["Resources"][0]["id"])


def test_what_is_pushed_is_kept_in_step(company, push) -> None:
    """Everybody, then a day's changes: the same accounts as from a directory that is read."""
    push()
    in_step(company)
    leaver = next(
        one for one in company.world.company.people.values() if one.groups and one.state == "active"
    )
    company.world.company.leave(leaver.email)
    push()

    summary = company.run("sync")

    plan = pd.read_csv(company.out / "plan.csv")
    assert set(plan["subject"]) == {leaver.email}
    assert plan["destructive"].any()
    assert summary["blocked_by"] == []
    assert summary["residual"] == 0


@pytest.mark.live
@pytest.mark.parametrize("way", ["remove all", "delete"])
def test_an_emptied_group_is_evidence_that_is_judged(company, service: Service, push, way: str) -> None:
    """Whatever way the client says it, the plan that follows waits for a person and names the group."""
    push()
    in_step(company)
    group = group_id(service)
    ways = {
        "remove all": lambda: service.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}),
        "delete": lambda: service.send("DELETE", f"/Groups/{group}"),
    }
    assert ways[way]().ok

    summary = company.run("sync")

    assert summary["verdict"] == "needs approval"
    assert summary["applied"] == 0
    assert any(GROUP in reason for reason in summary["blocked_by"])


@pytest.mark.live
def test_silence_takes_nothing_away_and_is_told(company, service: Service, push) -> None:
    """The connection has been still for months: nobody is gone, and the run does not say all is well."""
    push()
    in_step(company)
    with service.inbox._writing() as connection:
        long_ago = datetime.now().astimezone() - timedelta(days=90)
        connection.execute(update(tables.tokens).values(used_at=long_ago))

    summary = company.run("sync")

    assert summary["changes"] == {}
    assert summary["rejects"]["okta-push"] == {"heard": 1}
    assert summary["exit_code"] == 4
