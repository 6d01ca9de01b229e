"""Confluence Data Center: who counts, what is not told of the others, deletions that end later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from sandbox.running import Running
from sinks import Sink
from tests.sinks.cases import change, connect, read
from tests.sinks.test_contract import sent
from transport.door import Door
from transport.errors import BadRequest, NotFound, PaymentRequired
from transport.retry_policy import RetryPolicy


def _confluence(sandbox: Running, door: Door | None = None, **options: Any) -> Sink:
    return connect("confluence_dc", sandbox, Path(), door or Door(writable=True), **options)


def _person(sink: Sink) -> str:
    """Somebody who counts and is nobody's service."""
    accounts = read(sink, "accounts")
    return str(accounts.loc[accounts["email"].fillna("").str.endswith("partner.test"), "account_id"].iloc[0])


def test_who_is_disabled_has_no_address(fresh: Running) -> None:
    """Address and last sign-in are told of those who count; the others are unknown, not empty."""
    sink = _confluence(fresh)
    key = _person(sink)
    sink.apply([change(sink, Action.DEACTIVATE, key)])
    account = read(sink, "accounts").set_index("account_id").loc[key]
    seat = read(sink, "seats").set_index("account_id").loc[key]

    assert (account["state"], bool(seat["billable"])) == ("deactivated", False)
    assert account[["email", "last_active"]].isna().all()


def test_the_servers_own_count_is_the_bill(acme: Running) -> None:
    """Billed seats are those the server lists, and as many as its licence counts."""
    sink = connect("confluence_dc", acme, Path(), Door())
    seats, capacity = read(sink, "seats"), read(sink, "capacity")

    assert seats["billable"].sum() == capacity["used"].iloc[0]
    assert seats.loc[seats["billable"], "granted_by"].notna().all()


def test_a_deletion_that_takes_long_is_pending(fresh: Running) -> None:
    """It is asked about as long as patience lasts; the next run finds it done."""
    fresh.world.options["confluence_dc_asks"] = 20
    sink = _confluence(fresh, Door(writable=True, retry_policy=RetryPolicy(attempts=3)))
    key = _person(sink)

    applied = sink.apply([change(sink, Action.DELETE, key)])

    assert applied.propagating
    assert applied.account_id == key
    fresh.world.options["confluence_dc_asks"] = 0
    assert sink.observe([key], []).accounts.empty


def test_a_deletion_that_fails_is_no_success(fresh: Running) -> None:
    """The task says so, and in words."""
    fresh.world.options["confluence_dc_asks"] = 99
    sink = _confluence(fresh)
    body = {"id": "1", "percentageComplete": 100, "successful": False, "messages": [{"translation": "no"}]}
    fresh.world.faults.add(path="/confluence/rest/api/longtask", status=200, body=body)

    with pytest.raises(BadRequest, match="the deletion failed: no"):
        sink.apply([change(sink, Action.DELETE, _person(sink))])


def test_before_9_3_nothing_is_read(fresh: Running) -> None:
    """Without the list of those who count, reading stops and says what to do."""
    fresh.world.options["confluence_dc_version"] = "9.2.0"
    sink = _confluence(fresh)

    with pytest.raises(NotFound) as failure:
        read(sink, "accounts")

    assert "9.3" in failure.value.remedy
    assert "error" in {finding.level for finding in sink.check()}


def test_a_licence_that_is_not_told_is_no_error(fresh: Running) -> None:
    """Its address is not documented, so it may be gone: then there is no capacity, and a warning."""
    fresh.world.faults.add(path="/confluence/rest/license", status=404, times=0)
    sink = _confluence(fresh)

    assert read(sink, "capacity").empty
    assert not read(sink, "seats").empty
    assert {finding.level for finding in sink.check()} == {"ok", "warning"}


def test_the_connection_may_name_the_licensed_groups(acme: Running) -> None:
    """Then no permission is asked for."""
    acme.world.counters.clear()
    sink = connect("confluence_dc", acme, Path(), Door(), licensed_groups=["all-staff"])
    entitlements = read(sink, "entitlements").set_index("name")

    assert entitlements.index[entitlements["billable"]].tolist() == ["all-staff"]
    assert acme.world.counters.total("/confluence/rest/api/permissions") == 0


@pytest.mark.parametrize("name", ["ada new", "ada+new", "anonymous", "o'neil"])
def test_a_name_confluence_would_refuse_is_not_sent(name: str, fresh: Running) -> None:
    """The message says which letters are not allowed."""
    door = Door(writable=True)
    sink = _confluence(fresh, door)
    made = change(sink, Action.CREATE, None, after={"email": "ada@acme.test", "user_name": name})

    with pytest.raises(Refused, match="cannot be a user name"):
        sink.apply([made])

    assert sent(door, "write") == 0


def test_a_full_licence_is_told(fresh: Running) -> None:
    """402 stays what it is: seats must be bought or freed."""
    sink = _confluence(fresh)
    read(sink, "accounts")
    fresh.world.held["confluence"].capacity["confluence"] = 1

    with pytest.raises(PaymentRequired, match="licenses"):
        sink.apply([change(sink, Action.CREATE, None, after={"email": "ada@acme.test", "user_name": "ada"})])


def test_a_look_costs_one_request_an_account(fresh: Running) -> None:
    """Of those who count, beside the one list that all share."""
    door = Door()
    sink = _confluence(fresh, door)
    accounts = read(sink, "accounts").dropna(subset="email")
    before = sent(door)

    sink.observe(accounts["account_id"].tolist(), [])

    assert sent(door) - before == len(accounts) + 1


def test_an_update_repeats_what_it_does_not_change(fresh: Running) -> None:
    """The server takes name and address together, so both are sent."""
    sink = _confluence(fresh)
    key = _person(sink)
    before = sink.observe([key], []).accounts.iloc[0]

    sink.apply([change(sink, Action.UPDATE, key, after={"display_name": "Another Name"})])

    after = sink.observe([key], []).accounts.iloc[0]
    assert (after["display_name"], after["email"]) == ("Another Name", before["email"])


def test_a_group_that_could_not_be_read_again_is_not_made(fresh: Running) -> None:
    """A name that cannot stand in a path is refused with a way out, unless no path will hold it."""
    sink = _confluence(fresh)
    made = change(sink, Action.CREATE_GROUP, None, entitlement="eng/backend")

    with pytest.raises(Refused, match="eng/backend") as refused:
        sink.apply([made])
    sure = _confluence(fresh, licensed_groups=["confluence-users"])
    sure.apply([made])

    assert "licensed_groups" in str(refused.value.remedy)
    assert "eng/backend" in set(read(sure, "entitlements")["name"])


def test_one_group_that_cannot_be_read_blocks_nothing(fresh: Running) -> None:
    """What it opens is reported as unknown, its members stay, and all the rest is read."""
    group = "confluence-users"
    whole = read(_confluence(fresh), "entitlements")
    fresh.world.faults.add(path=f"/confluence/rest/api/permissions/group/{group}", status=404, times=0)

    (page,) = _confluence(fresh).entitlements()
    told = page.frame.set_index("name")

    assert set(told.index) == set(whole["name"])
    assert page.rejects["key"].tolist() == [group]
    assert not told.loc[group, "modifiable"]
    assert told.drop(index=group)["modifiable"].all()
    assert "confluence-users" in set(read(_confluence(fresh), "assignments")["name"])


def test_one_group_whose_members_are_refused_blocks_nothing(fresh: Running) -> None:
    """It is reported as not read, and nobody is put in or taken out by what was not seen."""
    fresh.world.faults.add(path="/confluence/rest/api/group/all-staff/member", status=403, times=0)

    sink = _confluence(fresh)
    (page,) = sink.entitlements()

    assert page.rejects[["key", "field"]].to_numpy().tolist() == [["all-staff", "group"]]
    assert not page.frame.set_index("name").loc["all-staff", "modifiable"]
    assert "all-staff" not in set(read(sink, "assignments")["name"])
    assert "confluence-users" in set(read(sink, "assignments")["name"])
