"""What is a Confluence Cloud site's own: people by search and by group, silence, groups alone."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sandbox.kit.cloud_model import CONFLUENCE
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.running import Running
from sinks.confluence_cloud.sink import ConfluenceCloud, ConfluenceCloudOptions
from tests.sinks.cases import change, read
from transport.door import Door
from transport.errors import BadRequest

ADMIN, TOKEN = "admin@acme.test", "sandbox-api-token"


def org_of(sandbox: Running) -> Organisation:
    return organisation(sandbox.world)


def open_wiki(sandbox: Running, door: Door | None = None, **options: Any) -> ConfluenceCloud:
    settings = {"url": f"{sandbox.url}/cloud/acme", "email": ADMIN, "token": TOKEN}
    return ConfluenceCloud("wiki", ConfluenceCloudOptions(**settings | options), door or Door(writable=True))


def group(sandbox: Running, name: str) -> str:
    return org_of(sandbox).by_name[name].group_id


def grant(sink: ConfluenceCloud, account: str | None, group_id: str, **more: Any) -> Change:
    return change(sink, Action.GRANT, account, kind="group", entitlement_id=group_id, entitlement="g", **more)


def test_seats_are_those_of_the_bill(acme: Running) -> None:
    """Everyone billed for Confluence holds a seat here, of unknown use."""
    seats = read(open_wiki(acme), "seats")
    org = org_of(acme)

    billed = {a.account_id for a in org.accounts if CONFLUENCE.resource in org.seats(a)}
    assert set(seats.loc[seats["billable"], "account_id"]) == billed
    assert set(seats["product"]) == {"confluence"}
    assert set(seats["site"]) == {"acme"}
    assert set(seats["activity"]) == {"unknown"}


def test_one_group_whose_members_are_refused_blocks_nothing(fresh: Running) -> None:
    """It is reported as not read, and nobody is put in or taken out by what was not seen."""
    hidden = group(fresh, "all-staff")
    path = f"/cloud/acme/wiki/rest/api/group/{hidden}/membersByGroupId"
    fresh.world.faults.add(path=path, status=403, times=0)

    sink = open_wiki(fresh)
    (page,) = sink.entitlements()

    assert page.rejects[["key", "field"]].to_numpy().tolist() == [[hidden, "group"]]
    assert not page.frame.set_index("name").loc["all-staff", "modifiable"]
    assert "all-staff" not in set(read(sink, "assignments")["name"])
    assert "confluence-users" in set(read(sink, "assignments")["name"])


def test_people_without_access_are_known_by_their_groups(acme: Running) -> None:
    """Members of any group are accounts too; the suspended are nowhere, apps and customers are told."""
    frame = read(open_wiki(acme), "accounts").set_index("account_id")
    org = org_of(acme)

    expected = {
        a.account_id: a.kind
        for a in org.accounts
        if a.works and (a.groups or CONFLUENCE.resource in org.opened(a))
    }
    kinds = {"atlassian": "person"}
    assert frame["kind"].to_dict() == {key: kinds.get(kind, kind) for key, kind in expected.items()}
    assert set(frame["state"]) == {"active"}
    assert frame.index[frame["caller"]].tolist() == [org.caller]


def test_grants_say_what_groups_open(acme: Running) -> None:
    """Confluence or nothing, administrators, and groups kept elsewhere."""
    frame = read(open_wiki(acme), "entitlements").set_index("name")

    assert set(frame.index[frame["product"].notna()]) == {"confluence-users", "scim-contractors"}
    assert set(frame.index[frame["admin"]]) == {"site-admins", "org-admins"}
    synced = {g.name for g in org_of(acme).groups.values() if g.synced}
    assert set(frame.index[~frame["modifiable"]]) == synced >= {"scim-contractors"}


def test_nobody_is_let_in_or_ended_here(acme: Running) -> None:
    """Each such action is refused with the connection that can do it, and no request leaves."""
    door = Door(writable=True)
    sink = open_wiki(acme, door)

    for action in set(Action) - sink.actions:
        with pytest.raises(Refused) as refusal:
            sink.apply([change(sink, action, "x")])
        assert "atlassian_org" in refusal.value.remedy
    with pytest.raises(Refused, match="no account here"):
        sink.apply([grant(sink, None, "g")])

    assert sum(count["write"] for count in door.meter.counts().values()) == 0
    assert sink.actions == {Action.CREATE_GROUP, Action.GRANT, Action.REVOKE}


def test_a_synced_group_is_left_alone(fresh: Running) -> None:
    """The identity provider would undo the change, so it is not sent."""
    door = Door(writable=True)
    sink = open_wiki(fresh, door)

    with pytest.raises(Refused, match="identity provider"):
        sink.apply([grant(sink, org_of(fresh).caller, group(fresh, "scim-contractors"))])

    assert sum(count["write"] for count in door.meter.counts().values()) == 0


def test_k_changes_cost_k_writes(fresh: Running) -> None:
    """Each change is one request, and Jira's bill for the same people is not touched."""
    org = org_of(fresh)
    outside = [
        a
        for a in org.accounts
        if a.works and a.kind == "atlassian" and CONFLUENCE.resource not in org.seats(a)
    ][:2]
    sink = open_wiki(fresh)
    before = org.billed[CONFLUENCE.resource]
    fresh.world.counters.clear()

    for account in outside:
        sink.apply([grant(sink, account.account_id, group(fresh, "confluence-users"))])

    assert outside
    assert fresh.world.counters.writes == len(outside)
    assert org.billed[CONFLUENCE.resource] == before + len(outside)


def test_no_seat_left_is_an_error(fresh: Running) -> None:
    """400 in the site's own words."""
    org = org_of(fresh)
    org.capacity[CONFLUENCE.resource] = org.billed[CONFLUENCE.resource]
    outside = next(a for a in org.accounts if a.works and CONFLUENCE.resource not in org.seats(a))
    sink = open_wiki(fresh)

    with pytest.raises(BadRequest, match="user limit"):
        sink.apply([grant(sink, outside.account_id, group(fresh, "confluence-users"))])


def test_an_address_is_looked_up_without_a_read_before(acme: Running) -> None:
    """Confluence finds nobody by address, so the first look by one reads the site."""
    org = org_of(acme)
    person = next(a for a in org.accounts if a.works and a.person and a.managed)

    seen = open_wiki(acme).observe([], [person.email.upper(), "nobody@acme.test"])

    assert seen.accounts["account_id"].tolist() == [person.account_id]
    assert set(seen.assignments["entitlement_id"]) == person.groups


def test_check_says_what_this_route_cannot_do(acme: Running) -> None:
    """Lifecycle of accounts, the silence about the suspended, last activity; a wrong token is an error."""
    findings = {f.subject.removeprefix("wiki: "): f for f in open_wiki(acme).check()}

    assert {name for name, f in findings.items() if f.level == "warning"} == {
        "lifecycle of accounts",
        "suspended accounts",
        "last activity",
    }
    assert {f.level for f in open_wiki(acme, token="wrong").check()} == {"error", "warning"}


def test_the_address_may_end_in_wiki(acme: Running) -> None:
    """People copy it from the browser; it means the same site."""
    sink = open_wiki(acme, url=f"{acme.url}/cloud/acme/wiki/")

    assert len(read(sink, "accounts")) == len(read(open_wiki(acme), "accounts"))
    assert set(read(sink, "seats")["site"]) == {"acme"}
