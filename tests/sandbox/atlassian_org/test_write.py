"""Writing to the organisation: memberships, roles, invitations, suspension, removal."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from sandbox.kit.cloud_model import CLOUD_ID, CONFLUENCE, JIRA, JSM, SITE_RESOURCE
from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import ALL, HOME, ORG, V1, Api, code

OVER = "user limit"


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of an organisation of one's own."""
    return Api(fresh)


def _members(api: Api, group: str) -> str:
    return f"{HOME}/groups/{api.group(group)['id']}/memberships"


def _limit(api: Api, **seats: int | None) -> None:
    body = {name.replace("_", "-"): number for name, number in seats.items()}
    url = f"{api.sandbox.url}/_sandbox/atlassian/capacity"
    assert requests.post(url, json=body, timeout=30).status_code == 200


def _person(api: Api, *, inside: str = "confluence-users", outside: str = "jsm-agents") -> dict[str, Any]:
    """Somebody who works and can be managed, in one group and not in another."""
    everyone = api.users(status=["active"], claimStatus="managed", expand=ALL)
    for row in everyone:
        names = {group["name"] for group in row["groups"]}
        plain = row["managementSource"] == "invited" and not row["platformRoles"]
        if plain and inside in names and outside not in names:
            return row
    raise AssertionError(f"nobody is in {inside} and not in {outside}")


def _names(row: dict[str, Any]) -> set[str]:
    return {group["name"] for group in row["groups"]}


# Memberships


def test_a_member_is_added_billed_and_taken_out(api: Api) -> None:
    """204 each; the search shows it at once; the seat is billed and is no more."""
    row, members = _person(api), _members(api, "jsm-agents")
    before = api.state()["seats"]["jira-servicedesk"]

    added = api.call("POST", members, {"accountId": row["accountId"]})
    assert (added.status_code, added.content) == (204, b"")
    assert "jsm-agents" in _names(api.user(row["email"]))
    assert api.state()["seats"]["jira-servicedesk"] == before + 1
    granted = {product["key"]: product for product in api.user(row["email"])["productAccess"]}
    assert "lastActiveTimestamp" not in granted["jira-servicedesk"]

    assert api.call("DELETE", f"{members}/{row['accountId']}").status_code == 204
    assert api.state()["seats"]["jira-servicedesk"] == before
    assert api.call("DELETE", f"{members}/{row['accountId']}").status_code == 404


def test_409_means_two_things(api: Api) -> None:
    """Being in the group already, and having no seat left, differ by their words alone."""
    row = _person(api)
    _limit(api, jira_servicedesk=api.state()["seats"]["jira-servicedesk"])

    already = api.call("POST", _members(api, "confluence-users"), {"accountId": row["accountId"]})
    full = api.call("POST", _members(api, "jsm-agents"), {"accountId": row["accountId"]})

    assert already.status_code == full.status_code == 409
    assert "already" in already.text
    assert OVER not in already.text
    assert OVER in full.text
    assert "already" not in full.text
    assert "jsm-agents" not in _names(api.user(row["email"]))


def test_who_is_suspended_takes_no_seat(api: Api) -> None:
    """A full product still takes a member whose access is suspended: nothing is billed."""
    row = _person(api)
    api.call("POST", f"{HOME}/users/{row['accountId']}/suspend")
    _limit(api, jira_servicedesk=api.state()["seats"]["jira-servicedesk"])

    answer = api.call("POST", _members(api, "jsm-agents"), {"accountId": row["accountId"]})

    assert answer.status_code == 204


def test_the_account_id_is_in_camel_case(api: Api) -> None:
    """The retired spelling is a bad request."""
    row = _person(api)

    answer = api.call("POST", _members(api, "jsm-agents"), {"account_id": row["accountId"]})

    assert code(answer) == (400, "ADMIN-400-24")


def test_a_synced_group_is_not_ours(api: Api) -> None:
    """Members and roles of a group the identity provider syncs cannot be changed."""
    members, row = _members(api, "scim-contractors"), _person(api)
    group = members.removesuffix("/memberships")

    assert code(api.call("POST", members, {"accountId": row["accountId"]})) == (403, "ADMIN-403-5")
    assert code(api.call("DELETE", f"{members}/{row['accountId']}")) == (403, "ADMIN-403-5")
    assert code(api.call("DELETE", group)) == (403, "ADMIN-403-5")


def test_unknown_groups_and_accounts_are_not_found(api: Api) -> None:
    """404 with a code that says which."""
    nobody = {"accountId": "712020:nobody"}

    assert code(api.call("POST", f"{HOME}/groups/none/memberships", nobody)) == (404, "ADMIN-404-10")
    assert code(api.call("POST", _members(api, "developers"), nobody)) == (404, "ADMIN-404-8")


# Groups


def test_a_group_is_created_without_a_word(api: Api) -> None:
    """201 has no body and no id: the group is found by its name; a second one is a conflict."""
    created = api.call("POST", f"{HOME}/groups", {"name": "team-x", "description": "X"})

    assert (created.status_code, created.content) == (201, b"")
    group = api.group("TEAM-X")
    assert (group["description"], group["counts"]) == ("X", {"users": 0, "resources": 0})
    again = api.call("POST", f"{HOME}/groups", {"name": "Team-X"})
    assert again.status_code == 409
    assert api.call("DELETE", f"{HOME}/groups/{group['id']}").status_code == 204
    assert api.search("groups", groupNames=["team-x"])["data"] == []


def test_groups_that_hold_roles_are_not_deleted(api: Api) -> None:
    """Groups with a default role or administration rights are refused, each with its code."""
    for name, expected in (("jira-software-users", "ADMIN-403-6"), ("org-admins", "ADMIN-403-7")):
        assert code(api.call("DELETE", f"{HOME}/groups/{api.group(name)['id']}")) == (403, expected)


def test_a_new_group_may_be_slow_to_show() -> None:
    """With `atlassian_lag` the search misses the group for a moment."""
    with Running(people=20, atlassian_lag=0.3) as sandbox:
        api = Api(sandbox)
        started = time.monotonic()
        api.call("POST", f"{HOME}/groups", {"name": "slow"})
        assert api.search("groups", groupNames=["slow"])["data"] == []

        while not api.search("groups", groupNames=["slow"])["data"]:
            assert time.monotonic() - started < 20

        assert time.monotonic() - started >= 0.3


def test_a_groups_role_moves_the_bill(api: Api) -> None:
    """Assigning answers 200, revoking 204; over the limit it is 409; a wrong resource is 404."""
    path = f"{HOME}/groups/{api.group('developers')['id']}/role-assignments"
    order = {"resourceId": JSM.resource, "roleId": "atlassian/user"}
    before = api.state()["seats"]["jira-servicedesk"]
    _limit(api, jira_servicedesk=before)
    assert api.call("POST", f"{path}/assign", order).status_code == 409
    _limit(api, jira_servicedesk=None)

    assert api.call("POST", f"{path}/assign", order).status_code == 200
    assert api.state()["seats"]["jira-servicedesk"] > before
    assert [row["resourceOwner"] for row in api.get(path)["data"]] == ["jira-servicedesk"]
    assert api.call("POST", f"{path}/revoke", order).status_code == 204
    assert api.state()["seats"]["jira-servicedesk"] == before
    wrong = {"resourceId": CLOUD_ID, "roleId": "atlassian/user"}
    assert code(api.call("POST", f"{path}/assign", wrong)) == (404, "ADMIN-UAM-404-1")


# Suspension and removal


def test_the_suspended_keep_their_groups_and_cost_nothing(api: Api) -> None:
    """Suspending takes every seat and no group; doing it twice does no harm; restoring returns it."""
    row = _person(api)
    path, seats = f"{HOME}/users/{row['accountId']}", api.state()["seats"]

    for _ in range(2):
        assert api.call("POST", f"{path}/suspend").status_code == 204
    suspended = api.user(row["email"])
    assert (suspended["status"], suspended["membershipStatus"], suspended["accountStatus"]) == (
        "suspended",
        "suspended",
        "active",
    )
    assert _names(suspended) == _names(row)
    assert sum(api.state()["seats"].values()) == sum(seats.values()) - len(row["productAccess"])

    assert api.call("POST", f"{path}/restore").status_code == 204
    assert api.state()["seats"] == seats


def test_the_removed_lose_everything_and_can_be_invited_again(api: Api) -> None:
    """A removed managed account is found by its claim alone, and comes back with no group."""
    row = _person(api)
    path = f"{HOME}/users/{row['accountId']}"
    assert api.call("DELETE", path).status_code == 204
    assert api.call("DELETE", path).status_code == 404
    assert api.call("POST", f"{path}/suspend").status_code == 404

    assert api.search(emails=[row["email"]])["data"] == []
    gone = api.user(row["email"], claimStatus="managed")
    assert (gone["status"], gone["groups"], gone["managementSource"]) == ("not_invited", [], None)
    assert gone["accountId"] in {r["accountId"] for r in api.users(status=["not_invited"])}

    api.call("POST", f"{ORG}/users/invite", {"emails": [row["email"]]})
    back = api.user(row["email"])
    assert (back["accountId"], back["status"], back["groups"]) == (row["accountId"], "active", [])


def test_nobody_locks_themselves_out(api: Api) -> None:
    """The account the key belongs to can be neither suspended nor removed."""
    caller = api.user(api.state()["caller"])["accountId"]

    assert code(api.call("POST", f"{HOME}/users/{caller}/suspend")) == (403, "ADMIN-403-3")
    assert code(api.call("DELETE", f"{HOME}/users/{caller}")) == (403, "ADMIN-403-3")


# Invitations


def test_an_invitation_makes_an_account_with_groups_and_roles(api: Api) -> None:
    """200 tells the account's id and how each part went; products were never used."""
    groups = [api.group(name)["id"] for name in ("jira-software-users", "all-staff")]
    rule = {"resource": CONFLUENCE.resource, "role": "atlassian/user"}

    answer = api.call(
        "POST",
        f"{ORG}/users/invite",
        {"emails": ["New.Comer@acme.test"], "additionalGroups": groups, "permissionRules": [rule]},
    )

    assert answer.status_code == 200
    (row,) = answer.json()["data"]
    (results,) = row["results"]
    assert [part["status"] for part in results["groupAssignmentResult"]] == ["INVITED"] * 2
    assert results["roleAssignmentResult"][0]["role"] == "ari:cloud:confluence::role/product/member"
    account = api.user("new.comer@acme.test")
    assert account["accountId"] == row["id"]
    assert account["claimStatus"] == "managed"
    assert _names(account) == {"jira-software-users", "all-staff"}
    assert {p["key"]: p.get("lastActiveTimestamp") for p in account["productAccess"]} == {
        "jira-software": None,
        "confluence": None,
    }


def test_a_part_that_fails_makes_it_206(api: Api) -> None:
    """The rest is done; the failed part says why."""
    groups = [api.group(name)["id"] for name in ("all-staff", "scim-contractors")]

    answer = api.call("POST", f"{ORG}/users/invite", {"emails": ["a@acme.test"], "additionalGroups": groups})

    assert answer.status_code == 206
    parts = answer.json()["data"][0]["results"][0]["groupAssignmentResult"]
    assert [part["status"] for part in parts] == ["INVITED", "ERROR"]
    assert parts[1]["statusReason"]
    assert _names(api.user("a@acme.test")) == {"all-staff"}


def test_an_invitation_over_the_limit_does_nothing(api: Api) -> None:
    """409, and none of the addresses has an account."""
    _limit(api, jira_software=api.state()["seats"]["jira-software"] + 1)
    body = {
        "emails": ["a@acme.test", "b@acme.test"],
        "additionalGroups": [api.group("jira-software-users")["id"]],
    }

    assert code(api.call("POST", f"{ORG}/users/invite", body)) == (409, "ADMIN-409-3")
    assert api.search(emails=body["emails"])["data"] == []
    assert api.call("POST", f"{ORG}/users/invite", {**body, "emails": ["a@acme.test"]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"emails": []}, 400),
        ({"emails": ["no address"]}, 400),
        ({"emails": [f"{n}@acme.test" for n in range(26)]}, 400),
        ({"emails": ["a@acme.test"], "additionalGroups": ["none"]}, 404),
        (
            {"emails": ["a@acme.test"], "permissionRules": [{"resource": "ari:x", "role": "atlassian/user"}]},
            404,
        ),
        ({"emails": ["a@acme.test"], "permissionRules": [{"resource": JIRA.resource, "role": "king"}]}, 400),
    ],
)
def test_a_wrong_invitation_does_nothing(api: Api, body: dict[str, Any], status: int) -> None:
    """What is wrong in an invitation is refused before anybody is invited."""
    before = api.state()["accounts"]

    assert api.call("POST", f"{ORG}/users/invite", body).status_code == status
    assert api.state()["accounts"] == before


def test_without_a_subscription_nobody_is_invited() -> None:
    """402 where the organisation pays for nothing; the specification lists no such answer."""
    with Running(people=20, atlassian_paid=False) as sandbox:
        url = f"{sandbox.url}/atlassian{ORG}/users/invite"
        headers = {"Authorization": "Bearer sandbox-org-key"}
        answer = requests.post(url, json={"emails": ["a@acme.test"]}, headers=headers, timeout=30)

    assert code(answer) == (402, "ADMIN-UAM-402-1")


def test_somebody_known_from_outside_is_unmanaged(api: Api) -> None:
    """An address of another domain makes an account the organisation does not own."""
    api.call("POST", f"{ORG}/users/invite", {"emails": ["guest@else.test"]})

    assert api.user("guest@else.test")["claimStatus"] == "unmanaged"


# Roles


def test_direct_roles_give_and_take_seats(api: Api) -> None:
    """Assigned in the first version, told as direct in the second; over the limit 409."""
    row = _person(api)
    order = {"role": "atlassian/user", "resource": JSM.resource}
    path, seats = f"{V1}/users/{row['accountId']}/roles", api.state()["seats"]["jira-servicedesk"]
    _limit(api, jira_servicedesk=seats)
    assert code(api.call("POST", f"{path}/assign", order)) == (409, "ADMIN-UAM-409-3")
    _limit(api, jira_servicedesk=None)

    assert api.call("POST", f"{path}/assign", order).status_code == 204
    assert api.state()["seats"]["jira-servicedesk"] == seats + 1
    roles = api.get(f"{HOME}/users/{row['accountId']}/role-assignments")["data"]
    ways = {r["resourceOwner"]: r["roleAssignments"][0]["roleAssignmentMethods"] for r in roles}
    assert ways["jira-servicedesk"] == ["direct"]

    assert api.call("POST", f"{path}/revoke", order).status_code == 204
    assert api.state()["seats"]["jira-servicedesk"] == seats


def test_a_role_on_the_site_is_one_on_every_product(api: Api) -> None:
    """The documented example names the site; it opens all its products."""
    api.call("POST", f"{ORG}/users/invite", {"emails": ["site@acme.test"]})
    account = api.user("site@acme.test")["accountId"]

    api.call(
        "POST", f"{V1}/users/{account}/roles/assign", {"role": "atlassian/user", "resource": SITE_RESOURCE}
    )

    assert len(api.user("site@acme.test")["productAccess"]) == 3


def test_the_organisation_role_is_assigned_and_revoked(api: Api) -> None:
    """Only the administrator's role is taken there; an inactive account cannot have it."""
    row = _person(api)
    path = f"{V1}/users/{row['accountId']}/role-assignments"
    assert api.call("POST", f"{path}/assign", {"role": "atlassian/org-admin"}).status_code == 204
    assert api.user(row["email"])["platformRoles"] == ["atlassian/org-admin"]
    assert api.call("POST", f"{path}/revoke", {"role": "atlassian/org-admin"}).status_code == 204
    assert api.user(row["email"])["platformRoles"] == []

    assert code(api.call("POST", f"{path}/assign", {"role": "atlassian/user"})) == (400, "ADMIN-UAM-400-1")
    api.call("POST", f"/users/{row['accountId']}/manage/lifecycle/disable")
    assert code(api.call("POST", f"{path}/assign", {"role": "atlassian/org-admin"})) == (
        400,
        "ADMIN-UAM-400-2",
    )
    nobody = api.call("POST", f"{V1}/users/nobody/roles/assign", {"role": "atlassian/org-admin"})
    assert code(nobody) == (404, "ADMIN-UAM-404-3")


# Faults


def test_a_lagging_read_shows_the_state_before_the_write(api: Api) -> None:
    """A fault of kind `stale_read` answers once from before, then the truth returns."""
    row = _person(api)
    search = f"/atlassian{HOME}/users/search"
    fault = {"path": search, "method": "POST", "kind": "stale_read"}
    requests.post(f"{api.sandbox.url}/_sandbox/faults", json=fault, timeout=30)

    api.call("POST", f"{HOME}/users/{row['accountId']}/suspend")

    assert api.user(row["email"])["status"] == "active"
    assert api.user(row["email"])["status"] == "suspended"


def test_a_lost_write_is_made_and_not_answered(api: Api) -> None:
    """The connection is cut, and the member is in."""
    row, members = _person(api), _members(api, "jsm-agents")
    fault = {"path": f"/atlassian{members}", "method": "POST", "kind": "lost_write"}
    requests.post(f"{api.sandbox.url}/_sandbox/faults", json=fault, timeout=30)

    with pytest.raises(requests.ConnectionError):
        api.call("POST", members, {"accountId": row["accountId"]})

    assert "jsm-agents" in _names(api.user(row["email"]))
