"""Bitbucket Data Center: licensed users, groups, permissions, in the shapes of its specification."""

from __future__ import annotations

from typing import Any

import pytest
from atlassian import Bitbucket

from sandbox.kit.datacenter_drift import CALLER, SYNCED
from sandbox.running import Running
from tests.sandbox.kit.datacenter_api import READER, TOKEN, Api

SPEC = "atlassian-bitbucket-dc-9.5.json"
HOME = "/rest/api/latest"
NEW = {"name": "ada.new", "displayName": "Ada New", "emailAddress": "ada.new@acme.test", "password": "x1"}


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of a server of one's own."""
    return Api(fresh, "bitbucket", SPEC)


def _all(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = api.get(f"{HOME}{path}", **query)
    while True:
        rows += page["values"]
        if page["isLastPage"]:
            return rows
        page = api.get(f"{HOME}{path}", **query, start=page["nextPageStart"])


def _licensed(api: Api) -> set[str]:
    return {row["name"] for row in _all(api, "/users", permission="LICENSED_USER", limit=1000)}


def _outsider(api: Api) -> str:
    """Somebody without a seat."""
    return min({row["name"] for row in _all(api, "/admin/users", limit=1000)} - _licensed(api) - {SYNCED})


def test_everybody_is_listed_with_the_last_sign_in(api: Api) -> None:
    """Page by page, by the start that each page names; others do not tell the sign-in."""
    whole, pages = _all(api, "/admin/users", limit=1000), _all(api, "/admin/users", limit=4)

    assert whole == pages
    assert any("lastAuthenticationTimestamp" in row for row in whole)
    assert not any("lastAuthenticationTimestamp" in row for row in _all(api, "/users"))
    assert [row["name"] for row in whole if not row["mutableDetails"]] == [SYNCED]


def test_seats_come_from_groups_and_from_permissions(api: Api) -> None:
    """Who is licensed is in an opened group or has the permission; the licence counts the same people."""
    groups = {row["group"]["name"] for row in _all(api, "/admin/permissions/groups")}
    members = {
        r["name"] for g in groups for r in _all(api, "/admin/groups/more-members", context=g, limit=1000)
    }
    own = {row["user"]["name"] for row in _all(api, "/admin/permissions/users")}
    licence = api.get(f"{HOME}/admin/license")

    assert members | own == _licensed(api)
    assert own == {"vendor.desk"}
    assert (
        licence["status"]["currentNumberOfUsers"] == len(_licensed(api)) == api.state()["seats"]["bitbucket"]
    )


def test_a_seat_is_given_and_freed(api: Api) -> None:
    """Several groups in one request; taking the group that opens Bitbucket frees the seat."""
    name = _outsider(api)
    given = api.call("POST", f"{HOME}/admin/users/add-groups", {"user": name, "groups": ["bitbucket-users"]})
    held = name in _licensed(api)
    body = {"context": name, "itemName": "bitbucket-users"}
    taken = api.call("POST", f"{HOME}/admin/users/remove-group", body)

    assert (given.status_code, taken.status_code, given.content) == (200, 200, b"")
    assert held
    assert name not in _licensed(api)


def test_an_own_permission_is_a_seat_too(api: Api) -> None:
    """204 to give and to take."""
    query = {"name": _outsider(api), "permission": "LICENSED_USER"}
    path = f"{HOME}/admin/permissions/users"

    assert api.call("PUT", path, params=query).status_code == 204
    assert query["name"] in _licensed(api)
    assert api.call("DELETE", path, params={"name": query["name"]}).status_code == 204
    assert query["name"] not in _licensed(api)


def test_nobody_lowers_their_own_permission(api: Api) -> None:
    """409; a permission below what a group gives changes nothing and is taken again."""
    path, own = f"{HOME}/admin/permissions/users", {"name": CALLER}
    given = api.call("PUT", path, params={**own, "permission": "LICENSED_USER"})
    taken = api.call("DELETE", path, params=own)
    api.call("PUT", path, params={**own, "permission": "SYS_ADMIN"})
    body = {"context": CALLER, "itemName": "bitbucket-admins"}
    api.call("POST", f"{HOME}/admin/users/remove-group", body)

    refused = [
        api.call("DELETE", path, params=own).status_code,
        api.call("PUT", path, params={**own, "permission": "ADMIN"}).status_code,
    ]

    assert (given.status_code, taken.status_code) == (204, 204)
    assert refused == [409, 409]
    assert {row["permission"] for row in _all(api, "/admin/permissions/users", filter=CALLER)} == {
        "SYS_ADMIN"
    }


def test_who_left_may_keep_a_permission_given_by_hand(api: Api) -> None:
    """They are in no group any more, and count for the licence."""
    api.sandbox.world.renew(people=120)
    own = {row["user"]["name"]: row["permission"] for row in _all(api, "/admin/permissions/users")}
    forgotten = set(own) - {"vendor.desk"}

    assert forgotten
    assert forgotten <= _licensed(api)
    for name in forgotten:
        assert _all(api, "/admin/users/more-members", context=name) == []


def test_a_full_licence_refuses_all_of_a_request(api: Api) -> None:
    """403, and not even the group that opens nothing is joined."""
    api.sandbox.world.options["bitbucket_dc_seats"] = len(_licensed(api))
    name = _outsider(api)
    body = {"user": name, "groups": ["old-project-2019", "bitbucket-users"]}

    assert api.call("POST", f"{HOME}/admin/users/add-groups", body).status_code == 403
    groups = _all(api, "/admin/users/more-members", context=name)
    assert "old-project-2019" not in {group["name"] for group in groups}


def test_users_are_made_changed_and_deleted(api: Api) -> None:
    """204 without a body, 409 the second time, 200 with the user, 409 for oneself."""
    made = [api.call("POST", f"{HOME}/admin/users", params=NEW).status_code for _ in range(2)]
    changed = api.call("PUT", f"{HOME}/admin/users", {"name": "ada.new", "displayName": "Ada Newer"})
    gone = [
        api.call("DELETE", f"{HOME}/admin/users", params={"name": "ada.new"}).status_code for _ in range(2)
    ]
    own = api.call("DELETE", f"{HOME}/admin/users", params={"name": CALLER})

    assert (made, gone, own.status_code) == ([204, 409], [200, 404], 409)
    assert (changed.json()["displayName"], changed.json()["emailAddress"]) == (
        "Ada Newer",
        "ada.new@acme.test",
    )


def test_who_does_not_administer_is_told_401(acme: Running) -> None:
    """Not 403; but everybody may be listed."""
    api = Api(acme, "bitbucket", SPEC, token=READER)

    refused = api.call("GET", f"{HOME}/admin/license")

    assert (refused.status_code, "errors" in refused.json()) == (401, True)
    assert api.get(f"{HOME}/admin/users")["size"] > 0


def test_the_atlassian_client_works(fresh: Running) -> None:
    """`atlassian-python-api` lists users with their sign-ins."""
    client = Bitbucket(url=f"{fresh.url}/bitbucket", token=TOKEN, cloud=False)

    rows = list(client.get_users_info(limit=10))

    assert len(rows) == Api(fresh, "bitbucket").state()["accounts"]
    assert client.get_users(user_filter=CALLER)["values"][0]["name"] == CALLER
