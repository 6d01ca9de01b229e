"""Requests of OneLogin, JumpCloud, PingFederate, authentik and Google's catalogue applications."""

from __future__ import annotations

import json

import pytest

from tests.receive.service import CORE, ENTERPRISE, GROUP, PATCH, Service


def test_onelogin_looks_up_with_a_stray_sign(service: Service) -> None:
    """Plus signs for blanks, and an ampersand at the end."""
    service.add_user("onelogin-test-user01")
    reply = service.send("GET", "/Users?filter=userName+eq+%22onelogin-test-user01%22&")

    assert reply.json()["totalResults"] == 1


def test_onelogin_writes_the_schemas_of_a_draft(service: Service) -> None:
    old = {"schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"]}
    name = {"familyName": " User 01", "givenName": "AAA Test"}
    extension = {"urn:scim:schemas:extension:enterprise:2.0": {"department": "IT"}}
    made = service.send("POST", "/Users?", {**old, "userName": "ol01", "name": name, **extension})

    assert made.status_code == 201
    assert made.json()["schemas"] == [CORE, ENTERPRISE]
    assert made.json()[ENTERPRISE] == {"department": "IT"}

    again = service.send("PUT", f"/Users/{made.json()['id']}?", {**old, "userName": "ol01", "name": {}})
    assert again.status_code == 200
    assert "name" not in again.json()


def test_onelogin_takes_no_other_content_type(service: Service) -> None:
    """Answers are of the family of the request."""
    plain = service.send("GET", "/Users", headers={"Accept": "application/json"})
    both = service.send("GET", "/Users", headers={"Accept": "application/json, application/scim+json"})

    assert plain.headers["Content-Type"] == "application/json"
    assert both.headers["Content-Type"] == "application/scim+json"


def test_ping_reads_every_group_to_find_one(service: Service) -> None:
    """Pages keep their order, and nothing is told twice or left out."""
    made = [service.add_group(f"g{number}") for number in range(7)]
    pages = [service.send("GET", f"/Groups?startIndex={start}&count=3").json() for start in (1, 4, 7)]

    assert [one["id"] for page in pages for one in page["Resources"]] == made
    assert {page["totalResults"] for page in pages} == {7}


def test_jumpcloud_tests_with_a_user_and_a_group_and_takes_them_away(service: Service) -> None:
    """They live for seconds, and a sync afterwards knows of no group and of a user who is gone."""
    user, group = service.add_user("test@acme.test"), service.add_group("JumpCloud test")
    added = service.patch(f"/Groups/{group}", {"op": "add", "value": {"members": [{"value": user}]}})
    assert added.status_code == 204
    assert service.members(group) == [user]

    assert service.send("DELETE", f"/Groups/{group}").status_code == 204
    assert service.send("DELETE", f"/Users/{user}").status_code == 204

    pushed = service.inbox.read_pushed("idp")
    assert pushed.groups == []
    assert [one.deleted_at is not None for one in pushed.users] == [True]


def test_google_probes_with_one_user(service: Service) -> None:
    assert service.send("GET", "/Users?count=1").json()["itemsPerPage"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"Operations": [{"op": "replace", "value": {"active": False}}]},
        {"schemas": [PATCH], "operations": [{"op": "replace", "value": {"active": False}}]},
        {"schemas": [PATCH], "Operations": [{"OP": "REPLACE", "Path": "active", "Value": [False]}]},
    ],
)
def test_a_patch_in_other_clothes(service: Service, body: dict) -> None:
    """Without schemas, in lower case, in upper case."""
    user = service.add_user()

    assert service.send("PATCH", f"/Users/{user}", body).status_code == 200
    assert service.user(user)["active"] is False


@pytest.mark.parametrize("kind", ["", "application/json; charset=utf-8", "text/plain"])
def test_a_user_without_schemas_or_content_type(service: Service, kind: str) -> None:
    body = json.dumps({"userName": "noschema@acme.test"})
    reply = service.send("POST", "/Users", data=body, headers={"Content-Type": kind})

    assert reply.status_code == 201


def test_windows_of_a_list(service: Service) -> None:
    """No rows but a total; a start before the first; more than there may be; what is no number."""
    for number in range(3):
        service.add_user(f"u{number}")

    nothing = service.send("GET", "/Users?count=0").json()
    first = service.send("GET", "/Users?startIndex=0&count=1").json()
    beyond = service.send("GET", "/Users?startIndex=9").json()

    assert (nothing["totalResults"], nothing["Resources"]) == (3, [])
    assert (first["startIndex"], first["itemsPerPage"]) == (1, 1)
    assert (beyond["totalResults"], beyond["itemsPerPage"]) == (3, 0)
    assert service.send("GET", "/Users?count=-4").json()["itemsPerPage"] == 0
    assert service.send("GET", "/Users?count=many").status_code == 400


def test_attributes_that_are_asked_for(service: Service) -> None:
    service.add_user(name={"givenName": "Ada", "familyName": "Byron"}, title="Countess")
    wanted = service.send("GET", "/Users?attributes=userName,name.givenName").json()["Resources"][0]
    without = service.send("GET", "/Users?excludedAttributes=title,id").json()["Resources"][0]

    assert set(wanted) == {"schemas", "id", "userName", "name"}
    assert wanted["name"] == {"givenName": "Ada"}
    assert "title" not in without
    assert without["id"]


def test_versions(service: Service) -> None:
    """A write that builds on an older version is refused; what changes nothing is no new version."""
    user = service.add_user()
    first = service.send("GET", f"/Users/{user}").headers["ETag"]
    service.patch(f"/Users/{user}", {"op": "replace", "value": {"active": True}})
    same = service.send("GET", f"/Users/{user}").headers["ETag"]
    body = {"Operations": [{"op": "replace", "value": {"title": "x"}}]}
    good = service.send("PATCH", f"/Users/{user}", body, headers={"If-Match": first})
    stale = service.send("PATCH", f"/Users/{user}", body, headers={"If-Match": first})

    assert first == same
    assert good.headers["ETag"] != first
    assert (good.status_code, stale.status_code) == (200, 412)
    assert service.send("DELETE", f"/Users/{user}", headers={"If-Match": first}).status_code == 412


def test_what_the_service_says_of_itself(service: Service) -> None:
    config = service.send("GET", "/ServiceProviderConfig").json()
    schemas = service.send("GET", "/Schemas").json()
    types = service.send("GET", "/ResourceTypes").json()

    assert config["patch"]["supported"] is True
    assert config["bulk"]["supported"] is config["sort"]["supported"] is False
    assert {one["id"] for one in schemas["Resources"]} == {CORE, ENTERPRISE, GROUP}
    assert [one["name"] for one in types["Resources"]] == ["User", "Group"]
    assert service.send("GET", f"/Schemas/{CORE}").json()["id"] == CORE
    assert service.send("GET", "/ResourceTypes/Group").json()["endpoint"] == "/Groups"
    assert service.send("GET", "/Schemas/urn:none").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/Bulk"), ("GET", "/Me"), ("POST", "/.search"), ("PUT", "/Users"), ("POST", "/Groups/x")],
)
def test_what_is_not_offered_says_so(service: Service, method: str, path: str) -> None:
    """A 405 or 404 sends some clients into weeks of trying; 501 is understood."""
    reply = service.send(method, path, {} if method != "GET" else None)

    assert reply.status_code == 501
    assert "leave it out" in reply.json()["detail"]


def test_scim_1_1(service: Service) -> None:
    """The same users by the old words: PUT and PATCH without operations, numbers in errors, one manager."""
    old = {"schemas": ["urn:scim:schemas:core:1.0"]}
    ext = {"urn:scim:schemas:extension:enterprise:1.0": {"manager": {"managerId": "7"}, "department": "IT"}}
    made = service.send("POST", "/Users", {**old, "userName": "v1@acme.test", **ext}, version=1).json()
    path = f"/Users/{made['id']}"

    assert made["schemas"][0] == "urn:scim:schemas:core:1.0"
    assert made["urn:scim:schemas:extension:enterprise:1.0"]["department"] == "IT"
    assert service.user(made["id"])[ENTERPRISE] == {"manager": {"value": "7"}, "department": "IT"}

    off = service.send("PATCH", path, {**old, "id": made["id"], "active": False}, version=1)
    assert off.json()["active"] is False
    assert service.user(made["id"])["active"] is False

    again = service.send("POST", "/Users", {**old, "userName": "v1@acme.test"}, version=1)
    assert again.json()["Errors"][0]["code"] == 409

    config = service.send("GET", "/ServiceProviderConfigs", version=1).json()
    able = config["urn:okta:schemas:scim:providerconfig:1.0"]["userManagementCapabilities"]
    assert "PUSH_USER_DEACTIVATION" in able

    listed = service.send("GET", "/Users?startIndex=1&count=2", version=1).json()
    assert listed["schemas"][0] == "urn:scim:schemas:core:1.0"


def test_groups_of_scim_1_1(service: Service) -> None:
    """Members say themselves that they go; meta names what is emptied first."""
    users = [service.add_user(f"u{number}") for number in range(3)]
    old = {"schemas": ["urn:scim:schemas:core:1.0"]}
    body = {**old, "displayName": "g", "members": [{"value": users[0]}, {"value": users[1]}]}
    group = service.send("POST", "/Groups", body, version=1).json()["id"]

    moved = [{"value": users[0], "operation": "delete"}, {"value": users[2]}]
    service.send("PATCH", f"/Groups/{group}", {**old, "members": moved}, version=1)
    assert sorted(service.members(group)) == sorted(users[1:])

    renewed = {**old, "meta": {"attributes": ["members"]}, "members": [{"value": users[0]}]}
    service.send("PATCH", f"/Groups/{group}", renewed, version=1)
    assert service.members(group) == [users[0]]
