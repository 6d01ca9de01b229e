"""Confluence Cloud: people, groups, silence about the suspended, and a client others wrote."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from atlassian.confluence import ConfluenceCloud

from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import HOME, Api
from tests.sandbox.kit.cloud_api import ADMIN, Judged, confluence, jira


@pytest.fixture
def wiki(fresh: Running) -> Judged:
    """Return an administrator's client of a site of one's own."""
    return confluence(fresh)


def _groups(wiki: Judged, **query: str) -> dict[str, str]:
    return {row["name"]: row["id"] for row in wiki.get("/group", **query)["results"]}


def _people(wiki: Judged, **query: str) -> list[dict[str, Any]]:
    """Everyone a search finds, by the links of its pages."""
    page = wiki.get("/search/user", cql="type=user", limit=9, **query)
    rows = [row["user"] for row in page["results"]]
    while link := page["_links"].get("next"):
        page = wiki.get(link.removeprefix("/rest/api"))
        rows += [row["user"] for row in page["results"]]
    return rows


def _members(wiki: Judged, group_id: str) -> set[str]:
    return {row["accountId"] for row in wiki.get(f"/group/{group_id}/membersByGroupId")["results"]}


def test_a_search_finds_who_may_use_confluence(wiki: Judged) -> None:
    """As many as the bill has, and the apps; guests are asked for apart; other questions are 400."""
    rows = _people(wiki)

    people = [row for row in rows if row["accountType"] == "atlassian"]
    assert len(people) == wiki.truth()["atlassian"]["seats"]["confluence"]
    assert any(row["email"] == "" for row in people)
    assert _people(wiki, sitePermissionTypeFilter="externalCollaborator") == []
    assert wiki.call("GET", "/search/user?cql=type=page").status_code == 400


def test_groups_are_told_apart_by_what_they_give(wiki: Judged) -> None:
    """All of them, those whose members may use Confluence, those of administrators; and who keeps them."""
    assert set(_groups(wiki, accessType="user")) == {"confluence-users", "scim-contractors"}
    assert set(_groups(wiki, accessType="site-admin")) == {"site-admins", "org-admins"}
    assert {"developers", "all-staff"} < set(_groups(wiki))
    kept = {row["name"]: row["managedBy"] for row in wiki.get("/group/picker", query="scim")["results"]}
    assert kept == {"scim-contractors": "EXTERNAL"}
    group_id = _groups(wiki)["developers"]
    assert wiki.get("/group/by-id", id=group_id)["name"] == "developers"
    assert wiki.call("GET", "/group/by-id?id=none").status_code == 404


def test_members_leave_the_suspended_out(wiki: Judged) -> None:
    """Somebody suspended vanishes from the list of members, and is still in the group."""
    group_id = _groups(wiki)["all-staff"]
    before = _members(wiki, group_id)
    gone = min(before - {jira(wiki.sandbox).get("/myself")["accountId"]})

    Api(wiki.sandbox).call("POST", f"{HOME}/users/{gone}/suspend")

    assert _members(wiki, group_id) == before - {gone}
    assert "all-staff" in {row["name"] for row in wiki.get("/user/memberof", accountId=gone)["results"]}
    page = wiki.get(f"/group/{group_id}/membersByGroupId", limit=5, shouldReturnTotalSize="true")
    assert page["totalSize"] == len(before) - 1
    assert wiki.call("GET", f"/group/{group_id}/membersByGroupId?limit=201").status_code == 400


def test_people_by_identifier(wiki: Judged) -> None:
    """One, several, oneself; an unknown one is 404 alone and passed over among others."""
    some = [row["accountId"] for row in _people(wiki)[:3]]

    assert wiki.get("/user", accountId=some[0])["accountId"] == some[0]
    found = wiki.get("/user/bulk", accountId=[*some, "nobody"])["results"]
    assert [row["accountId"] for row in found] == some
    assert wiki.get("/user/current")["accountId"] == jira(wiki.sandbox).get("/myself")["accountId"]
    assert wiki.call("GET", "/user?accountId=nobody").status_code == 404


def test_members_come_and_go(wiki: Judged) -> None:
    """201 and 204, once and again; Jira shows the same group; a synced one is 403."""
    groups = _groups(wiki)
    contractors = _members(wiki, groups["scim-contractors"])
    people = [row["accountId"] for row in _people(wiki) if row["email"]]
    account = next(key for key in people if key not in contractors)
    path = f"/group/userByGroupId?groupId={groups['old-project-2019']}"

    assert [wiki.call("POST", path, {"accountId": account}).status_code for _ in range(2)] == [201, 201]
    held = {row["name"] for row in jira(wiki.sandbox).get("/user/groups", accountId=account)}
    assert "old-project-2019" in held
    away = f"{path}&accountId={account}"
    assert [wiki.call("DELETE", away).status_code for _ in range(2)] == [204, 204]
    assert account not in _members(wiki, groups["old-project-2019"])
    synced = f"/group/userByGroupId?groupId={groups['scim-contractors']}"
    assert wiki.call("POST", synced, {"accountId": account}).status_code == 403
    assert wiki.call("POST", synced, {"accountId": "nobody"}).status_code == 404


def test_no_seat_is_left(wiki: Judged) -> None:
    """A group that opens Confluence takes nobody in when the seats are gone."""
    seats = wiki.truth()["atlassian"]["seats"]["confluence"]
    url = f"{wiki.sandbox.url}/_sandbox/atlassian/capacity"
    requests.post(url, json={"confluence": seats}, timeout=30)
    inside = {row["accountId"] for row in _people(wiki)}
    staff = _members(wiki, _groups(wiki)["all-staff"])
    outsider = min(staff - inside)

    path = f"/group/userByGroupId?groupId={_groups(wiki)['confluence-users']}"
    full = wiki.call("POST", path, {"accountId": outsider})

    assert full.status_code == 400
    assert "user limit" in full.json()["message"]


def test_groups_are_made_and_deleted_by_administrators(wiki: Judged) -> None:
    """201 and 204; a plain user may do neither; without a credential there is nothing."""
    made = wiki.call("POST", "/group", {"name": "pilots"})
    assert made.status_code == 201
    page = jira(wiki.sandbox).get("/group/member", groupname="site-admins")
    admins = {row["accountId"] for row in page["values"]}
    plain = next(row["email"] for row in _people(wiki) if row["email"] and row["accountId"] not in admins)
    user = confluence(wiki.sandbox, (plain, ADMIN[1]))
    assert user.call("POST", "/group", {"name": "mine"}).status_code == 403
    assert wiki.call("DELETE", f"/group/by-id?id={made.json()['id']}").status_code == 204
    assert confluence(wiki.sandbox, None).call("DELETE", "/group/by-id?id=x").status_code == 401


def test_the_atlassian_library_reads_the_site(fresh: Running) -> None:
    """Groups, one group, and the members of one, by the client others wrote."""
    client = ConfluenceCloud(f"{fresh.url}/cloud/acme", username=ADMIN[0], password=ADMIN[1])

    groups = {row["name"]: row["id"] for row in client.get_all_groups()}
    members = client.get_group_members(groups["confluence-users"], limit=100)["results"]

    assert client.get_group(groups["developers"])["name"] == "developers"
    assert {row["accountId"] for row in members} == _members(confluence(fresh), groups["confluence-users"])
    client.close()
