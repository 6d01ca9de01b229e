"""What is Data Center's own: user names, experiments, desks that tell nobody, versions that list nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from sandbox.jsm_customers_dc.state import server
from sandbox.running import Running
from sinks import ALREADY, Sink
from tests.sinks.cases import change, connect, read
from transport.door import Door
from transport.errors import BadRequest


@pytest.fixture
def shaped(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets options of the face."""
    yield faulty
    faulty.world.options.pop("jsm_dc_no_listing", None)


def jsm(sandbox: Running, **more: Any) -> Sink:
    return connect("jsm_customers_dc", sandbox, None, Door(writable=True), **more)


def held(action: Action, account_id: str | None, group_id: str, name: str) -> Any:
    return change(None, action, account_id, kind="group", entitlement_id=group_id, entitlement=name)


def test_every_user_is_somebody_and_nothing_is_a_seat(acme: Running) -> None:
    """Customers are users of Jira, whether or not they are in an organisation."""
    sink = jsm(acme)

    accounts = read(sink, "accounts")

    assert set(server(acme.world).jira.by_key) == set(accounts["account_id"])
    assert read(sink, "seats").empty
    assert accounts.loc[accounts["caller"], "user_name"].eq("seatwise-svc").tolist() == [True]


def test_writes_go_by_the_user_name_of_now(fresh: Running) -> None:
    """Somebody who was renamed after the plan is still the same by key."""
    sink, made = jsm(fresh), server(fresh.world)
    account = read(sink, "accounts")["account_id"].iloc[-1]
    made.jira.rename(made.jira.by_key[account], "someone-else")
    number, legal = next((n, one) for n, one in made.organisations.items() if one.name == "Partners")

    sink.observe([account], [])
    sink.apply([held(Action.GRANT, account, str(number), "Partners")])

    assert account in legal.people


def test_a_desk_that_tells_nobody_is_left_alone_and_said_so(shaped: Running) -> None:
    """The documentation of some versions knows no listing of a desk's customers."""
    shaped.world.options["jsm_dc_no_listing"] = True
    sink = jsm(shaped)

    groups = read(sink, "entitlements").set_index("name")["modifiable"]
    findings = {finding.subject: finding for finding in sink.check()}

    assert not groups["desk:SUP"]
    assert groups["Sales"]
    assert "do not tell their customers" in findings["jsm_customers_dc: customers of desks"].message
    assert "a desk that is open to everybody" in findings["jsm_customers_dc: open desks"].message


def test_nobody_is_taken_out_of_a_desk_that_everybody_may_use(fresh: Running) -> None:
    sink = jsm(fresh)
    account = read(sink, "accounts")["account_id"].iloc[-1]
    desk = next(number for number, one in server(fresh.world).desks.items() if one.name == "IT")
    sink.apply([held(Action.GRANT, account, f"desk:{desk}", "desk:IT")])

    with pytest.raises(BadRequest, match="open access") as refused:
        sink.apply([held(Action.REVOKE, account, f"desk:{desk}", "desk:IT")])

    assert "only added customers" in refused.value.remedy


def test_an_organisation_that_is_made_is_put_on_the_desks(fresh: Running) -> None:
    sink = jsm(fresh, desks=["SUP"])
    sink.apply([held(Action.CREATE_GROUP, None, "", "New Partner")])

    made = server(fresh.world)
    number = next(number for number, one in made.organisations.items() if one.name == "New Partner")
    assert [number in desk.organisations for desk in made.desks.values()] == [True, False]
    made.desks[min(made.desks)].organisations.clear()
    (warning,) = [one for one in sink.check() if one.subject.endswith("organisations of desks")]
    assert "New Partner is on no desk" in warning.message


def test_an_address_that_is_known_is_nobody_new(fresh: Running) -> None:
    """And where two users have it, nobody says which of them is meant."""
    sink, made = jsm(fresh), server(fresh.world)
    known = list(made.jira.accounts.values())[-1]
    again = change(sink, Action.CREATE, None, subject=known.email, after={"email": known.email})

    first = sink.apply([again])
    made.jira.create("second", known.email, "Second")

    assert (known.key, ALREADY) == (first.account_id, first.message)
    with pytest.raises(BadRequest, match="already exists"):
        sink.apply([again])


def test_what_is_jiras_is_refused_before_a_request(acme: Running) -> None:
    """Leavers are deactivated where the server's users are kept."""
    sink = jsm(acme)
    account = read(sink, "accounts")["account_id"].iloc[-1]
    acme.world.counters.clear()

    with pytest.raises(Refused, match="users of Jira") as refused:
        sink.apply([change(sink, Action.DEACTIVATE, account)])

    assert "jira_dc" in refused.value.remedy
    assert not acme.world.counters.counts
