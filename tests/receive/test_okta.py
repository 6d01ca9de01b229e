"""Requests as Okta's clients send them, and what is kept afterwards."""

from __future__ import annotations

from tests.receive.service import CORE, GROUP, Service

NEW = {
    "schemas": [CORE],
    "userName": "ada@acme.test",
    "name": {"givenName": "Ada", "familyName": "Byron", "middleName": ""},
    "emails": [{"primary": True, "value": "ada@acme.test", "type": "work"}],
    "displayName": "Ada Byron",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


def test_the_connection_test_of_the_console(service: Service) -> None:
    """Saving the form asks for two users and a hundred groups; the numbers are numbers."""
    users = service.send("GET", "/Users?startIndex=1&count=2").json()
    groups = service.send("GET", "/Groups?startIndex=1&count=100").json()

    assert [users["totalResults"], users["startIndex"], users["itemsPerPage"]] == [0, 1, 0]
    assert groups["Resources"] == []


def test_a_user_is_looked_up_and_made(service: Service) -> None:
    """Nobody has the name; then somebody has, with an id, and the password is nowhere."""
    assert service.count("Users", 'userName eq "ada@acme.test"', startIndex="1", count="100") == 0

    reply = service.send("POST", "/Users", NEW)
    made = reply.json()

    assert reply.status_code == 201
    assert reply.headers["Location"] == made["meta"]["location"]
    assert "password" not in made
    assert made["name"] == {"givenName": "Ada", "familyName": "Byron"}
    assert service.count("Users", 'userName eq "ADA@acme.test"') == 1
    assert service.user(made["id"])["externalId"] == "00ujl29u0le5T6Aj10h7"


def test_a_user_made_twice_is_a_conflict(service: Service) -> None:
    """A name is borne once, whatever its case; the error says so by the standard's word."""
    service.send("POST", "/Users", NEW)

    again = service.send("POST", "/Users", {"schemas": [CORE], "userName": "ADA@acme.test"})

    assert again.status_code == 409
    assert again.json()["scimType"] == "uniqueness"
    assert again.json()["status"] == "409"
    assert service.count("Users", 'userName eq "ada@acme.test"') == 1


def test_a_put_replaces_and_takes_no_notice_of_what_it_echoes(service: Service) -> None:
    """Identifier, groups and meta come back as they were told; what is no longer sent is gone."""
    made = service.send("POST", "/Users", NEW).json()
    echoed = {"id": "another", "groups": [{"value": "x"}], "meta": {"resourceType": "User"}}
    sent = {"schemas": [CORE], "userName": "ada@acme.test", "name": {"givenName": "Augusta"}, **echoed}

    reply = service.send("PUT", f"/Users/{made['id']}", sent)

    assert reply.status_code == 200
    kept = service.user(made["id"])
    assert (kept["id"], kept["name"]) == (made["id"], {"givenName": "Augusta"})
    assert "displayName" not in kept
    assert "groups" not in kept
    assert kept["active"] is True


def test_a_user_is_deactivated_and_stays_readable(service: Service) -> None:
    """A PATCH without a path; the user is still listed, inactive."""
    user = service.add_user()

    reply = service.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})

    assert reply.status_code == 200
    assert service.user(user)["active"] is False
    assert service.count("Users", "active eq false") == 1


def test_a_put_that_says_nothing_of_active_means_active(service: Service) -> None:
    """Absent is the default on a PUT, and unchanged on a PATCH."""
    user = service.add_user()
    service.patch(f"/Users/{user}", {"op": "replace", "value": {"active": False}})
    service.patch(f"/Users/{user}", {"op": "replace", "value": {"title": "Countess"}})
    assert service.user(user)["active"] is False

    service.send("PUT", f"/Users/{user}", {"schemas": [CORE], "userName": "ada@acme.test"})

    assert service.user(user)["active"] is True


def test_a_group_is_made_renamed_filled_and_emptied(service: Service) -> None:
    """The name comes with every change of members; who is no member may be taken out all the same."""
    user = service.add_user()
    group = service.add_group("Test SCIMv2")
    rename = {"op": "replace", "value": {"id": group, "displayName": "Test SCIMv20"}}
    gone = {"op": "remove", "path": 'members[value eq "89bb1940-b905-4575-9e7f-6f887cfb368e"]'}
    come = {"op": "add", "path": "members", "value": [{"value": user, "display": "ada@acme.test"}]}

    assert service.patch(f"/Groups/{group}", rename, gone, come).status_code == 204

    assert service.send("GET", f"/Groups/{group}").json()["displayName"] == "Test SCIMv20"
    assert service.members(group) == [user]
    assert service.user(user)["groups"][0]["display"] == "Test SCIMv20"

    service.patch(f"/Groups/{group}", {"op": "replace", "path": "members", "value": []})

    assert service.members(group) == []


def test_a_group_is_put_and_deleted(service: Service) -> None:
    """A PUT says who is in it; an unlinked group is deleted, and its second deletion is a 404."""
    user = service.add_user()
    group = service.add_group()
    body = {"schemas": [GROUP], "id": group, "displayName": "other", "members": [{"value": user}]}

    assert service.send("PUT", f"/Groups/{group}", body).status_code == 200
    assert service.members(group) == [user]
    assert service.send("DELETE", f"/Groups/{group}").status_code == 204
    assert service.send("DELETE", f"/Groups/{group}").status_code == 404
    assert service.add_group("other") != group


def test_a_group_of_a_name_that_is_borne_is_a_conflict(service: Service) -> None:
    service.add_group("atl-jira")

    again = service.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "ATL-jira"})

    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
