"""User provisioning: users, groups, PATCH in all its spellings, limits, lag, and a client others wrote."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from scim2_client.client import BaseSyncSCIMClient
from scim2_models import SearchRequest, UniquenessException

from sandbox.atlassian_scim.rows import ATLASSIAN, ENTERPRISE
from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import HOME, Api
from tests.sandbox.kit.cloud_api import Judged, scim

USER, GROUP = (f"urn:ietf:params:scim:schemas:core:2.0:{kind}" for kind in ("User", "Group"))
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def directory(fresh: Running) -> Judged:
    """Return a client of a directory of one's own."""
    return scim(fresh)


def _body(email: str, **more: Any) -> dict[str, Any]:
    emails = [{"value": email, "type": "work", "primary": True}]
    return {"schemas": [USER], "userName": email, "emails": emails, **more}


def _operation(op: str, path: str | None = None, value: Any = None) -> dict[str, Any]:
    parts = {"op": op, "path": path, "value": value}
    return {name: part for name, part in parts.items() if part is not None}


def _patch(directory: Judged, path: str, *operations: dict[str, Any], word: str = "Operations") -> Any:
    return directory.call("PATCH", path, {"schemas": [PATCH], word: list(operations)})


def _group(directory: Judged, name: str) -> dict[str, Any]:
    (row,) = directory.get("/Groups", filter=f'displayName eq "{name}"')["Resources"]
    found: dict[str, Any] = row
    return found


def _user(directory: Judged, email: str) -> dict[str, Any]:
    (row,) = directory.get("/Users", filter=f'userName eq "{email}"')["Resources"]
    found: dict[str, Any] = row
    return found


def _everyone(directory: Judged, size: int = 100) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = directory.get("/Users", startIndex=len(rows) + 1, count=size)
        rows += page["Resources"]
        if len(rows) >= page["totalResults"]:
            return rows


def _refused(answer: requests.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("scimType")


# Reading


def test_pages_are_of_the_size_the_directory_likes(directory: Judged) -> None:
    """Whatever is asked, no more than a hundred come, and the page says how many did."""
    page = directory.get("/Users", count=1000)
    beyond = directory.get("/Users", startIndex=10_000)

    assert page["itemsPerPage"] == len(page["Resources"]) == page["totalResults"] <= 100
    assert (beyond["Resources"], beyond["itemsPerPage"]) == ([], 0)
    assert len({row["id"] for row in _everyone(directory, 7)}) == page["totalResults"]


def test_filters_are_one_comparison(directory: Judged) -> None:
    """One `eq` on the name or the IdP's identifier, on a group's name; anything else is 400."""
    row = next(row for row in _everyone(directory) if row.get("externalId"))

    assert _user(directory, row["userName"].upper())["id"] == row["id"]
    found = directory.get("/Users", filter=f'externalId eq "{row["externalId"]}"')
    assert [one["id"] for one in found["Resources"]] == [row["id"]]
    for text in ('title eq "x"', 'userName co "x"', 'userName eq "x" and active eq true', "userName pr"):
        assert _refused(directory.call("GET", f"/Users?filter={text}")) == (400, "invalidFilter")
    assert _refused(directory.call("GET", '/Groups?filter=id eq "x"')) == (400, "invalidFilter")


def test_attributes_are_chosen(directory: Judged) -> None:
    """What is asked for, or all but what is not wanted; the identifier always."""
    row = directory.get("/Users", attributes="userName", count=1)["Resources"][0]
    other = directory.get(f"/Users/{row['id']}", excludedAttributes="groups,name")

    assert set(row) == {"schemas", "id", "userName"}
    assert {"groups", "name"}.isdisjoint(other)


def test_records_are_linked_to_accounts(directory: Judged) -> None:
    """Every record names the account that the organisation knows under the same address."""
    api = Api(directory.sandbox)
    row = next(row for row in _everyone(directory) if row["active"])

    account = api.user(row["emails"][0]["value"])

    assert row[ATLASSIAN]["atlassianAccountId"] == account["accountId"]
    assert row["displayName"] == account["name"]


# Users


def test_a_user_is_created_once(directory: Judged) -> None:
    """201 with a linked account that the organisation shows; the same name again is 409."""
    made = directory.call("POST", "/Users", _body("new.face@acme.test", title="Cook", externalId="00uX"))

    assert made.status_code == 201
    assert made.headers["Content-Type"] == "application/scim+json"
    account = Api(directory.sandbox).user("new.face@acme.test")
    assert made.json()[ATLASSIAN]["atlassianAccountId"] == account["accountId"]
    assert account["jobTitle"] == "Cook"
    again = directory.call("POST", "/Users", _body("NEW.face@acme.test"))
    assert _refused(again) == (409, "uniqueness")


def test_an_account_that_is_there_is_linked(directory: Judged) -> None:
    """A record for the address of a managed account without one takes that account over."""
    linked = {row[ATLASSIAN]["atlassianAccountId"] for row in _everyone(directory)}
    rows = Api(directory.sandbox).users(claimStatus="managed", status=["active"])
    free = next(row for row in rows if row["accountId"] not in linked)

    made = directory.call("POST", "/Users", _body(free["email"], displayName="Linked Now")).json()

    assert made[ATLASSIAN]["atlassianAccountId"] == free["accountId"]
    assert Api(directory.sandbox).user(free["email"])["name"] == "Linked Now"


def test_malformed_users_are_refused(directory: Judged) -> None:
    """No name, no address, none or two primary ones, a foreign domain, no schemas: 400."""
    good = _body("x@acme.test")
    two = [{"value": f"{name}@acme.test", "primary": True} for name in "xy"]
    for bad in (
        {**good, "userName": ""},
        {**good, "emails": []},
        {**good, "emails": [{"value": "x@acme.test"}]},
        {**good, "emails": two},
        _body("x@elsewhere.test"),
        {**good, "active": "maybe"},
        {**good, "schemas": []},
    ):
        assert _refused(directory.call("POST", "/Users", bad)) == (400, "invalidValue")


@pytest.mark.parametrize("word", ["Operations", "operations"])
def test_active_false_deactivates_and_true_brings_back(directory: Judged, word: str) -> None:
    """Both spellings of the operations; the record stays; the account loses and regains its seats."""
    row = next(r for r in _everyone(directory) if r["active"] and r["groups"])
    email = row["emails"][0]["value"]
    seats = directory.account(email)["seats"]

    off = _patch(directory, f"/Users/{row['id']}", _operation("replace", "active", value=False), word=word)
    assert off.json()["active"] is False
    assert directory.account(email)["status"] == "deactivated"
    assert directory.account(email)["seats"] == []
    _patch(directory, f"/Users/{row['id']}", _operation("Replace", value={"active": "True"}), word=word)
    assert directory.account(email)["status"] == "active"
    assert directory.account(email)["seats"] == seats


def test_a_put_clears_what_it_leaves_out_and_a_patch_does_not(directory: Judged) -> None:
    """The title is gone after one and stays after the other."""
    path = (
        "/Users/"
        + directory.call("POST", "/Users", _body("one@acme.test", title="Cook", department="Kitchen")).json()[
            "id"
        ]
    )

    _patch(directory, path, _operation("replace", "displayName", "One"))
    assert directory.get(path)["title"] == "Cook"
    answer = directory.call("PUT", path, _body("one@acme.test", displayName="One"))
    assert answer.status_code == 200
    assert {"title", "department"}.isdisjoint(directory.get(path))


def test_every_spelling_of_a_patch(directory: Judged) -> None:
    """Names inside names, values picked out of lists, the extension, removal; and what is not there."""
    made = directory.call("POST", "/Users", _body("two@acme.test", title="Cook")).json()
    path = f"/Users/{made['id']}"

    row = _patch(
        directory,
        path,
        _operation("add", "name.givenName", "Two"),
        _operation("replace", 'emails[type eq "work"].value', "three@acme.test"),
        _operation("add", f"{ENTERPRISE}:department", "Kitchen"),
        _operation("remove", "title"),
        _operation("add", value={"nickName": "T", ENTERPRISE: {"organization": "Acme"}}),
    ).json()

    assert (row["name"]["givenName"], row["nickName"], row["department"]) == ("Two", "T", "Kitchen")
    assert row["emails"] == [{"value": "three@acme.test", "type": "work", "primary": True}]
    assert row[ENTERPRISE] == {"department": "Kitchen", "organization": "Acme"}
    assert "title" not in row
    assert directory.account("three@acme.test")["account_id"] == row[ATLASSIAN]["atlassianAccountId"]
    assert _refused(_patch(directory, path, _operation("replace", "id", "x"))) == (400, "mutability")
    assert _refused(_patch(directory, path, _operation("replace", "shoes", "x"))) == (400, "invalidPath")
    assert _refused(_patch(directory, path, _operation("move", "title", "x"))) == (400, "invalidSyntax")


def test_delete_is_for_good(directory: Judged) -> None:
    """204, then 404; the account is deactivated; a new record has a new identifier and the same account."""
    made = directory.call("POST", "/Users", _body("four@acme.test")).json()

    assert directory.call("DELETE", f"/Users/{made['id']}").status_code == 204
    assert directory.call("GET", f"/Users/{made['id']}").status_code == 404
    assert directory.account("four@acme.test")["status"] == "deactivated"
    again = directory.call("POST", "/Users", _body("four@acme.test")).json()
    assert again["id"] != made["id"]
    assert again[ATLASSIAN] == made[ATLASSIAN]
    assert directory.account("four@acme.test")["status"] == "active"


# Groups


def test_many_members_join_and_leave_in_one_request(directory: Judged) -> None:
    """Several at once, in every form of a removal; the organisation's group follows."""
    group = _group(directory, "atl-pilot")
    some = [row["id"] for row in _everyone(directory)[:5]]
    path = f"/Groups/{group['id']}"

    def held() -> set[str]:
        return {member["value"] for member in directory.get(path)["members"]}

    joined = _patch(directory, path, _operation("add", "members", [{"value": key} for key in some]))
    assert {member["value"] for member in joined.json()["members"]} == set(some)
    assert Api(directory.sandbox).group("atl-pilot")["counts"]["users"] == 5
    _patch(
        directory,
        path,
        _operation("remove", f'members[value eq "{some[0]}"]'),
        _operation("remove", "members", [{"value": some[1]}]),
    )
    assert held() == set(some[2:])
    _patch(directory, path, _operation("replace", "members", [{"value": some[0]}]))
    assert held() == {some[0]}
    _patch(directory, path, _operation("remove", "members"))
    assert held() == set()
    assert Api(directory.sandbox).group("atl-pilot")["counts"]["users"] == 0


def test_an_unknown_member_fails_all(directory: Judged) -> None:
    """404 for the PATCH and 400 for the PUT, and nobody joined."""
    group, known = _group(directory, "atl-pilot"), _everyone(directory)[0]["id"]
    members = [{"value": known}, {"value": "nobody"}]

    patched = _patch(directory, f"/Groups/{group['id']}", _operation("add", "members", members))
    put = directory.call("PUT", f"/Groups/{group['id']}", {"displayName": "atl-pilot", "members": members})

    assert (patched.status_code, put.status_code) == (404, 400)
    assert _group(directory, "atl-pilot")["members"] == []


def test_a_group_that_opens_a_product_gives_seats(directory: Judged) -> None:
    """Members of the contractors' group are billed for Confluence, and no more when they leave it."""
    group = _group(directory, "scim-contractors")
    row = next(
        r
        for r in _everyone(directory)
        if r["active"] and "confluence" not in directory.account(r["emails"][0]["value"])["seats"]
    )
    email = row["emails"][0]["value"]

    _patch(directory, f"/Groups/{group['id']}", _operation("add", "members", [{"value": row["id"]}]))
    assert "confluence" in directory.account(email)["seats"]
    _patch(directory, f"/Groups/{group['id']}", _operation("remove", f'members[value eq "{row["id"]}"]'))
    assert "confluence" not in directory.account(email)["seats"]


def test_groups_keep_their_names(directory: Judged) -> None:
    """409 for one that is there; renaming is 400 by any verb; deleting takes it from the organisation."""
    made = directory.call("POST", "/Groups", {"schemas": [GROUP], "displayName": "atl-new"})
    assert made.status_code == 201
    path = f"/Groups/{made.json()['id']}"

    again = directory.call("POST", "/Groups", {"schemas": [GROUP], "displayName": "atl-new"})
    assert _refused(again) == (409, "uniqueness")
    renamed = _patch(directory, path, _operation("replace", "displayName", "atl-other"))
    assert _refused(renamed) == (400, "mutability")
    assert _refused(directory.call("PUT", path, {"displayName": "atl-other"})) == (400, "mutability")
    assert Api(directory.sandbox).group("atl-new")["managementAccess"]["modifiable"] is False
    assert directory.call("DELETE", path).status_code == 204
    assert Api(directory.sandbox).search("groups", groupNames=["atl-new"])["data"] == []


def test_a_group_named_like_a_products_own_is_never_synced(directory: Judged) -> None:
    """It is made and filled without a word, and the organisation's group stays as it was."""
    group, row = _group(directory, "confluence-users"), _everyone(directory)[0]
    before = Api(directory.sandbox).group("confluence-users")["counts"]["users"]

    joined = _patch(directory, f"/Groups/{group['id']}", _operation("add", "members", [{"value": row["id"]}]))

    assert joined.status_code == 200
    assert Api(directory.sandbox).group("confluence-users")["counts"]["users"] == before


# Keys, limits, lag


def test_the_directory_has_a_key_of_its_own(fresh: Running) -> None:
    """Another key is 401 in the gateway's words; another directory 404; no subscription 403."""
    refused = scim(fresh, "sandbox-org-key").call("GET", "/Users")
    assert (refused.status_code, set(refused.json())) == (401, {"error", "traceId"})
    assert scim(fresh, directory="another").call("GET", "/Users").status_code == 404
    fresh.world.options["scim_guard"] = False
    assert scim(fresh).call("GET", "/Users").status_code == 403


def test_limits_are_held(directory: Judged) -> None:
    """No more users and no more members than there may be."""
    everyone = _everyone(directory)
    directory.sandbox.world.options |= {"scim_users": len(everyone), "scim_members": 2}
    group = _group(directory, "atl-pilot")
    three = [{"value": row["id"]} for row in everyone[:3]]

    assert _refused(directory.call("POST", "/Users", _body("five@acme.test"))) == (400, "tooMany")
    full = _patch(directory, f"/Groups/{group['id']}", _operation("add", "members", three))
    assert _refused(full) == (400, "tooMany")


def test_the_organisation_follows_late(directory: Judged) -> None:
    """A record is not linked and a member not in the organisation's group before the lag is over."""
    directory.sandbox.world.options["scim_lag"] = 3600.0
    made = directory.call("POST", "/Users", _body("late@acme.test")).json()
    group = _group(directory, "atl-pilot")
    _patch(directory, f"/Groups/{group['id']}", _operation("add", "members", [{"value": made["id"]}]))

    assert ATLASSIAN not in directory.get(f"/Users/{made['id']}")
    assert "error" in directory.account("late@acme.test")
    held = directory.sandbox.world.held["atlassian_scim"]
    held._coming = [(time.monotonic(), *what) for _, *what in held._coming]

    assert ATLASSIAN in directory.get(f"/Users/{made['id']}")
    assert directory.account("late@acme.test")["groups"] == ["atl-pilot"]


def test_linked_accounts_are_locked_where_that_is_asked_for(directory: Judged) -> None:
    """The administration may disable a linked account, unless the rehearsal is told to be strict."""
    directory.sandbox.world.options["scim_locks"] = True
    made = directory.call("POST", "/Users", _body("locked@acme.test")).json()
    account = made[ATLASSIAN]["atlassianAccountId"]
    api = Api(directory.sandbox)

    locked = api.call("POST", f"/users/{account}/manage/lifecycle/disable")

    assert locked.status_code == 403
    assert api.call("POST", f"{HOME}/users/{account}/suspend").status_code == 204


# A client others wrote


class Client(BaseSyncSCIMClient):  # type: ignore[misc]
    """The client over requests; it brings engines for other libraries only."""

    def __init__(self, directory: Judged) -> None:
        """Discover what the directory can do."""
        super().__init__()
        self.base = f"{directory.sandbox.url}{directory.home}"
        self.session = directory.session
        self.discover()

    def _stays_under_base_url(self, _endpoint: str) -> bool:
        return True

    def _parse_json(self, response: requests.Response) -> Any:
        return response.json()

    def request(self, method: str, url: str, **settings: Any) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.base + url, timeout=10, **settings)


@pytest.fixture
def client(directory: Judged) -> Iterator[Client]:
    """Discover a directory of one's own."""
    yield Client(directory)
    directory.session.close()


def test_another_client_discovers_and_lists(directory: Judged, client: Client) -> None:
    """Schemas make models, and every user and group fits its model."""
    user, group = client.get_resource_model("User"), client.get_resource_model("Group")

    page = client.query(user, query_parameters=SearchRequest(start_index=1, count=100))
    groups = client.query(group).resources

    assert [row.user_name for row in page.resources] == [row["userName"] for row in _everyone(directory)]
    assert {row.display_name: len(row.members or []) for row in groups} == {
        row["displayName"]: len(row["members"]) for row in directory.get("/Groups")["Resources"]
    }


def test_another_client_writes(directory: Judged, client: Client) -> None:
    """Create, refuse a duplicate, replace, delete: every answer is checked by the client's models."""
    user = client.get_resource_model("User")
    made = client.create(user.model_validate(_body("zed@acme.test", active=True)))
    made.title = "Captain"

    assert client.replace(made).title == "Captain"
    assert Api(directory.sandbox).user("zed@acme.test")["jobTitle"] == "Captain"
    with pytest.raises(UniquenessException):
        client.create(user.model_validate(_body("zed@acme.test")))
    client.delete(user, made.id)
    assert directory.account("zed@acme.test")["status"] == "deactivated"
