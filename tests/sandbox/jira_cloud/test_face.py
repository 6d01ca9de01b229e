"""Jira Cloud: people, groups, seats, refusals, and clients others wrote."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from atlassian.jira import JiraCloud
from jira import JIRA
from requests import Response

from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import Api
from tests.sandbox.kit.cloud_api import ADMIN, Judged, jira

TOKEN = "sandbox-api-token"


HOME = "/admin/v2/orgs/5e1f0a52-0000-4000-8000-000000000001/directories/5e1f0a52-0000-4000-8000-0000000000d1"


@pytest.fixture
def site(fresh: Running) -> Judged:
    """Return an administrator's client of a site of one's own, where one of the staff is suspended."""
    found = jira(fresh)
    account = _outsider(found, "site-admins")["accountId"]
    Api(fresh).call("POST", f"{HOME}/users/{account}/suspend")
    return found


def _words(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorMessages"][0]


def _group(site: Judged, name: str) -> str:
    (row,) = site.get("/group/bulk", groupName=name)["values"]
    return str(row["groupId"])


def _members(site: Judged, name: str) -> set[str]:
    rows: list[dict[str, Any]] = []
    group_id = _group(site, name)
    while True:
        page = site.get("/group/member", groupId=group_id, startAt=len(rows), includeInactiveUsers="true")
        rows += page["values"]
        if page["isLast"]:
            return {row["accountId"] for row in rows}


def _outsider(site: Judged, group: str) -> dict[str, Any]:
    """Somebody active with a visible address who is not in a group."""
    inside = _members(site, group)
    return next(
        row
        for row in site.get("/users/search", maxResults=500)
        if row["active"] and row.get("emailAddress") and row["accountId"] not in inside
    )


def _limit(site: Judged, **seats: int) -> None:
    body = {name.replace("_", "-"): number for name, number in seats.items()}
    url = f"{site.sandbox.url}/_sandbox/atlassian/capacity"
    assert requests.post(url, json=body, timeout=30).status_code == 200


# Reading


def test_pages_of_users_end_with_an_empty_one(site: Judged) -> None:
    """A bare list, people and apps and customers, the inactive too; addresses of the managed alone."""
    rows: list[dict[str, Any]] = []
    while page := site.get("/users/search", startAt=len(rows), maxResults=7):
        rows += page

    assert len(rows) == len({row["accountId"] for row in rows}) == site.truth()["jira_cloud"]["people"]
    assert {row["accountType"] for row in rows} == {"atlassian", "app", "customer"}
    assert {row["active"] for row in rows} == {True, False}
    shown = [row["emailAddress"] for row in rows if "emailAddress" in row]
    assert len(shown) == site.truth()["jira_cloud"]["addresses"]
    assert {email.rpartition("@")[2] for email in shown} == {"acme.test"}


def test_members_come_fifty_at_a_time(site: Judged) -> None:
    """A larger page is cut; the inactive are left out unless they are asked for."""
    group_id = _group(site, "all-staff")

    page = site.get("/group/member", groupId=group_id, maxResults=500)
    everyone = site.get("/group/member", groupId=group_id, includeInactiveUsers="true")

    assert page["maxResults"] == len(page["values"]) == 50
    assert page["isLast"] is False
    assert "startAt=50" in page["nextPage"]
    assert everyone["total"] > page["total"]


def test_one_name_for_a_group_is_needed_and_one_is_enough(site: Judged) -> None:
    """By identifier or by name, not by both and not by neither; an unknown one is 404."""
    group_id = _group(site, "developers")

    assert site.get("/group/member", groupname="developers")["total"] > 0
    both = site.call("GET", f"/group/member?groupId={group_id}&groupname=developers")
    assert both.status_code == 400
    assert site.call("GET", "/group/member").status_code == 400
    assert site.call("GET", "/group/member?groupId=none").status_code == 404


def test_roles_tell_seats(site: Judged) -> None:
    """Seats bought, taken and left, or none of a limit; and the groups that give them."""
    roles = {row["key"]: row for row in site.get("/applicationrole")}
    seats = site.truth()["atlassian"]["seats"]

    assert roles["jira-software"]["userCount"] == seats["jira-software"]
    assert (
        roles["jira-software"]["numberOfSeats"] - seats["jira-software"]
        == (roles["jira-software"]["remainingSeats"])
    )
    assert roles["jira-servicedesk"]["hasUnlimitedSeats"] is True
    assert roles["jira-servicedesk"]["numberOfSeats"] == -1
    assert roles["jira-software"]["defaultGroups"] == ["jira-software-users"]
    assert site.get("/applicationrole/jira-servicedesk")["defaultGroups"] == ["jsm-agents"]
    assert site.call("GET", "/applicationrole/trello").status_code == 404


def test_small_questions(site: Judged) -> None:
    """Licence, counts as texts, the server, rights, users by identifier, addresses that nobody gets."""
    some = [row["accountId"] for row in site.get("/users/search", maxResults=3)]
    count = site.get("/license/approximateLicenseCount/product/jira-software")

    assert {"id": "jira-software", "plan": "PAID"} in site.get("/instance/license")["applications"]
    assert count["value"] == str(site.truth()["atlassian"]["seats"]["jira-software"])
    assert int(site.get("/license/approximateLicenseCount")["value"]) > 0
    assert site.get("/serverInfo")["deploymentType"] == "Cloud"
    assert len(site.get("/user/bulk", accountId=some)["values"]) == 3
    assert site.call("GET", f"/user/email?accountId={some[0]}").status_code == 400
    assert {row["name"] for row in site.get("/user/groups", accountId=some[0])}
    rights = site.get("/mypermissions", permissions="ADMINISTER,USER_PICKER")["permissions"]
    assert all(row["havePermission"] for row in rights.values())
    assert site.call("GET", "/mypermissions").status_code == 400


def test_a_search_finds_the_active_by_name_or_address(site: Judged) -> None:
    """Whoever is suspended is not found, though the list has them."""
    rows = site.get("/users/search", maxResults=500)
    active = next(row for row in rows if row["active"] and row.get("emailAddress"))
    inactive = next(row for row in rows if not row["active"] and row.get("emailAddress"))

    found = site.get("/user/search", query=active["emailAddress"])

    assert [row["accountId"] for row in found] == [active["accountId"]]
    assert site.get("/user/search", query=inactive["emailAddress"]) == []
    assert site.call("GET", "/user/search").status_code == 400


# Writing


def test_a_member_is_added_once_and_taken_out_once(site: Judged) -> None:
    """201 with the group; a member again is 400 in words with a hole; the organisation shows both."""
    row = _outsider(site, "jsm-agents")
    group_id = _group(site, "jsm-agents")
    path = f"/group/user?groupId={group_id}"

    assert site.call("POST", path, {"accountId": row["accountId"]}).status_code == 201
    again = site.call("POST", path, {"accountId": row["accountId"]})
    assert _words(again) == (400, "Cannot add user. User is already a member of '{1}'")
    groups = {group["name"] for group in Api(site.sandbox).user(row["emailAddress"])["groups"]}
    assert "jsm-agents" in groups

    assert site.call("DELETE", f"{path}&accountId={row['accountId']}").status_code == 200
    assert site.call("DELETE", f"{path}&accountId={row['accountId']}").status_code == 400
    assert "jsm-agents" not in site.account(row["emailAddress"])["groups"]


def test_what_the_organisation_writes_the_site_shows(site: Judged) -> None:
    """A membership and a suspension made by the administration are seen here at once."""
    api = Api(site.sandbox)
    row = _outsider(site, "developers")
    group = api.group("developers")["id"]
    account_id = row["accountId"]

    api.call("POST", f"{HOME}/groups/{group}/memberships", {"accountId": account_id})
    api.call("POST", f"{HOME}/users/{account_id}/suspend")

    assert account_id in _members(site, "developers")
    assert site.get("/user", accountId=account_id)["active"] is False


def test_a_person_is_let_in_with_products(site: Judged) -> None:
    """201 once and again; the default group is given; the organisation bills the seat."""
    before = site.truth()["atlassian"]["seats"]["jira-software"]
    order = {"emailAddress": "new.face@acme.test", "products": ["jira-software"]}

    first, second = site.call("POST", "/user", order), site.call("POST", "/user", order)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["accountId"] == second.json()["accountId"]
    assert site.account("new.face@acme.test")["groups"] == ["jira-software-users"]
    assert site.truth()["atlassian"]["seats"]["jira-software"] == before + 1


def test_letting_in_is_refused_in_its_ways(site: Judged) -> None:
    """400 without products, for an unknown one, without a free seat, and for someone without access."""
    email = "no.access@acme.test"
    assert site.call("POST", "/user", {"emailAddress": email}).status_code == 400
    assert site.call("POST", "/user", {"emailAddress": email, "products": ["trello"]}).status_code == 400
    _limit(site, jira_software=site.truth()["atlassian"]["seats"]["jira-software"])
    full = site.call("POST", "/user", {"emailAddress": email, "products": ["jira-software"]})
    assert "user limit" in _words(full)[1]

    assert site.call("POST", "/user", {"emailAddress": email, "products": []}).status_code == 201
    again = site.call("POST", "/user", {"emailAddress": email, "products": []})
    assert "does not have access" in _words(again)[1]


def test_a_person_is_removed_from_the_site(site: Judged) -> None:
    """204, then 404; the caller cannot be removed; the account is gone from the directory."""
    row = _outsider(site, "org-admins")
    path = f"/user?accountId={row['accountId']}"

    assert site.call("DELETE", path).status_code == 204
    assert site.call("DELETE", path).status_code == 404
    assert site.account(row["emailAddress"])["status"] == "not_invited"
    mine = site.get("/myself")["accountId"]
    assert site.call("DELETE", f"/user?accountId={mine}").status_code == 400


def test_groups_are_made_and_deleted(site: Judged) -> None:
    """201, 400 for a name in use, 200 for the deletion, and a picker that says who manages them."""
    assert site.call("POST", "/group", {"name": "pilots"}).status_code == 201
    assert site.call("POST", "/group", {"name": "pilots"}).status_code == 400
    assert site.call("DELETE", f"/group?groupId={_group(site, 'pilots')}").status_code == 200

    picked = {row["name"]: row["managedBy"] for row in site.get("/groups/picker", query="")["groups"]}
    assert picked["scim-contractors"] == "EXTERNAL"
    assert picked["developers"] == "ADMINS"
    row = _outsider(site, "scim-contractors")
    path = f"/group/user?groupId={_group(site, 'scim-contractors')}"
    assert site.call("POST", path, {"accountId": row["accountId"]}).status_code == 403


# Who may


def test_rights_follow_the_account_whose_token_it_is(site: Judged) -> None:
    """A wrong token is 401 in plain text; a plain user reads and does not write."""
    plain = _outsider(site, "site-admins")["emailAddress"]
    stranger, user = jira(site.sandbox, (ADMIN[0], "wrong")), jira(site.sandbox, (plain, TOKEN))
    account_id = user.get("/myself")["accountId"]

    refused = stranger.call("GET", "/myself")
    assert refused.status_code == 401
    assert "json" not in refused.headers["Content-Type"]
    assert user.call("GET", "/users/search").status_code == 200
    assert user.call("GET", "/applicationrole").status_code == 403
    assert user.call("POST", "/user", {"emailAddress": "a@b.test", "products": []}).status_code == 403
    path = f"/group/user?groupId={_group(site, 'developers')}"
    assert user.call("POST", path, {"accountId": account_id}).status_code == 403
    told = user.get("/mypermissions", permissions="ADMINISTER")["permissions"]["ADMINISTER"]
    assert told["havePermission"] is False


# Limits


def _hasty(**options: Any) -> list[requests.Response]:
    """The answers to more requests than a second allows, on a clock that stands."""
    with Running(people=10, seed=1, limits="documented", **options) as sandbox:
        sandbox.world.limits.clock = lambda: 1_700_000_010.0
        session = requests.Session()
        session.auth = ADMIN
        url = f"{sandbox.url}/cloud/acme/rest/api/3/myself"
        return [session.get(url, timeout=30) for _ in range(103)]


def test_a_burst_empties_the_bucket_of_an_operation() -> None:
    """A hundred pass and count down; then 429 says why, when, and to the minute."""
    answers = _hasty()

    assert [a.status_code for a in answers].count(429) == 3
    assert answers[0].headers["X-RateLimit-Remaining"] == "99"
    assert "X-RateLimit-NearLimit" not in answers[0].headers
    assert answers[99].headers["X-RateLimit-NearLimit"] == "true"
    refusal = answers[-1].headers
    assert refusal["Retry-After"] == "1"
    assert refusal["RateLimit-Reason"] == "jira-burst-based"
    assert refusal["X-RateLimit-Reset"] == "2026-11-23T08:00Z"


def test_every_dialect_of_a_refusal() -> None:
    """With a wait, with a minute alone, and from the gateway with nothing at all."""
    burst, minute, bare = _hasty(cloud_429="turns")[-3:]

    assert "Retry-After" in burst.headers
    assert "Retry-After" not in minute.headers
    assert "X-RateLimit-Reset" in minute.headers
    assert {"Retry-After", "X-RateLimit-Reset", "RateLimit-Reason"}.isdisjoint(bare.headers)
    assert bare.json() == {"code": 429, "message": "Too Many Requests"}


# Clients others wrote


def test_the_jira_library_reads_and_searches(fresh: Running) -> None:
    """It finds out what server this is, lists groups, and finds members and people."""
    client = JIRA(f"{fresh.url}/cloud/acme", basic_auth=ADMIN, options={"rest_api_version": "3"})

    assert client.deploymentType == "Cloud"
    assert "jira-software-users" in client.groups()
    members = client.group_members("all-staff")
    row = next(m for m in members.values() if m["active"] and m["email"] != "hidden")
    assert len(members) == fresh.world.held["atlassian"].by_name["all-staff"].members.__len__()
    assert [u.accountId for u in client.search_users(query=row["email"])] == [row["accountId"]]
    assert client.myself()["accountId"] == fresh.world.held["atlassian"].caller
    client.close()


def test_the_atlassian_library_reads_and_writes(fresh: Running) -> None:
    """It lists users and groups, lets somebody in, and gives and takes a group."""
    client = JiraCloud(f"{fresh.url}/cloud/acme", username=ADMIN[0], password=ADMIN[1])

    assert len(client.get_all_users(max_results=1000)) > 60
    groups = {row["name"]: row["groupId"] for row in client.bulk_get_groups()["values"]}
    made = client.create_user({"emailAddress": "made.elsewhere@acme.test", "products": ["jira-software"]})
    client.add_user_to_group(group_id=groups["developers"], data={"accountId": made["accountId"]})
    held = {row["name"] for row in client.get_user_groups(account_id=made["accountId"])}
    assert held == {"jira-software-users", "developers"}
    client.remove_user_from_group(group_id=groups["developers"], account_id=made["accountId"])
    assert {row["name"] for row in client.get_user_groups(account_id=made["accountId"])} == {
        "jira-software-users"
    }
    assert {row["key"] for row in client.get_all_application_roles()} == {"jira-software", "jira-servicedesk"}
    client.close()
