"""Confluence Data Center: who counts, what is idempotent, what is done later, as it is specified."""

from __future__ import annotations

from typing import Any

import pytest
from atlassian import Confluence

from sandbox.kit.datacenter_drift import CALLER, DOUBLE, SYNCED
from sandbox.running import Running
from tests.sandbox.kit.datacenter_api import READER, TOKEN, Api

SPEC = "atlassian-confluence-dc-10.2.14.json"
HOME = "/rest/api"
NEW = {"userName": "ada.new", "fullName": "Ada New", "email": "ada.new@acme.test", "password": "x1"}


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of a server of one's own."""
    return Api(fresh, "confluence", SPEC)


def _all(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = api.get(f"{HOME}{path}", start=0, **query)
    while True:
        rows += page["results"]
        if "next" not in page["_links"]:
            assert len(rows) == page["totalCount"]
            return rows
        page = api.get(page["_links"]["next"])


def _member(api: Api) -> str:
    """Somebody who counts for the licence and is nobody's service."""
    rows = _all(api, "/admin/users/list/active", limit=200)
    return next(str(row["username"]) for row in rows if not row["username"].endswith("-svc"))


def test_everybody_is_listed_and_some_count(api: Api) -> None:
    """Pages follow their link; address and last sign-in are told of those who count alone."""
    everybody, few = _all(api, "/user/list", limit=200), _all(api, "/user/list", limit=7)
    counted = _all(api, "/admin/users/list/active", limit=200, expand="lastLogin,status")

    assert everybody == few
    assert len(counted) == api.state()["seats"]["confluence"] < len(everybody)
    assert not any("email" in row for row in everybody)
    assert all(row["email"] and row["status"] == "current" for row in counted)
    assert DOUBLE not in {row["username"] for row in counted}


def test_a_page_has_a_limit_of_its_own(api: Api) -> None:
    """Whatever is asked, the system's limit holds and is told."""
    api.sandbox.world.options["confluence_dc_limit"] = 10

    assert api.get(f"{HOME}/user/list", limit=1000)["limit"] == 10


def test_old_versions_do_not_tell_who_counts(api: Api) -> None:
    """The list of active users came with 9.3."""
    api.sandbox.world.options["confluence_dc_version"] = "9.2.1"

    answer = api.call("GET", f"{HOME}/admin/users/list/active", judge=False)

    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)


def test_groups_by_path_and_by_query_are_the_same(api: Api) -> None:
    """10.2 takes the name also as a query."""
    by_path = _all(api, "/group/confluence-users/member", limit=200)

    assert by_path == _all(api, "/group/member", groupName="confluence-users", limit=200)
    assert api.get(f"{HOME}/group/info", groupName="developers") == api.get(f"{HOME}/group/developers")


def test_permissions_tell_what_a_group_opens(api: Api) -> None:
    """Users may use; administrators administer; other groups do nothing."""

    def may(group: str) -> set[str]:
        rows = api.get(f"{HOME}/permissions/group/{group}")
        return {row["operation"]["operationKey"] for row in rows}

    assert may("confluence-users") == {"use"}
    assert may("confluence-administrators") == {"use", "administer"}
    assert may("all-staff") == set()


def test_an_account_is_made_without_a_seat(api: Api) -> None:
    """201 with its key; 409 the second time; 400 for a name with capitals."""
    made, again = (api.call("POST", f"{HOME}/admin/user", NEW) for _ in range(2))
    capital = api.call("POST", f"{HOME}/admin/user", {**NEW, "userName": "Ada"})
    neither = api.call("POST", f"{HOME}/admin/user", {**NEW, "userName": "bob", "password": ""})
    row = api.get(f"{HOME}/user", username="ada.new", expand="status")

    assert [a.status_code for a in (made, again, capital, neither)] == [201, 409, 400, 400]
    assert (row["userKey"], row["status"]) == (made.json()["userKey"], "current")
    assert "email" not in row
    assert again.json()["reason"] == "Conflict"


def test_without_a_seat_nobody_is_made(api: Api) -> None:
    """402 when the licence is full."""
    made = api.sandbox.world.held
    api.get(f"{HOME}/group")
    made["confluence"].capacity["confluence"] = 1

    assert api.call("POST", f"{HOME}/admin/user", NEW).status_code == 402


def test_disabling_twice_is_disabling_once(api: Api) -> None:
    """204 each; the seat is free, the groups stay."""
    name, before = _member(api), api.state()["seats"]["confluence"]
    groups = _all(api, "/user/memberof", username=name)

    off = [api.call("PUT", f"{HOME}/admin/user/{name}/disable").status_code for _ in range(2)]
    assert api.state()["seats"]["confluence"] == before - 1
    assert api.get(f"{HOME}/user", username=name, expand="status")["status"] == "deactivated"
    assert _all(api, "/user/memberof", username=name) == groups
    assert off == [204, 204]
    assert api.call("PUT", f"{HOME}/admin/user/{name}/enable").status_code == 204
    assert api.call("PUT", f"{HOME}/admin/user/nobody/disable").status_code == 404


def test_memberships_are_idempotent(api: Api) -> None:
    """204 whether anything changes or not."""
    path = f"{HOME}/user/{_member(api)}/group/old-project-2019"

    assert [api.call(verb, path).status_code for verb in ("PUT", "PUT", "DELETE", "DELETE")] == [204] * 4


def test_deleting_is_done_later(api: Api) -> None:
    """202 with a task; the account stays until the task is done."""
    api.sandbox.world.options["confluence_dc_asks"] = 2
    name = _member(api)
    begun = api.call("DELETE", f"{HOME}/admin/user/{name}").json()
    path = begun["links"]["status"].partition("/confluence")[2]

    first = api.get(path)
    there = api.call("GET", f"{HOME}/user", params={"username": name}).status_code
    last = api.get(path)

    assert (first["percentageComplete"], there, last["percentageComplete"]) == (50, 200, 100)
    assert last["successful"] is True
    assert api.call("GET", f"{HOME}/user", params={"username": name}).status_code == 404


def test_a_profile_is_changed_where_the_directory_lets(api: Api) -> None:
    """204; a read-only directory answers 400 in words; a blank name is refused."""
    name = _member(api)
    body = {"fullName": "Another Name", "email": "another@acme.test"}

    assert api.call("PUT", f"{HOME}/admin/user/{name}", body).status_code == 204
    assert api.get(f"{HOME}/user", username=name)["displayName"] == "Another Name"
    assert api.call("PUT", f"{HOME}/admin/user/{name}", {"fullName": " "}).status_code == 400
    refused = api.call("PUT", f"{HOME}/admin/user/{SYNCED}", body)
    assert (refused.status_code, "read-only" in refused.json()["message"]) == (400, True)


def test_who_does_not_administer_is_told_so(acme: Running) -> None:
    """403, in Confluence's dialect."""
    api = Api(acme, "confluence", SPEC, token=READER)

    assert api.call("GET", f"{HOME}/admin/users/list/active").json()["reason"] == "Forbidden"


def test_the_atlassian_client_works(fresh: Running) -> None:
    """`atlassian-python-api` reads accounts, groups and the licence."""
    client = Confluence(url=f"{fresh.url}/confluence", token=TOKEN, cloud=False)

    assert client.get_user_details_by_username(CALLER)["username"] == CALLER
    assert {group["name"] for group in client.get_all_groups()} >= {"confluence-users", "all-staff"}
    assert client.get_license_max_users() == {"count": 100}
    assert client.get_license_user_count()["count"] == Api(fresh, "confluence").state()["seats"]["confluence"]
