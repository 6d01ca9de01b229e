"""Requests as Entra sends them, with and without its compliance flag, and what is kept afterwards."""

from __future__ import annotations

import pytest

from tests.receive.service import CORE, ENTERPRISE, GROUP, Service

NEW = {
    "schemas": [CORE, ENTERPRISE],
    "externalId": "0a21f0f2",
    "userName": "ada@acme.test",
    "active": True,
    "addresses": None,
    "displayName": "Ada",
    "emails": [{"primary": True, "type": "work", "value": "ada@acme.test"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "A B", "familyName": "B", "givenName": "A"},
    "phoneNumbers": None,
    "title": None,
    "department": None,
    "manager": None,
    "roles": [],
}
THEIRS = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


@pytest.fixture
def user(service: Service) -> str:
    reply = service.send("POST", "/Users", NEW)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


@pytest.fixture
def group(service: Service) -> str:
    body = {"schemas": [GROUP, THEIRS], "externalId": "8aa1", "displayName": "entra-g"}
    return str(service.send("POST", "/Groups", {**body, "meta": {"resourceType": "Group"}}).json()["id"])


def test_the_connection_test(service: Service) -> None:
    """An identifier nobody has gives an empty list, in SCIM's own content type."""
    reply = service.send("GET", '/Users?filter=userName eq "5171a35d-8207-4e06-8ce2-000000000000"')

    assert (reply.status_code, reply.json()["totalResults"]) == (200, 0)
    assert reply.headers["Content-Type"].startswith("application/scim+json")


def test_nulls_are_absent(service: Service, user: str) -> None:
    """What is null or empty when a user is made is not there at all."""
    kept = service.user(user)

    assert {"addresses", "phoneNumbers", "title", "roles", ENTERPRISE}.isdisjoint(kept)


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("externalId eq 0a21f0f2", 1),
        ('emails[type eq "work"].value eq "ADA@acme.test"', 1),
        ('emails[type eq "work"].value eq "b@acme.test"', 0),
        ('userName  eq  "ada@acme.test"', 1),
        ('userName Eq "ada@acme.test"', 1),
        (f'{CORE}:userName eq "ada@acme.test"', 1),
        ("active eq true and displayName co a", 1),
        ('meta.lastModified gt "2020-01-01T00:00:00Z"', 1),
        ('meta.lastModified gt "2120-01-01T00:00:00Z"', 0),
        ('id eq "1" and manager eq "2"', 0),
        ('not (userName sw "b") and name.familyName eq "b"', 1),
        ("title pr", 0),
    ],
)
def test_lookups(service: Service, user: str, filter_: str, found: int) -> None:
    """Quoted and bare values, any case of an operator, schemas before a name."""
    assert service.count("Users", filter_, aadOptscim062020="") == found


@pytest.mark.parametrize("schema", [ENTERPRISE.replace(":2.0:", ":2.0"), ENTERPRISE])
def test_the_enterprise_extension_is_known_by_its_slip_too(service: Service, schema: str) -> None:
    """One documented example leaves out a colon."""
    user = service.add_user("joy@acme.test", schemas=[CORE, schema], **{schema: {"department": "Sales"}})

    assert service.user(user)[ENTERPRISE] == {"department": "Sales"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Add", "path": "manager", "value": [{"$ref": "http://x/Users/2819", "value": "2819"}]},
        {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": "2819"},
        {"op": "Replace", "path": "manager", "value": {"value": "2819"}},
        {"op": "replace", "value": {f"{ENTERPRISE}:manager": "2819"}},
        {"op": "replace", "value": {f"{ENTERPRISE}:manager": {"value": "2819"}}},
        {"op": "add", "path": ENTERPRISE, "value": {"manager": "2819"}},
        {"op": "replace", "value": {ENTERPRISE: {"manager": {"value": "2819"}}}},
    ],
)
def test_a_manager_however_it_is_written(service: Service, user: str, operation: dict) -> None:
    """A text, an object, a list of one; with its schema and without."""
    service.patch(f"/Users/{user}", operation)

    assert service.user(user)[ENTERPRISE]["manager"]["value"] == "2819"
    assert service.count("Users", f'id eq "{user}" and manager eq "2819"') == 1


def test_a_manager_is_one_person(service: Service, user: str) -> None:
    """What was said of the one before is not mixed into the next."""
    service.patch(
        f"/Users/{user}", {"op": "add", "path": "manager", "value": {"value": "1", "displayName": "A"}}
    )
    service.patch(f"/Users/{user}", {"op": "Replace", "path": "manager", "value": "2"})

    assert service.user(user)[ENTERPRISE]["manager"] == {"value": "2"}

    service.patch(f"/Users/{user}", {"op": "Remove", "path": "manager"})

    assert ENTERPRISE not in service.user(user)


@pytest.mark.parametrize("word", [False, "False", "false", [False]])
@pytest.mark.parametrize("op", ["Replace", "Add", "replace"])
def test_disabled_however_it_is_written(service: Service, user: str, op: str, word: object) -> None:
    service.patch(f"/Users/{user}", {"op": op, "path": "active", "value": word})
    assert service.user(user)["active"] is False

    service.patch(f"/Users/{user}", {"op": op, "path": "active", "value": "True"})
    assert service.user(user)["active"] is True


def test_only_booleans_become_booleans(service: Service, user: str) -> None:
    """An employee number may well be the word False; what is neither true nor false is refused whole."""
    number = {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "False"}
    service.patch(f"/Users/{user}", number)
    wrong = service.patch(
        f"/Users/{user}",
        {"op": "Replace", "path": "displayName", "value": "Changed"},
        {"op": "Replace", "path": "active", "value": "maybe"},
    )

    assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidValue")
    assert "active" in wrong.json()["detail"]
    assert "maybe" not in wrong.json()["detail"]
    assert service.user(user)["displayName"] == "Ada"
    assert service.user(user)[ENTERPRISE]["employeeNumber"] == "False"


def test_many_attributes_in_one_patch(service: Service, user: str) -> None:
    service.patch(
        f"/Users/{user}",
        {"op": "Replace", "path": "displayName", "value": "Pvlo"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "n@acme.test"},
        {"op": "Replace", "path": "name.givenName", "value": "Gtfd"},
        {"op": "Replace", "path": "externalId", "value": "Eqpj"},
        {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "77"},
    )
    kept = service.user(user)

    assert (kept["displayName"], kept["externalId"], kept["name"]["givenName"]) == ("Pvlo", "Eqpj", "Gtfd")
    assert kept["emails"] == [{"primary": True, "type": "work", "value": "n@acme.test"}]
    assert kept[ENTERPRISE]["employeeNumber"] == "77"
    assert service.count("Users", 'emails[type eq "work"].value eq "n@acme.test"') == 1
    assert service.count("Users", "externalId eq Eqpj") == 1


def test_with_the_flag_one_operation_names_paths_by_keys(service: Service, user: str) -> None:
    service.patch(
        f"/Users/{user}?aadOptscim062020",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "t@acme.test"},
        {
            "op": "replace",
            "value": {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                f"{ENTERPRISE}:employeeNumber": "Aklq",
            },
        },
    )
    kept = service.user(user)

    assert kept["name"] == {"formatted": "A B", "givenName": "Kkom", "familyName": "Unua"}
    assert (kept["displayName"], kept[ENTERPRISE]) == ("Bjfe", {"employeeNumber": "Aklq"})


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [
        ('phoneNumbers[type eq "mobile"].value', "+1 555", {"type": "mobile", "value": "+1 555"}),
        ('roles[primary eq "True"].value', "admin", {"primary": True, "value": "admin"}),
    ],
)
def test_an_entry_that_is_not_there_is_made(
    service: Service, user: str, path: str, value: str, kept: dict
) -> None:
    """The filter says what the new entry is like."""
    attribute = path.split("[", maxsplit=1)[0]
    service.patch(f"/Users/{user}", {"op": "Add", "path": path, "value": value})
    assert service.user(user)[attribute] == [kept]

    service.patch(f"/Users/{user}", {"op": "Remove", "path": path.rsplit(".", 1)[0]})
    assert attribute not in service.user(user)


def test_members_of_a_group(service: Service, user: str, group: str) -> None:
    """Adding twice is adding once; a remove with a list takes out those alone."""
    other = service.add_user("bob@acme.test")
    member = {"$ref": None, "value": user}
    add = {"op": "Add", "path": "members", "value": [member, {"$ref": None, "value": other}]}

    assert [service.patch(f"/Groups/{group}", add).status_code for _ in range(2)] == [204, 204]
    assert sorted(service.members(group)) == sorted([user, other])
    assert service.count("Groups", f'id eq "{group}" and members eq "{user}"') == 1

    service.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [member]})
    assert service.members(group) == [other]
    assert service.count("Groups", f'id eq "{group}" and members eq "{user}"') == 0

    service.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{other}"]'})
    assert service.members(group) == []


def test_a_remove_of_members_alone_empties_the_group(service: Service, user: str, group: str) -> None:
    """By the standard; the record says that it was emptied and not that members were changed."""
    service.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]})
    service.patch(f"/Groups/{group}", {"op": "Remove", "path": "members"})

    assert service.members(group) == []


def test_a_group_is_looked_up_without_its_members(service: Service, group: str) -> None:
    reply = service.send("GET", '/Groups?excludedAttributes=members&filter=displayName eq "Entra-G"').json()

    assert [one["id"] for one in reply["Resources"]] == [group]
    assert "members" not in reply["Resources"][0]


def test_a_disabled_user_keeps_the_memberships(service: Service, user: str, group: str) -> None:
    """Entra does not send them again when the user is enabled."""
    service.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]})
    service.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": "False"})

    assert service.members(group) == [user]


def test_a_deleted_user_is_gone_with_the_memberships(service: Service, user: str, group: str) -> None:
    """A second DELETE is a 404 with the standard's body; the name may be borne again, by another id."""
    service.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]})
    replies = [service.send("DELETE", f"/Users/{user}") for _ in range(2)]

    assert [one.status_code for one in replies] == [204, 404]
    assert replies[1].json()["status"] == "404"
    assert service.members(group) == []
    assert service.send("GET", f"/Users/{user}").status_code == 404
    assert service.add_user() != user


def test_an_attribute_of_nobody_s_is_kept_and_hurts_nothing(service: Service, user: str) -> None:
    """What the standard does not know may be what a policy wants to read."""
    custom = "urn:ietf:params:scim:schemas:extension:Custom:2.0:User"

    assert service.patch(f"/Users/{user}", {"op": "Add", "path": "companyName", "value": "x"}).ok
    assert service.patch(
        f"/Users/{user}", {"op": "Add", "path": f"{custom}:hireDate", "value": "2026-01-31"}
    ).ok
    assert service.user(user)["companyName"] == "x"
    assert service.user(user)[custom] == {"hireDate": "2026-01-31"}
    assert custom in service.user(user)["schemas"]
