"""What is the portal's own: pages without totals, desks as groups, organisations on desks, conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from provisioning.model.terms import Action
from sandbox.jsm_customers.state import portal
from sandbox.running import Running
from sinks import Sink
from tests.sinks.cases import change, connect, read
from transport.door import Door
from transport.errors import BadRequest, Conflict


@pytest.fixture
def shaped(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets options of the face."""
    yield faulty
    for name in [name for name in faulty.world.options if name.startswith("jsm_")]:
        del faulty.world.options[name]


def jsm(sandbox: Running, **more: Any) -> Sink:
    return connect("jsm_customers", sandbox, None, Door(writable=True), **more)


def held(action: Action, account_id: str | None, group_id: str, name: str) -> Any:
    return change(None, action, account_id, kind="group", entitlement_id=group_id, entitlement=name)


def test_a_short_page_is_not_the_last(shaped: Running) -> None:
    whole = {part: read(jsm(shaped), part) for part in ("accounts", "assignments", "entitlements")}
    shaped.world.options["jsm_short_pages"] = True

    for part, frame in whole.items():
        pd.testing.assert_frame_equal(frame, read(jsm(shaped, page_size=4), part))


def test_customers_are_people_and_nothing_is_a_seat(acme: Running) -> None:
    """Whoever has an account of the directory is among them, for they need no other one."""
    accounts = read(jsm(acme), "accounts").set_index("account_id")

    assert set(portal(acme.world).users) == set(accounts.index)
    assert {"person"} == set(accounts["kind"])
    assert read(jsm(acme), "seats").empty


def test_a_desk_that_tells_nobody_is_left_alone_and_said_so(shaped: Running) -> None:
    """The listing of a desk's customers is an experiment of the vendor's, and may end."""
    shaped.world.options["jsm_no_listing"] = True
    sink = jsm(shaped)

    groups = read(sink, "entitlements").set_index("name")
    findings = {finding.subject: finding for finding in sink.check()}

    assert not groups["modifiable"]["desk:SUP"]
    assert groups["modifiable"]["Sales"]
    assert "do not tell their customers" in findings["jsm_customers: customers of desks"].message


def test_nobody_is_taken_out_of_a_desk_that_everybody_may_use(fresh: Running) -> None:
    sink = jsm(fresh)
    account = read(sink, "accounts")["account_id"].iloc[0]
    desk = next(number for number, one in portal(fresh.world).desks.items() if one.name == "IT")
    sink.apply([held(Action.GRANT, account, f"desk:{desk}", "desk:IT")])

    with pytest.raises(BadRequest, match="open access") as refused:
        sink.apply([held(Action.REVOKE, account, f"desk:{desk}", "desk:IT")])

    assert "only added customers" in refused.value.remedy


def test_an_organisation_that_is_made_is_put_on_the_desks(fresh: Running) -> None:
    sink = jsm(fresh, desks=["SUP"])
    sink.apply([held(Action.CREATE_GROUP, None, "", "New Partner")])

    site = portal(fresh.world)
    made = next(number for number, one in site.organisations.items() if one.name == "New Partner")
    assert [made in desk.organisations for desk in site.desks.values()] == [True, False]
    site.desks[min(site.desks)].organisations.clear()
    (warning,) = [one for one in sink.check() if one.subject.endswith("organisations of desks")]
    assert "New Partner is on no desk" in warning.message


def test_an_address_that_is_known_is_nobody_new(fresh: Running) -> None:
    """And where two accounts have it, nobody says which of them is meant."""
    sink, site = jsm(fresh), portal(fresh.world)
    staff = next(
        user for user in site.users.values() if user.kind == "atlassian" and "admin" not in user.email
    )
    made = change(sink, Action.CREATE, None, subject=staff.email, after={"email": staff.email})

    first = sink.apply([made]).account_id
    site.add(staff.email, staff.name)

    assert first == staff.account_id
    with pytest.raises(Conflict):
        sink.apply([made])
