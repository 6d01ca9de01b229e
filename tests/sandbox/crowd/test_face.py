"""Crowd: users replaced whole, memberships in XML, an application that signs in."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
import requests
from atlassian import Crowd

from sandbox.kit.datacenter_drift import SYNCED
from sandbox.running import Running

APPLICATION = ("seatwise", "sandbox-crowd-password")
HOME = "/crowd/rest/usermanagement/1"


class Api:
    """Requests of the application."""

    def __init__(self, sandbox: Running) -> None:
        """Prepare a session; nothing is sent."""
        self.sandbox, self.session = sandbox, requests.Session()
        self.session.auth = APPLICATION

    def call(self, method: str, path: str, json: Any = None, **query: Any) -> requests.Response:
        """Send one request."""
        url = f"{self.sandbox.url}{HOME}{path}"
        return self.session.request(method, url, json=json, params=query, timeout=30)

    def search(self, **query: Any) -> list[dict[str, Any]]:
        """Users that a search finds."""
        rows: list[dict[str, Any]] = self.call("GET", "/search", **{"entity-type": "user", **query}).json()[
            "users"
        ]
        return rows

    def user(self, name: str) -> dict[str, Any]:
        """One user."""
        row: dict[str, Any] = self.call("GET", "/user", username=name).json()
        return row


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of a server of one's own."""
    return Api(fresh)


def test_users_come_page_by_page_without_a_total(api: Api) -> None:
    """Names alone unless they are expanded; beyond the last there is nothing."""
    whole = api.search(**{"max-results": 1000})
    pages = [api.search(**{"max-results": 20, "start-index": start}) for start in (0, 20, 40, 60)]

    assert [row["name"] for page in pages for row in page] == [row["name"] for row in whole]
    assert set(whole[0]) == {"name", "link"}
    assert api.search(**{"start-index": 1000}) == []


def test_attributes_tell_the_last_sign_in(api: Api) -> None:
    """Milliseconds as texts, in a search too when asked."""
    rows = api.search(expand="user,attributes")
    told = {one["name"]: one["values"] for row in rows for one in row["attributes"]["attributes"]}
    name = next(r["name"] for r in rows if len(r["attributes"]["attributes"]) == 3)

    assert told["lastAuthenticated"][0].isdigit()
    assert api.search(expand="user")[0]["attributes"]["attributes"] == []
    assert len(api.call("GET", "/user/attribute", username=name).json()["attributes"]) == 3


def test_a_restriction_finds_by_line_and_by_tree(api: Api) -> None:
    """Both forms say the same; a wildcard stands for anything."""
    email = api.search(expand="user")[0]["email"]
    tree = {
        "restriction-type": "property-search-restriction",
        "property": {"name": "email", "type": "STRING"},
        "match-mode": "EXACTLY_MATCHES",
        "value": email,
    }

    by_line = api.search(restriction=f'email = "{email}"')
    by_tree = api.call("POST", "/search", tree, **{"entity-type": "user"}).json()["users"]
    assert by_line == by_tree
    assert len(by_line) == 1
    assert len(api.search(restriction='active = true and email = "*@acme.test"')) > 10
    assert api.call("GET", "/search", **{"entity-type": "user", "restriction": "?"}).status_code == 400


def test_writing_a_user_replaces_it_whole(api: Api) -> None:
    """What the body leaves out is blank afterwards; what was read and sent again stays."""
    name = api.search()[0]["name"]
    before = api.user(name)
    kept = api.call("PUT", "/user", {**before, "active": False}, username=name)
    after = api.user(name)
    api.call("PUT", "/user", {"name": name, "active": True}, username=name)
    blanked = api.user(name)

    assert kept.status_code == 204
    assert (after["email"], after["first-name"], after["active"]) == (
        before["email"],
        before["first-name"],
        False,
    )
    assert [blanked[field] for field in ("email", "first-name", "last-name", "display-name")] == [""] * 4


def test_memberships_come_in_xml_alone(api: Api) -> None:
    """All of them in one answer; JSON is not to be had."""
    url = f"{api.sandbox.url}{HOME}/group/membership"
    document = ET.fromstring(api.session.get(url, headers={"Accept": "application/xml"}, timeout=30).content)
    json = api.session.get(url, headers={"Accept": "application/json"}, timeout=30)
    read = {m.attrib["group"]: {u.attrib["name"] for u in m.iter("user")} for m in document}
    listed = api.call("GET", "/group/user/direct", groupname="all-staff").json()["users"]

    assert read["all-staff"] == {row["name"] for row in listed}
    assert json.status_code == 406


def test_memberships_are_refused_twice(api: Api) -> None:
    """201 and 204, then 409 and 404 with their reasons."""
    name = api.search()[0]["name"]
    made = [
        api.call("POST", "/user/group/direct", {"name": "old-project-2019"}, username=name) for _ in range(2)
    ]
    gone = [
        api.call("DELETE", "/user/group/direct", username=name, groupname="old-project-2019")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in (*made, *gone)] == [201, 409, 204, 404]
    assert made[1].json()["reason"] == "MEMBERSHIP_ALREADY_EXISTS"
    assert gone[1].json()["reason"] == "MEMBERSHIP_NOT_FOUND"


def test_a_user_is_made_once_and_deleted(api: Api) -> None:
    """201, then 400 INVALID_USER; 204, then 404."""
    body = {"name": "ada.new", "email": "ada.new@acme.test", "first-name": "Ada", "last-name": "New"}
    made = [api.call("POST", "/user", {**body, "display-name": "Ada New", "active": True}) for _ in range(2)]
    gone = [api.call("DELETE", "/user", username="ada.new") for _ in range(2)]

    assert [answer.status_code for answer in (*made, *gone)] == [201, 400, 204, 404]
    assert (made[1].json()["reason"], gone[1].json()["reason"]) == ("INVALID_USER", "USER_NOT_FOUND")


def test_a_read_only_directory_refuses(api: Api) -> None:
    """400 that says so."""
    answer = api.call("PUT", "/user", api.user(SYNCED), username=SYNCED)

    assert (answer.status_code, "read-only" in answer.json()["message"]) == (400, True)


def test_only_the_application_is_let_in(acme: Running) -> None:
    """A person's name and password, or a token, are 401."""
    url = f"{acme.url}{HOME}/user?username=x"

    assert requests.get(url, auth=("seatwise-svc", "sandbox-dc-password"), timeout=30).status_code == 401
    assert (
        requests.get(url, headers={"Authorization": "Bearer sandbox-dc-token"}, timeout=30).status_code == 401
    )


def test_the_atlassian_client_works(fresh: Running) -> None:
    """`atlassian-python-api` creates, deactivates without blanking, lists groups and deletes."""
    client = Crowd(url=f"{fresh.url}/crowd", username=APPLICATION[0], password=APPLICATION[1])
    client.user_create("eve.new", True, "Eve", "New", "Eve New", "eve.new@acme.test", "x1")

    client.user_deactivate("eve.new")

    seen = client.user("eve.new")
    assert (seen["active"], seen["email"], seen["display-name"]) == (False, "eve.new@acme.test", "Eve New")
    member = client.group_members("all-staff")[0]
    assert "all-staff" in client.user_groups(member)
    client.user_delete("eve.new")
    with pytest.raises(requests.HTTPError):
        client.user("eve.new")
