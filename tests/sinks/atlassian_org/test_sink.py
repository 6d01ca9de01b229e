"""What is the organisation's own: invitations, two meanings of 409, refusals, forms of identifiers."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pandas as pd
import pytest

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sandbox.kit.cloud_model import CLOUD_ID, CONFLUENCE, DIRECTORY_ID, JIRA, ORG_ID, USER, Account
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.running import Running
from sinks import ALREADY
from sinks.atlassian_org.data import Resource, bare, resource_of
from sinks.atlassian_org.sink import AtlassianOrg, AtlassianOrgOptions
from tests.sinks.cases import CREATED, KEY, PARTS, change, read, someone
from transport.client import Client
from transport.door import Door
from transport.errors import BadRequest, Conflict, CredentialRefused, Forbidden, Malformed, Unavailable
from transport.retry_policy import RetryPolicy

INVITE = f"/atlassian/admin/v2/orgs/{ORG_ID}/users/invite"


def org_of(sandbox: Running) -> Organisation:
    return organisation(sandbox.world)


def open_org(sandbox: Running, door: Door | None = None, **options: Any) -> AtlassianOrg:
    settings = {"url": f"{sandbox.url}/atlassian", "org": ORG_ID, "directory": DIRECTORY_ID, "key": KEY}
    return AtlassianOrg("acme", AtlassianOrgOptions(**settings | options), door or Door(writable=True))


def group(sandbox: Running, name: str) -> str:
    return org_of(sandbox).by_name[name].group_id


def grant(sink: AtlassianOrg, account: str | None, group_id: str, **more: Any) -> Change:
    return change(sink, Action.GRANT, account, kind="group", entitlement_id=group_id, entitlement="g", **more)


def account(sandbox: Running, **facts: Any) -> Account:
    """Find an account by its attributes."""
    return next(
        found for found in org_of(sandbox).accounts if all(getattr(found, k) == v for k, v in facts.items())
    )


# Reading


def test_one_pass_serves_all_parts(acme: Running) -> None:
    """The five parts of a snapshot cost one walk over the users, however they are asked."""
    sink = open_org(acme)
    acme.world.counters.clear()

    for part in PARTS:
        read(sink, part)
    once = acme.world.counters.total("/atlassian")
    read(sink, "accounts")

    assert acme.world.counters.total("/atlassian") == 2 * once
    assert (
        acme.world.counters.total(
            f"/atlassian/admin/v2/orgs/{ORG_ID}/directories/{DIRECTORY_ID}/users/search"
        )
        == 2
    )


def test_no_listing_waits_for_the_end_of_another(
    acme: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Users, managed accounts and groups are under way at once; only the pages of each follow each other."""
    monkeypatch.setattr(acme.world.limits, "latency", 0.02)
    caplog.set_level(logging.DEBUG, logger="transport.wire")
    read(open_org(acme, page_size=5), "accounts")
    asked = [record.args[1].partition("?")[0] for record in caplog.records if record.args]
    users = [n for n, url in enumerate(asked) if url.endswith("users/search")]
    others = (f"v1/orgs/{ORG_ID}/users", "groups/search", "workspaces")
    first = [min(n for n, url in enumerate(asked) if url.endswith(listing)) for listing in others]

    assert len(users) > 5
    assert max(first) < users[3]


def test_looks_at_many_accounts_are_under_way_at_once(acme: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten a request is the most that the API takes, so the requests go side by side."""
    keys = [one.account_id for one in org_of(acme).accounts][:40]
    sink = open_org(acme)
    sink.observe(keys[:1], [])
    meeting = threading.Barrier(3, timeout=10)
    search = Client.search

    def met(*asked: Any, **more: Any) -> Any:
        meeting.wait()
        return search(*asked, **more)

    monkeypatch.setattr(Client, "search", met)

    assert len(sink.observe(keys[:30], []).accounts) > 0


def test_accounts_say_what_the_organisation_knows(acme: Running) -> None:
    """Kinds, states, claims and the caller are told; who is in no directory is not there."""
    caller = org_of(acme).by_id[org_of(acme).caller]
    frame = read(open_org(acme, caller=caller.email.upper()), "accounts").set_index("account_id")
    there = {
        a.account_id: a
        for a in org_of(acme).accounts
        if a.composite != "not_invited" and a.status != "closed"
    }

    assert set(frame.index) == set(there)
    assert frame.index[frame["caller"]].tolist() == [caller.account_id]
    for account_id, row in frame.iterrows():
        known = there[str(account_id)]
        assert row["kind"] == {"atlassian": "person"}.get(known.kind, known.kind)
        assert row["managed"] == known.managed
        assert row["state"] == {"for_deletion": "deleted"}.get(known.composite, known.composite)


def test_seats_are_what_is_billed(acme: Running) -> None:
    """Billed seats agree with the organisation's own count, each with the groups that give it and its use."""
    seats = read(open_org(acme), "seats")
    org = org_of(acme)
    billed = seats[seats["billable"]].groupby("product").size().to_dict()

    assert billed == {r.split(":")[2]: n for r, n in org.billed.items() if n}
    used = {
        (a.account_id, r.split(":")[2]): at
        for a in org.accounts
        for r, at in org.used(a).items()
        if r in org.opened(a)
    }
    told = seats.dropna(subset="last_active")
    there = told.set_index(["account_id", "product"])["last_active"]
    assert set(there.index) == {key for key in used if key[0] in set(seats["account_id"])}
    assert all(abs((at - used[key]).total_seconds()) < 1 for key, at in there.items())
    assert (seats["activity"] == "used").equals(seats["last_active"].notna())
    assert set(seats["site"]) == {"acme"}


def test_former_products_are_no_seats(fresh: Running) -> None:
    """A product that is told as used but no longer opened by anything is not counted as held."""
    seats = read(open_org(fresh), "seats")
    sole = seats[(seats["granted_by"] == "confluence-users") & (seats["activity"] == "used")]
    chosen = sole["account_id"].iloc[0]
    org_of(fresh).remove_member(group(fresh, "confluence-users"), chosen)
    fresh.world.options["atlassian_history"] = True

    held = read(open_org(fresh), "seats")

    assert "confluence" in set(seats.loc[seats["account_id"] == chosen, "product"])
    assert "confluence" not in set(held.loc[held["account_id"] == chosen, "product"])


def test_a_product_held_directly_is_an_entitlement(fresh: Running) -> None:
    """A seat that no group gives is a product entitlement, and its seat names no group."""
    sink = open_org(fresh)
    chosen = someone(sink)
    org = org_of(fresh)
    for group_id in list(org.by_id[chosen].groups):
        org.remove_member(group_id, chosen)
    org.assign(chosen, USER, JIRA.resource)

    held = read(sink, "assignments").query("account_id == @chosen")
    seats = read(sink, "seats").query("account_id == @chosen")

    assert held[["kind", "entitlement_id", "name"]].to_numpy().tolist() == [
        ["product", JIRA.resource, "jira-software on acme"]
    ]
    assert seats["granted_by"].isna().tolist() == [True]
    assert seats["billable"].tolist() == [True]


def test_organisations_without_the_old_listing_are_read(faulty: Running) -> None:
    """Where managed accounts are listed no more (410), the read goes on without them."""
    whole = read(open_org(faulty), "accounts")
    faulty.world.faults.add(path=f"/atlassian/admin/v1/orgs/{ORG_ID}/users", status=410, times=0)

    pd.testing.assert_frame_equal(whole, read(open_org(faulty), "accounts"))


def test_the_only_directory_is_found(acme: Running) -> None:
    """A connection need not name the directory when there is one."""
    frame = read(open_org(acme, directory=None), "accounts")

    assert set(frame["directory"]) == {DIRECTORY_ID}


def test_several_directories_must_be_chosen_from(faulty: Running) -> None:
    """With more than one directory the connection is asked to say which."""
    rows = [{"directoryId": name, "name": name.upper()} for name in ("d1", "d2")]
    path = f"/atlassian/admin/v2/orgs/{ORG_ID}/directories"
    faulty.world.faults.add(path=path, status=200, times=1, body={"data": rows})

    with pytest.raises(Refused, match=r"d1.*d2"):
        read(open_org(faulty, directory=None), "accounts")


@pytest.mark.parametrize(
    ("identifier", "owner", "resource"),
    [
        (f"ari:cloud:jira-software::site/{CLOUD_ID}", None, Resource("jira-software", CLOUD_ID)),
        (f"ari:cloud:jira::site/{CLOUD_ID}", None, Resource("jira-software", CLOUD_ID)),
        (CLOUD_ID, "confluence", Resource("confluence", CLOUD_ID)),
        ("ari:cloud:platform::org/o", None, Resource("platform", "o")),
    ],
)
def test_resources_are_one_in_every_form(identifier: str, owner: str | None, resource: Resource) -> None:
    """An ARI, its older name and a bare cloud id with its owner mean the same product and site."""
    assert resource_of(identifier, owner) == resource


def test_groups_are_one_in_every_form() -> None:
    """Users name groups by ARI, groups name themselves by UUID."""
    assert bare("ari:cloud:identity::group/abc") == bare("abc") == "abc"


# Writing


def test_a_new_person_and_their_groups_are_one_request(fresh: Running) -> None:
    """An invitation takes the grants of the same person along and mails nobody."""
    sink = open_org(fresh)
    create = change(sink, Action.CREATE, None, after={"email": CREATED})
    grants = [grant(sink, None, group(fresh, name)) for name in ("all-staff", "confluence-users")]
    assert len({sink.bundle(made) for made in [create, *grants]}) == 1
    read(sink, "accounts")
    fresh.world.counters.clear()

    applied = sink.apply([create, *grants])

    assert applied.failed == {}
    assert fresh.world.counters.writes == 1
    held = sink.observe([], [CREATED]).assignments
    assert set(held["name"]) == {"all-staff", "confluence-users"}


def test_part_of_an_invitation_may_fail(fresh: Running) -> None:
    """Of a 206, and of a group that is not ours to fill, the failed grants are told and the others stand."""
    sink = open_org(fresh)
    create = change(sink, Action.CREATE, None, after={"email": CREATED})
    good, synced = (grant(sink, None, group(fresh, name)) for name in ("all-staff", "scim-contractors"))
    lost = grant(sink, None, group(fresh, "developers"))
    read(sink, "entitlements")
    org_of(fresh).by_name["developers"].synced = True

    applied = sink.apply([create, good, synced, lost])

    assert set(applied.failed) == {synced.change_id, lost.change_id}
    assert set(sink.observe([], [CREATED]).assignments["name"]) == {"all-staff"}


def test_grants_after_an_interrupted_invitation_find_the_account(fresh: Running) -> None:
    """Assignments of a person invited in an earlier run are made on the account it made."""
    sink = open_org(fresh)
    invited = sink.apply([change(sink, Action.CREATE, None, after={"email": CREATED})])

    applied = sink.apply([grant(sink, None, group(fresh, n)) for n in ("all-staff", "developers")])

    assert applied.account_id == invited.account_id
    assert set(sink.observe([], [CREATED]).assignments["name"]) == {"all-staff", "developers"}


def test_grants_for_nobody_are_refused(fresh: Running) -> None:
    """Assignments of a person who has no account, and no invitation beside, are refused in words."""
    sink = open_org(fresh)

    with pytest.raises(Refused, match="has no account"):
        sink.apply([grant(sink, None, group(fresh, "all-staff"))])


def test_no_seat_left_is_not_taken_for_already_there(fresh: Running) -> None:
    """409 means two things: no seat left raises, a member who is there already is fine."""
    sink = open_org(fresh)
    org = org_of(fresh)
    chosen, users = someone(sink), group(fresh, "confluence-users")
    for held in list(org.by_id[chosen].groups):
        org.remove_member(held, chosen)
    fresh.world.options["atlassian_capacity"] = {"confluence": org.billed[CONFLUENCE.resource]}

    with pytest.raises(Conflict):
        sink.apply([grant(sink, chosen, users)])
    fresh.world.options["atlassian_capacity"] = {"confluence": 5000}
    first, second = (sink.apply([grant(sink, chosen, users)]) for _ in range(2))

    assert (first.message, second.message) == (None, ALREADY)


def test_a_conflict_without_words_is_settled_by_reading(fresh: Running) -> None:
    """A 409 that does not say which it is is told apart by looking at the membership."""
    sink = open_org(fresh)
    chosen, staff = someone(sink), group(fresh, "old-project-2019")
    path = f"/atlassian/admin/v2/orgs/{ORG_ID}/directories/{DIRECTORY_ID}/groups/{staff}/memberships"
    fresh.world.faults.add(path=path, status=409, times=0, body={"errors": [{"title": "Conflict"}]})

    with pytest.raises(Conflict):
        sink.apply([grant(sink, chosen, staff)])
    org_of(fresh).add_member(staff, chosen)

    assert sink.apply([grant(sink, chosen, staff)]).message == ALREADY


def test_a_member_who_is_gone_needs_no_revoke(fresh: Running) -> None:
    """404 on a membership that is not there is what was wanted."""
    sink = open_org(fresh)
    made = change(
        sink, Action.REVOKE, someone(sink), kind="group", entitlement_id=group(fresh, "old-project-2019")
    )

    assert sink.apply([made]).message == ALREADY


def test_products_are_granted_directly(fresh: Running) -> None:
    """A product without a group is assigned and taken back as a role on its resource."""
    sink = open_org(fresh)
    chosen = someone(sink)
    org = org_of(fresh)
    for held in list(org.by_id[chosen].groups):
        org.remove_member(held, chosen)
    what = {"kind": "product", "entitlement_id": JIRA.resource, "entitlement": "jira-software on acme"}

    sink.apply([change(sink, Action.GRANT, chosen, **what)])
    given = sink.observe([chosen], []).assignments["entitlement_id"].tolist()
    sink.apply([change(sink, Action.REVOKE, chosen, **what)])
    taken = sink.observe([chosen], []).assignments["entitlement_id"].tolist()

    assert (given, taken) == ([JIRA.resource], [])


@pytest.mark.parametrize("action", [Action.GRANT, Action.REVOKE])
def test_groups_of_an_identity_provider_are_left_alone(action: Action, acme: Running) -> None:
    """A group that a synced identity provider keeps is refused before a write, for it would be undone."""
    door = Door(writable=True)
    sink = open_org(acme, door)
    made = change(sink, action, someone(sink), kind="group", entitlement_id=group(acme, "scim-contractors"))

    with pytest.raises(Refused, match="scim-contractors"):
        sink.apply([made])

    assert {counts["write"] for counts in door.meter.counts().values()} == {0}


@pytest.mark.parametrize(
    "action", [Action.UPDATE, Action.DEACTIVATE, Action.REACTIVATE, Action.DELETE, Action.UPDATE_EMAIL]
)
def test_unmanaged_accounts_are_refused(action: Action, acme: Running) -> None:
    """Life and profile of an account whose domain is not claimed are refused before a write."""
    door = Door(writable=True)
    foreign = account(acme, managed=False, kind="atlassian", membership="active")

    sink = open_org(acme, door)

    with pytest.raises(Refused, match="not managed"):
        sink.apply([change(sink, action, foreign.account_id)])

    assert {counts["write"] for counts in door.meter.counts().values()} == {0}


def test_addresses_are_held_to_the_claimed_domains(acme: Running) -> None:
    """With `domains` given, an address outside is refused before a write."""
    sink = open_org(acme, domains=["acme.test"])
    made = change(sink, Action.UPDATE_EMAIL, someone(sink), after={"email": "x@elsewhere.test"})

    with pytest.raises(Refused, match=r"elsewhere\.test"):
        sink.apply([made])


def test_a_claimed_domain_is_the_same_in_whichever_script_it_is_written(acme: Running) -> None:
    """It may be stated as people or as machines write it: then the organisation itself is asked."""
    sink = open_org(acme, domains=["XN--mller-kva.test"])
    email = "x@m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.test"

    with pytest.raises(Forbidden, match="has not claimed"):
        sink.apply([change(sink, Action.UPDATE_EMAIL, someone(sink), after={"email": email})])


def test_a_field_no_profile_has_is_refused(acme: Running) -> None:
    """What Atlassian keeps no field for is named instead of being dropped."""
    sink = open_org(acme)

    with pytest.raises(Refused, match="given_name"):
        sink.apply([change(sink, Action.UPDATE, someone(sink), after={"given_name": "Ada"})])


def test_errors_of_managed_accounts_come_in_words(fresh: Running) -> None:
    """A key of an error becomes a sentence and a remedy; unclaimed domains are named as such."""
    sink = open_org(fresh)

    with pytest.raises(Forbidden, match="has not claimed") as failure:
        sink.apply([change(sink, Action.UPDATE_EMAIL, someone(sink), after={"email": "x@elsewhere.test"})])

    assert "Claim the domain" in failure.value.remedy


# Checking


def test_a_key_with_scopes_is_told_in_words(acme: Running) -> None:
    """What a scoped key cannot do is said with the way to a key that can."""
    found = {
        finding.subject.partition(": ")[2]: finding
        for finding in open_org(acme, key="sandbox-scoped-key").check()
    }

    assert {name for name, finding in found.items() if finding.level == "error"} == {
        "users",
        "groups",
        "managed accounts",
    }
    assert "without scopes" in str(found["users"].remedy)
    assert found["caller"].level == "warning"


def test_a_wrong_key_is_told_to_be_renewed(acme: Running) -> None:
    """A key that is not accepted at all is another matter than one that lacks rights."""
    sink = open_org(
        acme, Door(retry_policy=RetryPolicy(attempts=1)), key="wrong-secret-key", caller="a@acme.test"
    )

    findings = sink.check()

    assert {finding.level for finding in findings} == {"error"}
    assert all("without scopes" not in str(finding.remedy) for finding in findings)
    assert "wrong-secret-key" not in repr(findings)
    with pytest.raises(CredentialRefused):
        read(sink, "accounts")


# What is not told is asked elsewhere, and what is refused is left out


def test_groups_that_a_user_does_not_show_are_asked_of_the_groups(fresh: Running) -> None:
    """Where `groups` is absent, few accounts and all of them hold what they hold where it is there."""
    sink = open_org(fresh)
    whole = read(sink, "assignments").query("kind == 'group'")
    ids = whole["account_id"].unique().tolist()
    fresh.world.options["atlassian_hides"] = ["groups"]

    few = sink.observe(ids[:2], [])
    again = read(open_org(fresh), "assignments").query("kind == 'group'")

    def held(frame: pd.DataFrame) -> set[tuple[str, str, str]]:
        return set(frame[["account_id", "entitlement_id", "name"]].itertuples(index=False, name=None))

    assert held(few.assignments.query("kind == 'group'")) == held(whole[whole["account_id"].isin(ids[:2])])
    assert not few.unknown
    assert held(again) == held(whole)


def test_what_nobody_tells_is_unknown(fresh: Running) -> None:
    """An observation without groups or products names who it is, so that nothing counts as done."""
    sink = open_org(fresh)
    chosen = someone(sink)
    read(sink, "entitlements")
    fresh.world.options["atlassian_hides"] = ["groups", "productAccess"]
    path = f"/atlassian/admin/v2/orgs/{ORG_ID}/directories/{DIRECTORY_ID}/groups/search"
    fresh.world.faults.add(path=path, status=403, times=0)

    assert sink.observe([chosen], []).unknown == {(chosen, "group"), (chosen, "product")}


OPTIONAL = {
    "managed accounts": f"/atlassian/admin/v1/orgs/{ORG_ID}/users",
    "products": f"/atlassian/admin/v2/orgs/{ORG_ID}/workspaces",
}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
@pytest.mark.parametrize("what", OPTIONAL)
def test_what_can_be_left_out_is_left_out_with_a_warning(
    what: str, status: int, fresh: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal of an optional listing, whatever its status, costs that part alone."""
    whole = read(open_org(fresh), "accounts")
    fresh.world.faults.add(path=OPTIONAL[what], status=status, times=0, body={"errors": []})

    sink = open_org(fresh)
    accounts, assignments = read(sink, "accounts"), read(sink, "assignments")

    assert set(accounts["account_id"]) == set(whole["account_id"])
    assert not assignments.empty
    assert what in caplog.text


def test_trouble_on_the_way_to_an_optional_listing_is_no_refusal(fresh: Running) -> None:
    """A server that fails is not one that refuses: the read raises, and nothing is taken for absent."""
    fresh.world.faults.add(path=OPTIONAL["products"], status=500, times=0)

    with pytest.raises(Unavailable):
        read(open_org(fresh), "accounts")


# Answers to invitations


def _answered(sandbox: Running, status: int, body: dict[str, Any]) -> AtlassianOrg:
    sandbox.world.faults.add(path=INVITE, status=status, times=0, body=body)
    return open_org(sandbox)


FAILED = {"status": "ERROR", "statusReason": "USER_NOT_INVITABLE"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "no reason"),
        ([{"id": "", "results": [{"roleAssignmentResult": [FAILED | {"resource": "x"}]}]}], "INVITABLE"),
        ([{"id": None, "results": [{"groupAssignmentResult": [FAILED]}]}], "INVITABLE"),
        ([{"results": None}], "no reason"),
        ([{"id": "712020:new", "results": [{"roleAssignmentResult": [FAILED]}]}], "INVITABLE"),
    ],
    ids=["no data", "empty id", "null id", "no results", "an account of which something else failed"],
)
def test_an_invitation_that_failed_in_part_failed(data: list[Any], words: str, fresh: Running) -> None:
    """206 for one address is a failure, told with Atlassian's own reason where there is one."""
    sink = _answered(fresh, 206, {"data": data})

    with pytest.raises(BadRequest, match=words) as failure:
        sink.apply([change(sink, Action.CREATE, None, after={"email": CREATED})])

    assert CREATED in str(failure.value)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": [{"id": 7}]}, [], "ok"])
def test_an_odd_answer_to_an_invitation_is_no_account(body: Any, fresh: Running) -> None:
    """What names no account is an answer nobody understands."""
    sink = _answered(fresh, 200, body)

    with pytest.raises(Malformed):
        sink.apply([change(sink, Action.CREATE, None, after={"email": CREATED})])


def test_a_group_of_an_external_directory_is_told_as_such(fresh: Running) -> None:
    """403 ADMIN-403-5 speaks of the directory, not of a missing right."""
    sink = open_org(fresh)
    made = grant(sink, someone(sink), "some-group")
    detail = {"code": "ADMIN-403-5", "title": "Forbidden", "detail": "Managed by an external directory."}
    fresh.world.faults.add(
        path=f"/atlassian/admin/v2/orgs/{ORG_ID}/directories/{DIRECTORY_ID}/groups/some-group",
        method="POST", times=0, status=403, body={"errors": [detail]},
    )  # fmt: skip

    with pytest.raises(Forbidden, match="external directory") as failure:
        sink.apply([made])

    assert "scope" not in failure.value.remedy
    assert "ADMIN-403-5" in str(failure.value)


def test_an_address_that_is_taken_is_said_to_be(fresh: Running) -> None:
    """Another account's address is told as taken, and not as malformed."""
    sink = open_org(fresh)
    mine, other = [a for a in org_of(fresh).accounts if a.managed and a.composite == "active"][:2]

    with pytest.raises(BadRequest, match="taken"):
        sink.apply([change(sink, Action.UPDATE_EMAIL, mine.account_id, after={"email": other.email})])
