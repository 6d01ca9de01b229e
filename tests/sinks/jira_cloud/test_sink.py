"""What is a Jira Cloud site's own: letting people in, two meanings of 400, hidden addresses, haste."""

from __future__ import annotations

import time
from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sandbox.kit.cloud_model import JIRA, JSM
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.running import Running
from sinks import ALREADY
from sinks.jira_cloud.sink import JiraCloud, JiraCloudOptions
from sinks.kit.cloud_site import site_of
from tests.sinks.cases import CREATED, PARTS, change, read
from tests.transport.service import SettableClock
from transport.door import Door
from transport.errors import BadRequest, CredentialRefused, Malformed, TransportError
from transport.pace import Pacing

ADMIN, TOKEN = "admin@acme.test", "sandbox-api-token"


def org_of(sandbox: Running) -> Organisation:
    return organisation(sandbox.world)


def open_site(sandbox: Running, door: Door | None = None, **options: Any) -> JiraCloud:
    settings = {"url": f"{sandbox.url}/cloud/acme", "email": ADMIN, "token": TOKEN}
    return JiraCloud("jira", JiraCloudOptions(**settings | options), door or Door(writable=True))


def group(sandbox: Running, name: str) -> str:
    return org_of(sandbox).by_name[name].group_id


def grant(sink: JiraCloud, account: str | None, group_id: str, **more: Any) -> Change:
    return change(sink, Action.GRANT, account, kind="group", entitlement_id=group_id, entitlement="g", **more)


def writes(sandbox: Running) -> dict[tuple[str, str], int]:
    """Count the writes the site got, by path and method."""
    rows = sandbox.world.counters.as_rows()
    return {(r["path"].rpartition("/3/")[2], r["method"]): r["count"] for r in rows if r["method"] != "GET"}


def bundled(sink: JiraCloud, changes: list[Change]) -> None:
    """Apply changes that must all be one bundle."""
    assert len({sink.bundle(made) for made in changes}) == 1
    applied = sink.apply(changes)
    assert not applied.failed
    assert applied.account_id


# Reading


@pytest.mark.parametrize("status", [403, 404])
def test_one_group_whose_members_are_refused_blocks_nothing(fresh: Running, status: int) -> None:
    """It is reported as not read, and nobody is put in or taken out by what was not seen."""
    fresh.world.faults.add(path="/cloud/acme/rest/api/3/group/member", status=status, times=1)

    sink = open_site(fresh)
    (page,) = sink.entitlements()

    assert page.rejects["field"].tolist() == ["group"]
    (hidden,) = page.rejects["key"]
    told = page.frame.drop_duplicates("entitlement_id").set_index("entitlement_id")
    assert not told.loc[hidden, "modifiable"]
    held = set(read(sink, "assignments")["entitlement_id"])
    assert hidden not in held
    assert len(held) > 5


def test_seats_are_those_of_the_bill(acme: Running) -> None:
    """Seats through groups and those given directly are all the bill has; nobody's use is known."""
    seats, capacity = read(open_site(acme), "seats"), read(open_site(acme), "capacity")
    org = org_of(acme)
    billed = seats[seats["billable"]].groupby("product").size()
    assert billed["jira-software"] == org.billed[JIRA.resource]
    assert billed["jira-servicedesk"] == org.billed[JSM.resource]
    assert set(seats["activity"]) == {"unknown"}
    assert set(seats["site"]) == {"acme"}
    told = capacity.set_index("product")
    assert told.loc["jira-software", "seats"] == org.capacity[JIRA.resource]
    assert told["used"].to_dict() == {"jira-software": org.billed[JIRA.resource], "jira-servicedesk": (
        org.billed[JSM.resource])}  # fmt: skip
    assert told["seats"].isna()["jira-servicedesk"]


def test_accounts_say_what_the_site_knows(acme: Running) -> None:
    """Kinds, who is inactive, whose token it is; unmanaged people hide their address."""
    frame = read(open_site(acme), "accounts").set_index("account_id")
    org = org_of(acme)

    assert frame["kind"].value_counts().to_dict() == {"person": len(frame) - 3, "customer": 2, "app": 1}
    assert frame.index[frame["caller"]].tolist() == [org.caller]
    assert {key: state == "active" for key, state in frame["state"].items()} == {
        a.account_id: a.works for a in org.accounts if a.account_id in frame.index
    }
    assert frame["managed"].isna().all()
    shown = frame["email"].notna()
    assert set(frame.index[shown]) == {
        a.account_id for a in org.accounts if a.managed and a.kind == "atlassian" and a.status != "closed"
    } & set(frame.index)


def test_grants_say_what_groups_open(acme: Running) -> None:
    """Products by application role, administrators, defaults for newcomers, and groups kept elsewhere."""
    frame = read(open_site(acme), "entitlements").query("kind == 'group'").set_index("name")

    assert frame["product"].dropna().to_dict() == {
        "jira-software-users": "jira-software",
        "jira-administrators": "jira-software",
        "jsm-agents": "jira-servicedesk",
    }
    assert set(frame.index[frame["admin"]]) == {"jira-administrators", "site-admins", "org-admins"}
    assert set(frame.index[frame["default"]]) == {"jira-software-users", "jsm-agents"}
    synced = {g.name for g in org_of(acme).groups.values() if g.synced}
    assert set(frame.index[~frame["modifiable"]]) == synced >= {"scim-contractors"}


def test_one_pass_serves_all_parts(acme: Running) -> None:
    """The five parts of a snapshot cost one walk over the site."""
    acme.world.counters.clear()
    sink = open_site(acme)
    for part in PARTS:
        read(sink, part)

    assert acme.world.counters.total("/cloud/acme/rest/api/3/users/search") == 2
    assert acme.world.counters.total("/cloud/acme/rest/api/3/group/member") == len(org_of(acme).groups)


def test_a_page_that_comes_short_is_no_page(faulty: Running) -> None:
    """Rows missing in the middle of the members would be taken for people who left: it raises."""
    large = group(faulty, "all-staff")
    body = {"isLast": False, "total": 99, "maxResults": 5, "startAt": 5, "values": []}
    path = "/cloud/acme/rest/api/3/group/member"
    sink = open_site(faulty, page_size=5, workers=1)
    groups = len(org_of(faulty).groups)
    faulty.world.faults.add(path=path, skip=groups, times=1, status=200, body=body)
    assert len(org_of(faulty).groups[large].members) > 10

    with pytest.raises(Malformed, match="brought 0 rows of 5"):
        read(sink, "assignments")


def test_a_hidden_address_is_found_by_the_search(fresh: Running) -> None:
    """Somebody who hides it is the only answer to a search for it, and so is known."""
    fresh.world.options["cloud_hidden"] = True
    person = next(a for a in org_of(fresh).accounts if a.works and a.person)

    seen = open_site(fresh).observe([], [person.email])

    assert seen.accounts["account_id"].tolist() == [person.account_id]
    assert seen.accounts["email"].tolist() == [person.email]


def test_a_seat_without_a_group_is_found_by_asking(acme: Running) -> None:
    """The count of the site tells that there is one; it is shown as a product that nobody takes here."""
    holder = next(a for a in org_of(acme).accounts if a.direct.get(JIRA.resource))
    sink = open_site(acme)
    held = read(sink, "assignments").set_index("account_id").loc[[holder.account_id]]
    entitlements = read(sink, "entitlements").set_index("kind").loc[["product"]]
    seats = read(sink, "seats").set_index("account_id").loc[[holder.account_id]]

    assert held[["kind", "entitlement_id"]].to_numpy().tolist() == [["product", "jira-software"]]
    assert entitlements[["entitlement_id", "modifiable"]].to_numpy().tolist() == [["jira-software", False]]
    assert seats[["product", "billable", "granted_by"]].to_numpy().tolist() == [
        ["jira-software", True, "jira-software on acme"]
    ]


def test_whoever_cannot_be_asked_ends_the_read(faulty: Running) -> None:
    """A seat that was not found for want of an answer would be taken for none."""
    path = "/cloud/acme/rest/api/3/user"
    faulty.world.counters.clear()
    read(open_site(faulty), "seats")
    listings = faulty.world.counters.total(f"{path}s/search")
    faulty.world.faults.add(path=path, skip=listings, times=0, status=403)

    with pytest.raises(TransportError):
        read(open_site(faulty), "seats")


def test_nobody_is_asked_where_groups_explain_every_seat(fresh: Running) -> None:
    """The one seat without a group ends, and the read costs no request a user any more."""
    org = org_of(fresh)
    holder = next(a for a in org.accounts if a.direct.get(JIRA.resource))
    path = "/cloud/acme/rest/api/3/user"
    read(open_site(fresh), "seats")
    asked = fresh.world.counters.total(path) - fresh.world.counters.total(f"{path}s/search")
    org.remove(holder.account_id)
    fresh.world.counters.clear()

    read(open_site(fresh), "seats")

    assert asked > 0
    assert fresh.world.counters.total(path) - fresh.world.counters.total(f"{path}s/search") == 0


# Letting in


def test_a_person_comes_in_with_products_in_one_request(fresh: Running) -> None:
    """The default group of a product is no request of its own; another group is."""
    sink = open_site(fresh)
    changes = [
        change(sink, Action.CREATE, None, after={"email": CREATED}),
        grant(sink, None, group(fresh, "jira-software-users")),
        grant(sink, None, group(fresh, "jsm-agents")),
        grant(sink, None, group(fresh, "developers")),
    ]
    fresh.world.counters.clear()

    bundled(sink, changes)

    assert writes(fresh) == {("user", "POST"): 1, ("group/user", "POST"): 1}
    made = org_of(fresh).by_email[CREATED]
    names = {org_of(fresh).groups[key].name for key in made.groups}
    assert names == {"jira-software-users", "jsm-agents", "developers"}


def test_an_interrupted_creation_is_gone_on_with(fresh: Running) -> None:
    """Entitlements of a person whom an earlier run let in find the account by the address."""
    sink = open_site(fresh)
    sink.apply([change(sink, Action.CREATE, None, after={"email": CREATED})])

    bundled(sink, [grant(sink, None, group(fresh, "developers"))])

    assert group(fresh, "developers") in org_of(fresh).by_email[CREATED].groups


def test_grants_of_somebody_who_is_not_there_wait(fresh: Running) -> None:
    """Nothing is sent for a person who has no account and is not let in by the bundle."""
    sink = open_site(fresh)
    fresh.world.counters.clear()

    with pytest.raises(Refused, match="no account yet"):
        sink.apply([grant(sink, None, group(fresh, "developers"))])

    assert writes(fresh) == {}


def test_one_grant_that_fails_is_one_failure(fresh: Running) -> None:
    """A synced group is refused, and the person comes in with the others."""
    sink = open_site(fresh)
    good, bad = (grant(sink, None, group(fresh, name)) for name in ("developers", "scim-contractors"))
    created = change(sink, Action.CREATE, None, after={"email": CREATED})

    applied = sink.apply([created, bad, good])

    assert set(applied.failed) == {bad.change_id}
    assert "identity provider" in applied.failed[bad.change_id]
    assert group(fresh, "developers") in org_of(fresh).by_email[CREATED].groups


def test_no_seat_left_is_said_with_what_to_do(fresh: Running) -> None:
    """400 means that too: buy seats; nobody came in."""
    sink, org = open_site(fresh), org_of(fresh)
    org.capacity[JIRA.resource] = org.billed[JIRA.resource]
    created = change(sink, Action.CREATE, None, after={"email": CREATED})

    with pytest.raises(BadRequest) as failure:
        sink.apply([created, grant(sink, None, group(fresh, "jira-software-users"))])

    assert "Buy seats" in failure.value.remedy
    assert CREATED not in org.by_email


# Someone known


def test_being_a_member_already_is_no_error(fresh: Running) -> None:
    """400 for a member is success, told from the 400 for want of a seat by its words alone."""
    sink, org = open_site(fresh), org_of(fresh)
    inside = next(a for a in org.accounts if group(fresh, "all-staff") in a.groups and a.works)
    outside = next(
        a for a in org.accounts if JIRA.resource not in org.seats(a) and a.works and a.kind == "atlassian"
    )
    org.capacity[JIRA.resource] = org.billed[JIRA.resource]

    applied = sink.apply([grant(sink, inside.account_id, group(fresh, "all-staff"))])
    with pytest.raises(BadRequest, match="user limit"):
        sink.apply([grant(sink, outside.account_id, group(fresh, "jira-software-users"))])

    assert applied.message == ALREADY


def test_k_changes_cost_k_writes(fresh: Running) -> None:
    """Each change of people who are known is one request, and a look is one for each of them."""
    sink, org = open_site(fresh), org_of(fresh)
    people = [a.account_id for a in org.accounts if a.works and a.person and not a.synced][2:7]
    target = group(fresh, "old-project-2019")
    fresh.world.counters.clear()

    for person in people:
        sink.apply([grant(sink, person, target)])
    seen = sink.observe(people, [])

    assert writes(fresh) == {("group/user", "POST"): len(people)}
    assert fresh.world.counters.total("/cloud/acme/rest/api/3/user", "GET") == len(people)
    assert seen.assignments["entitlement_id"].eq(target).sum() == len(people)


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.DEACTIVATE, Action.UPDATE, Action.UPDATE_EMAIL])
def test_what_only_the_organisation_can_is_refused_in_words(acme: Running, action: Action) -> None:
    """The refusal names the connection that can do it, and no request leaves."""
    door = Door(writable=True)
    sink = open_site(acme, door)

    with pytest.raises(Refused) as refusal:
        sink.apply([change(sink, action, "x")])

    assert "atlassian_org" in refusal.value.remedy
    assert door.meter.counts() == {}
    assert action not in sink.actions


# Checking


def test_check_says_what_this_route_cannot_do(acme: Running) -> None:
    """Suspension and last activity are warned of before anything is planned."""
    findings = {finding.subject: finding for finding in open_site(acme).check()}

    assert {f.level for f in findings.values()} == {"ok", "warning"}
    assert "suspend" in findings["jira: lifecycle of accounts"].message
    assert "last active" in findings["jira: last activity"].message
    assert all(f.remedy for f in findings.values() if f.level == "warning")


def test_check_says_what_the_token_lacks(acme: Running) -> None:
    """A plain user's token lacks the rights, a wrong one everything."""
    org = org_of(acme)
    plain = next(a for a in org.accounts if a.works and a.person and not org.platform_roles(a))
    findings = {f.subject: f for f in open_site(acme, email=plain.email).check()}

    assert findings["jira: token"].level == "ok"
    assert "Administer Jira" in findings["jira: rights"].message
    assert findings["jira: products"].level == "error"
    assert {f.level for f in open_site(acme, token="wrong").check()} == {"error", "warning"}
    with pytest.raises(CredentialRefused):
        read(open_site(acme, token="wrong"), "accounts")


# Haste


class Ticking(SettableClock):
    """A clock on which waiting takes no time."""

    waits = True


@pytest.mark.parametrize("dialect", ["burst", "minute", "bare", "turns"])
def test_every_dialect_of_haste_is_obeyed(dialect: str) -> None:
    """More pages than a second allows are read whole, whichever way the site says to wait."""
    clock = Ticking()
    with Running(people=60, seed=3, limits="documented", cloud_429=dialect) as sandbox:
        sandbox.world.limits.clock = clock.wall
        expected = len(read(open_site(sandbox), "assignments"))
        door = Door(pacing=Pacing(clock))

        found = read(open_site(sandbox, door, page_size=1, workers=4), "assignments")

        told = door.meter.counts()[sandbox.url.removeprefix("http://")]
        assert len(found) == expected
        assert told["read"] > 200
        assert told["retried"] <= 0.05 * told["read"]


def test_the_burst_limit_is_used_up() -> None:
    """A read takes no more than a tenth longer than the limit makes it, and is hardly ever refused."""
    clock = Ticking(time.time())
    with Running(people=150, seed=3, limits="documented") as sandbox:
        sandbox.world.limits.clock = clock.wall
        door = Door(pacing=Pacing(clock))

        read(open_site(sandbox, door, page_size=1, workers=4), "assignments")

        pages = sandbox.world.counters.total
        paths = ("users/search", "group/member")
        asked = [pages(f"/cloud/acme/rest/api/3/{path}", "GET", 200) for path in paths]
        (told,) = door.meter.counts().values()
        bound = sum(max(0, number - 100) / 100 for number in asked)
        assert sum(asked) > 500
        assert clock.monotonic() <= bound / 0.9 + 1
        assert told["retried"] < 0.02 * told["read"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://acme.atlassian.net", "acme"),
        ("https://acme.atlassian.net/", "acme"),
        ("http://127.0.0.1:8700/cloud/acme", "acme"),
    ],
)
def test_the_site_is_named_by_its_address(url: str, name: str) -> None:
    """The first part of the host, or the last of the path."""
    assert site_of(url) == name
