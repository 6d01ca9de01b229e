"""The SCIM 2.0 face, writing: users and groups are made, replaced, patched and deleted in the company."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.running import Running
from sandbox.scim.rows import group_id, user_id, user_number
from tests.sandbox.okta.client import rows as okta_rows
from tests.sandbox.scim.api import ENTERPRISE, Scim

ADA: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "userName": "ada@acme.test",
    "externalId": "4711",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"value": "ada@acme.test", "type": "work", "primary": True}],
    "title": "Countess",
    "active": True,
    ENTERPRISE: {"department": "IT", "costCenter": "CC-9", "manager": {"value": user_id(1)}},
}


@pytest.fixture
def scim(fresh: Running) -> Scim:
    """Call a sandbox of one's own."""
    return Scim(fresh)


@pytest.fixture
def ada(scim: Scim) -> str:
    """Hire Ada and return her path."""
    return f"/Users/{scim('POST', '/Users', ADA).json()['id']}"


def test_a_user_is_made(fresh: Running, scim: Scim) -> None:
    """What was sent comes back, the company knows her, and other faces show her."""
    answer = scim("POST", "/Users", ADA)

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == made["meta"]["location"]
    for name in ("userName", "externalId", "emails", "title", "active"):
        assert made[name] == ADA[name]
    for name in ("name", ENTERPRISE):
        assert made[name] == {**made[name], **ADA[name]}
    person = fresh.world.company.find("ada@acme.test")
    assert (person.department, person.cost_center, person.manager) == ("IT", "CC-9", 1)
    assert any(row["profile"]["login"] == "ada@acme.test" for row in okta_rows(fresh, "/users"))


def test_nothing_unsaid_is_invented(scim: Scim) -> None:
    """A user of a bare name has no department, title or time zone."""
    made = scim("POST", "/Users", {"userName": "bare", "active": False}).json()

    assert not {"title", "timezone", "userType"} & set(made)
    assert not {"department", "costCenter"} & set(made[ENTERPRISE])
    assert made["active"] is False


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"name": {}}, 400, "invalidValue"),
        ({"userName": " "}, 400, "invalidValue"),
        ([], 400, "invalidSyntax"),
        ({"userName": "ADA@acme.test"}, 409, "uniqueness"),
        ({"userName": "new", "emails": [{"value": "ada@acme.test"}]}, 409, "uniqueness"),
    ],
)
def test_a_user_that_cannot_be_is_refused(scim: Scim, ada: str, body: Any, status: int, word: str) -> None:
    """No name, or a name or address somebody has."""
    answer = scim("POST", "/Users", body)

    assert (answer.status_code, answer.json()["scimType"]) == (status, word)


def test_a_put_replaces_all(fresh: Running, scim: Scim, ada: str) -> None:
    """What is not sent is gone; `active: false` suspends."""
    body = {"userName": "ada@acme.test", "name": {"familyName": "King"}, "active": False}

    changed = scim("PUT", ada, body).json()

    assert changed["name"] == {"formatted": "King", "familyName": "King"}
    assert not {"title", "externalId"} & set(changed)
    assert fresh.world.company.find("ada@acme.test").state == "suspended"
    assert scim("PUT", ada, {**body, "active": True}).json()["active"] is True


PATCHES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("path", {"op": "replace", "path": "active", "value": False}, "active", False),
    ("no path", {"op": "Replace", "value": {"active": False}}, "active", False),
    ("text", {"op": "Replace", "path": "active", "value": "False"}, "active", False),
    ("part", {"op": "replace", "path": "name.givenName", "value": "Augusta"}, "name.givenName", "Augusta"),
    ("dotted", {"op": "add", "value": {"name.givenName": "Augusta"}}, "name.givenName", "Augusta"),
    ("merge", {"op": "add", "path": "name", "value": {"givenName": "A"}}, "name.familyName", "Lovelace"),
    ("remove", {"op": "remove", "path": "title"}, "title", None),
    ("kept as sent", {"op": "add", "path": "nickName", "value": "Al"}, "nickName", "Al"),
    (
        "filter",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "countess@acme.test"},
        "emails.0.value",
        "countess@acme.test",
    ),
    (
        "extension",
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Legal"},
        f"{ENTERPRISE}.department",
        "Legal",
    ),
    (
        "whole extension",
        {"op": "add", "value": {ENTERPRISE: {"division": "X"}}},
        f"{ENTERPRISE}.division",
        "X",
    ),
]


@pytest.mark.parametrize(
    ("operation", "path", "expected"), [p[1:] for p in PATCHES], ids=[p[0] for p in PATCHES]
)
def test_a_patch_changes_parts(
    scim: Scim, ada: str, operation: dict[str, Any], path: str, expected: Any
) -> None:
    """With and without a path, in any case, with text for booleans, as the vendors send it."""
    answer = scim.patch(ada, operation)

    assert answer.status_code == 200
    found: Any = scim("GET", ada).json()
    extension = path.startswith(ENTERPRISE)
    for name in [ENTERPRISE, path.rpartition(".")[2]] if extension else path.split("."):
        found = found[int(name)] if name.isdigit() else found.get(name)
    assert found == expected


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "add", "value": "x"}, "invalidValue"),
        ({"op": "add", "path": "a b", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "userName", "value": ""}, "invalidValue"),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(
    scim: Scim, ada: str, operation: dict[str, Any], word: str
) -> None:
    """Nothing changes, and the word says why."""
    before = scim("GET", ada).json()

    answer = scim.patch(ada, operation)

    assert (answer.status_code, answer.json()["scimType"]) == (400, word)
    assert scim("GET", ada).json() == before


def test_a_write_for_another_version_is_refused(scim: Scim, ada: str) -> None:
    """If-Match with an old version is 412, with the present one it is done."""
    old = scim("GET", ada).headers["etag"]
    scim.patch(ada, {"op": "replace", "path": "title", "value": "Lady"})

    refused = scim("DELETE", ada, headers={"If-Match": old})

    assert (refused.status_code, refused.json()["status"]) == (412, "412")
    now = scim("GET", ada).headers["etag"]
    assert scim("DELETE", ada, headers={"If-Match": now}).status_code == 204


def test_a_deleted_user_is_gone(fresh: Running, scim: Scim, ada: str) -> None:
    """Neither by identifier nor in a list, and the name is free again."""
    scim("DELETE", ada)

    assert scim("GET", ada).status_code == 404
    assert scim("GET", "/Users", filter='userName eq "ada@acme.test"').json()["totalResults"] == 0
    assert scim("POST", "/Users", ADA).status_code == 201


# Groups


def members(scim: Scim, path: str) -> set[int | None]:
    """Return the numbers of the members of a group."""
    return {user_number(member["value"]) for member in scim("GET", path).json().get("members", [])}


def some(*numbers: int) -> list[dict[str, str]]:
    return [{"value": user_id(number)} for number in numbers]


@pytest.fixture
def crew(scim: Scim) -> str:
    """Make a group of three and return its path."""
    made = scim("POST", "/Groups", {"displayName": "crew", "members": some(1, 2, 3)}).json()
    return f"/Groups/{made['id']}"


def test_a_group_is_made_replaced_and_deleted(fresh: Running, scim: Scim, crew: str) -> None:
    """Its members are those of the company's group of that name."""
    assert set(fresh.world.company.groups["crew"].members) == {1, 2, 3}

    scim("PUT", crew, {"displayName": "crowd", "members": some(3, 4)})

    assert set(fresh.world.company.groups["crowd"].members) == {3, 4}
    assert "crew" not in fresh.world.company.groups
    assert "crowd" in fresh.world.company.people[4].groups
    assert scim("DELETE", crew).status_code == 204
    assert scim("GET", crew).status_code == 404
    assert "crowd" not in fresh.world.company.people[4].groups


def test_a_new_group_never_takes_the_identifier_of_a_deleted_one(scim: Scim, crew: str) -> None:
    """Identifiers are used once."""
    scim("DELETE", crew)

    made = scim("POST", "/Groups", {"displayName": "crew"}).json()

    assert f"/Groups/{made['id']}" != crew


GROUP_PATCHES = [
    ({"op": "add", "path": "members", "value": some(3, 4)}, {1, 2, 3, 4}),
    ({"op": "Add", "path": "members", "value": some(9)}, {1, 2, 3, 9}),
    ({"op": "remove", "path": f'members[value eq "{user_id(2)}"]'}, {1, 3}),
    ({"op": "Remove", "path": "members", "value": some(1, 2)}, {3}),
    ({"op": "remove", "path": "members"}, set()),
    ({"op": "replace", "path": "members", "value": some(7)}, {7}),
    ({"op": "replace", "value": {"displayName": "crew", "members": some(8)}}, {8}),
]


@pytest.mark.parametrize(("operation", "expected"), GROUP_PATCHES)
def test_members_are_patched(scim: Scim, crew: str, operation: dict[str, Any], expected: set[int]) -> None:
    """As Okta, Entra and others send it; the answer has no body."""
    answer = scim.patch(crew, operation)

    assert (answer.status_code, answer.content) == (204, b"")
    assert members(scim, crew) == expected


def test_a_group_may_hold_a_group(scim: Scim, fresh: Running, crew: str) -> None:
    """A group as a member is told as one; it goes when that group goes."""
    jira = fresh.world.company.groups["atl-jira-users"]
    scim.patch(crew, {"op": "add", "path": "members", "value": [{"value": group_id(jira.number)}]})

    kinds = [member["type"] for member in scim("GET", crew).json()["members"]]
    assert sorted(kinds) == ["Group", "User", "User", "User"]

    scim("DELETE", f"/Groups/{group_id(jira.number)}")
    assert len(scim("GET", crew).json()["members"]) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"displayName": "CREW"}, 409),
        ({"displayName": "x", "members": [{"value": "nobody"}]}, 400),
    ],
)
def test_a_group_that_cannot_be_is_refused(scim: Scim, crew: str, body: Any, status: int) -> None:
    """No name, a name that is taken, a member nobody knows."""
    assert scim("POST", "/Groups", body).status_code == status


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_the_server_is_cannot_be_changed(scim: Scim, method: str, path: str) -> None:
    """405, in SCIM's own words."""
    answer = scim(method, path, {})

    assert (answer.status_code, answer.json()["status"]) == (405, "405")
