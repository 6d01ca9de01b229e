"""Crowd: users replaced whole and never blanked, memberships in one answer, seats as the connection says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from sandbox.crowd.rows import installation
from sandbox.kit.datacenter_drift import SYNCED
from sandbox.running import Running
from sinks import ALREADY, Sink
from sinks.crowd.sink import Crowd, CrowdOptions
from tests.sinks.cases import change, connect, read
from tests.sinks.test_contract import sent
from transport.door import Door
from transport.errors import BadRequest, Malformed, UnknownOutcome

FIELDS = ["email", "display_name", "given_name", "family_name", "state"]


def _crowd(sandbox: Running, door: Door | None = None, **options: Any) -> Sink:
    return connect("crowd", sandbox, Path(), door or Door(writable=True), **options)


def _person(sink: Sink) -> str:
    accounts = read(sink, "accounts")
    return str(accounts.loc[accounts["email"].str.endswith("partner.test"), "account_id"].iloc[0])


def test_a_write_blanks_nothing(fresh: Running) -> None:
    """Each change keeps every field it is not about, one after the other, from a single look."""
    door = Door(writable=True)
    sink = _crowd(fresh, door)
    name = _person(sink)
    before = sink.observe([name], []).accounts.iloc[0]
    reads = sent(door)

    sink.apply([change(sink, Action.UPDATE, name, after={"display_name": "New Name"})])
    sink.apply([change(sink, Action.UPDATE_EMAIL, name, after={"email": "new@acme.test"})])
    sink.apply([change(sink, Action.DEACTIVATE, name)])

    after = sink.observe([name], []).accounts.iloc[0]
    wanted = {"email": "new@acme.test", "display_name": "New Name", "state": "deactivated"}
    assert after[FIELDS].to_dict() == before[FIELDS].to_dict() | wanted
    assert (sent(door, "write"), sent(door) - reads) == (3, 2)


def test_a_write_without_a_look_reads_first(fresh: Running) -> None:
    """Nothing is replaced by what was never seen."""
    whole = read(_crowd(fresh), "accounts").set_index("account_id")
    door = Door(writable=True)
    sink = _crowd(fresh, door)
    name = whole.index[whole["given_name"].notna()][0]

    sink.apply([change(sink, Action.DEACTIVATE, name)])

    after = read(sink, "accounts").set_index("account_id").loc[name]
    assert after[FIELDS[:-1]].to_dict() == whole.loc[name, FIELDS[:-1]].to_dict()
    assert sent(door, "write") == 1


def test_a_lost_write_is_not_remembered_as_done(fresh: Running) -> None:
    """After an answer that was lost the next write looks again."""
    sink = _crowd(fresh)
    name = _person(sink)
    sink.observe([name], [])
    fresh.world.faults.add(path="/crowd", method="PUT", kind="lost_write")
    with pytest.raises(UnknownOutcome):
        sink.apply([change(sink, Action.UPDATE, name, after={"display_name": "Lost Name"})])

    sink.apply([change(sink, Action.DEACTIVATE, name)])

    account = sink.observe([name], []).accounts.iloc[0]
    assert (account["display_name"], account["state"]) == ("Lost Name", "deactivated")


def test_memberships_come_in_one_request(acme: Running) -> None:
    """However many groups there are."""
    acme.world.counters.clear()
    held = read(connect("crowd", acme, Path(), Door()), "assignments")

    assert held["entitlement_id"].nunique() > 3
    assert acme.world.counters.total("/crowd/rest/usermanagement/1/group/membership") == 1


def test_memberships_that_are_no_xml_raise(fresh: Running) -> None:
    """Half a list of memberships is no list."""
    fresh.world.faults.add(
        path="/crowd/rest/usermanagement/1/group/membership", status=200, body="<memberships>"
    )

    with pytest.raises(Malformed, match="no XML"):
        read(_crowd(fresh), "accounts")


def test_an_active_user_is_a_seat_of_crowd_itself(fresh: Running) -> None:
    """Deactivating frees it; groups give seats only where the connection says which."""
    sink = _crowd(fresh, products={"jira-software": ["jira-software-users"]})
    name = _person(sink)
    before = read(sink, "seats")
    sink.apply([change(sink, Action.DEACTIVATE, name)])
    after = read(sink, "seats")

    mine = before[before["account_id"] == name].set_index("product")
    assert mine["granted_by"].to_dict()["jira-software"] == "jira-software-users"
    assert mine["billable"].all()
    assert not after.loc[after["account_id"] == name, "billable"].any()
    assert set(read(_crowd(fresh), "seats")["product"]) == {"crowd"}


def test_names_with_quotes_are_looked_up(fresh: Running) -> None:
    """A quote or backslash in an address does not end the restriction."""
    sink = _crowd(fresh)
    email = 'odd"one\\@acme.test'
    sink.apply([change(sink, Action.CREATE, None, after={"email": email, "user_name": "odd.one"})])

    assert sink.observe([], [email]).accounts["account_id"].tolist() == ["odd.one"]


def test_a_read_only_directory_is_told_in_words(fresh: Running) -> None:
    """And what to do about it."""
    sink = _crowd(fresh)

    with pytest.raises(BadRequest, match="read-only directory"):
        sink.apply([change(sink, Action.DEACTIVATE, SYNCED)])


def test_a_refused_application_is_told_what_may_be_wrong(acme: Running) -> None:
    """It may also be the address that Crowd does not let in."""
    options = CrowdOptions(url=f"{acme.url}/crowd", application="seatwise", password="wrong")

    findings = Crowd("crowd", options, Door()).check()

    assert "remote addresses" in str(findings[0].remedy)


# Groups in groups


def _nested(sandbox: Running) -> tuple[Sink, str]:
    """Put developers into the group that opens Jira; somebody who is a developer alone."""
    made = installation(sandbox.world)
    sandbox.world.options["crowd_children"] = {
        "jira-software-users": ["developers"],
        "developers": ["jira-software-users", "old-project-2019"],
    }
    sink = _crowd(sandbox, products={"jira-software": ["jira-software-users"]})
    name = next(a.name for a in made.accounts.values() if a.active and a.name != SYNCED)
    for group in list(made.accounts[name].groups):
        made.quit(made.accounts[name], made.groups[group])
    made.join(made.accounts[name], made.groups["old-project-2019"])
    return sink, name.lower()


def test_who_is_in_a_child_group_is_in_its_parents(fresh: Running) -> None:
    """To any depth and whatever the circles: the read, an observation and the seats agree."""
    sink, name = _nested(fresh)
    held = read(sink, "assignments").query("account_id == @name")["entitlement_id"]
    seats = read(sink, "seats").query("account_id == @name and product == 'jira-software'")

    assert set(held) == {"old-project-2019", "developers", "jira-software-users"}
    assert set(sink.observe([name], []).assignments["entitlement_id"]) == set(held)
    assert seats["granted_by"].tolist() == ["developers, jira-software-users, old-project-2019"]


def test_a_membership_through_another_group_is_not_taken_by_itself(fresh: Running) -> None:
    """It is said through which group it is held, and what to do; the direct one can be taken."""
    sink, name = _nested(fresh)
    indirect, direct = (
        change(sink, Action.REVOKE, name, kind="group", entitlement_id=group, entitlement=group)
        for group in ("jira-software-users", "old-project-2019")
    )

    with pytest.raises(Refused, match="through old-project-2019") as refused:
        sink.apply([indirect])
    sink.apply([direct])

    assert "old-project-2019 out of jira-software-users" in str(refused.value.remedy)
    assert sink.observe([name], []).assignments.empty
    assert sink.apply([indirect]).message == ALREADY


def test_an_account_that_cannot_be_read_is_not_gone(fresh: Running) -> None:
    """Without `active` a user is no account that was read: the observation raises, and nothing is done."""
    sink = _crowd(fresh)
    name = _person(sink)
    odd = {"users": [{"name": name, "email": "a@acme.test"}]}
    fresh.world.faults.add(path="/crowd/rest/usermanagement/1/search", status=200, body=odd, times=0)

    with pytest.raises(Malformed, match="state"):
        sink.observe([name], [])
