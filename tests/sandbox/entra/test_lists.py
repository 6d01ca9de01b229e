"""Graph's listings: what is selected, how pages go on, who is in which group, what a batch brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sandbox.company.people import ACTIVE, DEPARTED
from sandbox.entra.face import FACE
from sandbox.entra.ids import guid
from sandbox.entra.rows import USER_DEFAULT, user_id
from sandbox.running import Running
from tests.sandbox.entra.client import Tenant
from tests.sandbox.okta.client import admin


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """Serve 120 people; tests that use it change nothing."""
    with Running(people=120, seed=7, faces=(FACE,)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def graph(served: Running) -> Tenant:
    return Tenant(served)


@pytest.fixture
def tenant() -> Iterator[Running]:
    """Serve 60 people for one test, to be changed at will."""
    with Running(people=60, seed=7, faces=(FACE,)) as sandbox:
        yield sandbox


def test_only_what_is_selected_comes(graph: Tenant) -> None:
    """Without $select the usual eleven properties; with it exactly those, whatever they are."""
    usual = graph.call("/users").json()["value"][0]
    chosen = graph.call("/users?$select=accountEnabled,employeeOrgData,id").json()["value"][0]

    assert set(usual) == set(USER_DEFAULT)
    assert list(chosen) == ["accountEnabled", "employeeOrgData", "id"]
    assert graph.call("/users?$select=id,shoeSize").json()["error"]["code"] == "BadRequest"


def test_ordinary_headers_are_there(graph: Tenant) -> None:
    """Request number, diagnostics, version, resource units and Graph's content type."""
    answer = graph.call("/users?$select=id")

    assert answer.headers["x-ms-resource-unit"] == "1"
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.headers["request-id"] == answer.headers["client-request-id"]
    assert "x-ms-ags-diagnostic" in answer.headers
    assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert answer.json()["@odata.context"].endswith("$metadata#users(id)")


@pytest.mark.parametrize("size", [1, 7, 119, 120, 999])
def test_pages_cover_everyone_once(served: Running, graph: Tenant, size: int) -> None:
    """Whatever the page size, the next links lead through the same users in the same order."""
    pages = graph.walk(f"/users?$select=id&$top={size}")

    people = [p for p in served.world.company.people.values() if p.state != DEPARTED]
    assert [row["id"] for page in pages for row in page["value"]] == [user_id(p) for p in people]
    assert len(pages) == -(-len(people) // size)


@pytest.mark.parametrize(
    ("query", "size"),
    [("$select=id", 100), ("$select=id&$top=999", 120), ("$expand=manager&$select=id&$top=999", 100)],
)
def test_pages_have_their_limits(graph: Tenant, query: str, size: int) -> None:
    """A hundred by default, 999 at most, a hundred where managers are expanded."""
    assert len(graph.call(f"/users?{query}").json()["value"]) == size


def test_sign_ins_have_smaller_pages() -> None:
    """With sign-in activity no page holds more than 500."""
    with Running(people=510, faces=(FACE,)) as sandbox:
        graph = Tenant(sandbox)

        assert [len(p["value"]) for p in graph.walk("/users?$select=id,signInActivity&$top=999")] == [500, 10]
        assert [len(p["value"]) for p in graph.walk("/users?$select=id&$top=999")] == [510]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=1000", "Request_UnsupportedQuery"),
        ("$top=0", "Request_UnsupportedQuery"),
        ("$skip=5", "Request_UnsupportedQuery"),
        ("$skiptoken=none", "Directory_InvalidPageToken"),
        ("$expand=shoes", "BadRequest"),
        ("$filter=department ne 'IT'", "Request_UnsupportedQuery"),
        ("$filter=nonsense", "Request_BadRequest"),
    ],
)
def test_queries_that_are_refused(graph: Tenant, query: str, code: str) -> None:
    """A page beyond the limit, skipping, foreign tokens, advanced filters without leave."""
    answer = graph.call(f"/users?{query}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_filters_choose(served: Running, graph: Tenant) -> None:
    """Equality, beginnings, ranges, and advanced ones with the header they need."""
    people = [p for p in served.world.company.people.values() if p.state != DEPARTED]

    def count(text: str, **headers: str) -> int:
        return len(graph.call(f"/users?$top=999&$filter={text}", headers).json()["value"])

    it = sum(p.department == "IT" and p.flaw != "nulls" for p in people)
    assert count("department eq 'IT'") == it
    assert count("startswith(userPrincipalName,'a')") == sum(p.login.startswith("a") for p in people)
    assert count("accountEnabled eq true and department eq 'IT'") <= it
    assert count("createdDateTime ge 2999-01-01T00:00:00Z") == 0
    other = count("department ne 'IT'&$count=true", ConsistencyLevel="eventual")
    assert other == len(people) - it


def test_a_page_token_belongs_to_its_query(graph: Tenant) -> None:
    """The token of one listing is no token of another."""
    link = graph.call("/users?$select=id&$top=5").json()["@odata.nextLink"]

    assert graph.call(link).status_code == 200
    assert graph.call(link.replace("$select=id", "$select=mail")).status_code == 400


def test_page_tokens_expire_on_demand(tenant: Running) -> None:
    """After `expire_pages` a listing under way must start again."""
    graph = Tenant(tenant)
    link = graph.call("/users?$top=5").json()["@odata.nextLink"]
    admin(tenant, "POST", "/entra/expire_pages")
    late = graph.call(link)

    assert (late.status_code, late.json()["error"]["code"]) == (400, "Directory_ExpiredPageToken")
    assert len(graph.rows("/users?$top=5")) == 60


def test_an_empty_page_may_come_between(tenant: Running) -> None:
    """With the option every other page is empty and still has a next link; nobody is lost."""
    tenant.world.options["entra_empty_pages"] = True
    pages = Tenant(tenant).walk("/users?$select=id&$top=20")

    assert [len(page["value"]) for page in pages] == [20, 0, 20, 0, 20]


def test_people_who_left_are_deleted_for_thirty_days(tenant: Running) -> None:
    """A leaver is no user but a deleted one, sign-in name prefixed, and gone after thirty days."""
    company, graph = tenant.world.company, Tenant(tenant)
    person = next(p for p in company.people.values() if p.state == ACTIVE)
    company.leave(person.number)
    deleted = "/directory/deletedItems/microsoft.graph.user?$select=id,userPrincipalName,deletedDateTime"

    def found(path: str) -> dict[str, Any] | None:
        return next((row for row in graph.rows(path) if row["id"] == user_id(person)), None)

    row = found(deleted)
    assert row is not None
    assert row["userPrincipalName"] == row["id"].replace("-", "") + person.login
    assert found("/users") is None
    assert graph.call(f"/users/{user_id(person)}").status_code == 404
    company.now += timedelta(days=31)
    assert found(deleted) is None


def test_one_user_by_identifier_or_name(served: Running, graph: Tenant) -> None:
    """Sign-in activity needs the identifier."""
    person = served.world.company.find(2)

    assert graph.call(f"/users/{person.login}?$select=id").json()["id"] == user_id(person)
    assert "signInActivity" in graph.call(f"/users/{user_id(person)}?$select=signInActivity").json()
    assert graph.call(f"/users/{person.login}?$select=signInActivity").status_code == 400
    assert graph.call("/users/nobody").json()["error"]["code"] == "Request_ResourceNotFound"


def test_groups_hold_groups(graph: Tenant) -> None:
    """Members of an outer group are groups; its transitive members are they, theirs and everyone inside."""
    groups = graph.groups()
    direct = graph.rows(f"/groups/{groups['all-tech']}/members?$select=id")
    people = graph.rows(f"/groups/{groups['all-tech']}/transitiveMembers/microsoft.graph.user?$select=id")
    inner = graph.rows(f"/groups/{groups['all-tech']}/transitiveMembers/microsoft.graph.group?$select=id")

    names = ("all-engineering", "all-it", "all-product")
    assert {row["id"] for row in direct} == {groups[name] for name in names}
    assert {row["@odata.type"] for row in direct} == {"#microsoft.graph.group"}
    below = {row["id"] for name in names for row in _everyone_in(graph, groups, name)}
    assert {row["id"] for row in people} == below
    assert groups["teams-engineering"] in {row["id"] for row in inner}


def _everyone_in(graph: Tenant, groups: dict[str, str], name: str) -> list[dict[str, Any]]:
    """Return the users of a department's groups, read directly."""
    slug = name.removeprefix("all-")
    inner = [key for key in groups if key.startswith((f"dept-{slug}", f"team-{slug}-"))]
    return [row for key in inner for row in graph.rows(f"/groups/{groups[key]}/members?$select=id")]


def test_transitive_members_overrun_their_end(graph: Tenant) -> None:
    """When the last page is exactly full a next link comes all the same, and fails."""
    path = f"/groups/{graph.groups()['all-tech']}/transitiveMembers?$select=id"
    total = len(graph.call(f"{path}&$top=999").json()["value"])
    full = graph.call(f"{path}&$top={total}").json()
    beyond = graph.call(full["@odata.nextLink"])

    assert (beyond.status_code, beyond.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_applications_and_who_is_assigned(graph: Tenant) -> None:
    """Groups and single people are assigned, with the role's identifier; each names its kind."""
    apps = {row["displayName"]: row for row in graph.rows("/servicePrincipals")}
    rows = graph.rows(f"/servicePrincipals/{apps['Atlassian Cloud']['id']}/appRoleAssignedTo?$top=999")

    assert {row["principalType"] for row in rows} == {"Group", "User"}
    assert {row["appRoleId"] for row in rows} == {apps["Atlassian Cloud"]["appRoles"][0]["id"]}
    assert {row["resourceDisplayName"] for row in rows} == {"Atlassian Cloud"}


# Batches


def _get(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": url, **more}


def test_a_batch_answers_each_request_for_itself(graph: Tenant) -> None:
    """Answers come in another order, each with status, headers and body; a failed dependency is 424."""
    answer = graph.batch(
        _get("1", "/users?$select=id&$top=2"),
        _get("2", "/users/nobody"),
        _get("3", "/users", dependsOn=["2"]),
        _get("4", "https://graph.microsoft.com/v1.0/users"),
        _get("5", "/shoes"),
        {"id": "6", "method": "DELETE", "url": "/users/x"},
    )
    inner = {each["id"]: each for each in answer.json()["responses"]}

    assert answer.status_code == 200
    assert list(inner) == ["6", "5", "4", "3", "2", "1"]
    assert {name: each["status"] for name, each in inner.items()} == {
        "1": 200,
        "2": 404,
        "3": 424,
        "4": 400,
        "5": 404,
        "6": 405,
    }
    assert inner["1"]["body"] == graph.call("/users?$select=id&$top=2").json()
    assert inner["1"]["headers"]["x-ms-resource-unit"] == "1"


def test_a_batch_holds_twenty(graph: Tenant) -> None:
    """Twenty pass, twenty-one, none or two of one name are refused as a whole."""
    twenty = [_get(str(n), "/organization") for n in range(20)]

    assert len(graph.batch(*twenty).json()["responses"]) == 20
    assert graph.batch(*twenty, _get("21", "/organization")).status_code == 400
    assert graph.batch().status_code == 400
    assert graph.batch(*twenty[:1] * 2).status_code == 400


def test_faults_strike_inside_a_batch(tenant: Running) -> None:
    """A fault of a path strikes the request inside and leaves its neighbours alone."""
    graph = Tenant(tenant)
    headers = {"Retry-After": "7"}
    tenant.world.faults.add(path="/entra/v1.0/groups", method="GET", status=429, headers=headers)
    answer = graph.batch(_get("1", "/groups"), _get("2", "/groups"), _get("3", "/users"))
    inner = {each["id"]: each for each in answer.json()["responses"]}

    assert [inner[name]["status"] for name in "123"] == [429, 200, 200]
    assert inner["1"]["headers"]["Retry-After"] == "7"


# Limits


def test_resource_units_run_out() -> None:
    """A small tenant has 3,500 units in ten seconds; each answer says its cost, a 429 when to come back."""
    with Running(people=20, limits="documented", faces=(FACE,)) as sandbox:
        graph = Tenant(sandbox)
        one = graph.groups()["everyone"]
        units = [
            graph.call(f"/groups/{one}/{path}").headers["x-ms-resource-unit"]
            for path in ("members", "members?$select=id", "members?$select=id&$top=5", "transitiveMembers")
        ]
        batch = [_get(str(n), f"/groups/{one}/transitiveMembers") for n in range(20)]
        statuses = [r["status"] for _ in range(36) for r in graph.batch(*batch).json()["responses"]]
        refused = graph.call(f"/groups/{one}/transitiveMembers")

    assert units == ["3", "2", "1", "5"]
    assert statuses.count(200) == (3500 - 1 - 11) // 5
    assert statuses[-1] == refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 11
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert refused.json()["error"]["code"] == "TooManyRequests"


def test_a_nearly_empty_bucket_says_so() -> None:
    """From four fifths on answers tell how much of the limit is used."""
    with Running(people=20, limits="documented", faces=(FACE,)) as sandbox:
        graph = Tenant(sandbox)
        early = graph.call("/users").headers
        one = graph.groups()["everyone"]
        for _ in range(29):
            graph.batch(*(_get(str(n), f"/groups/{one}/transitiveMembers") for n in range(20)))
        late = graph.call("/users").headers

    assert "x-ms-throttle-limit-percentage" not in early
    assert 0.8 <= float(late["x-ms-throttle-limit-percentage"]) < 1


def test_sign_ins_have_a_quota_of_their_own() -> None:
    """Ten a minute; other reads go on."""
    with Running(people=20, limits="documented", faces=(FACE,)) as sandbox:
        graph = Tenant(sandbox)
        statuses = [graph.call("/users?$select=id,signInActivity").status_code for _ in range(11)]
        other = graph.call("/users?$select=id").status_code

    assert statuses == [200] * 10 + [429]
    assert other == 200


def test_a_tenant_without_premium_tells_no_sign_ins(tenant: Running) -> None:
    """The whole listing is refused, with the words of the missing licence."""
    tenant.world.options["entra_premium"] = False
    answer = Tenant(tenant).call("/users?$select=id,signInActivity")

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


def test_sign_ins_tell_attempts_from_successes(served: Running, graph: Tenant) -> None:
    """Whoever never signed in has no activity; a locked-out person attempted after the last success."""
    rows = {row["id"]: row.get("signInActivity") for row in graph.rows("/users?$select=id,signInActivity")}
    people = [p for p in served.world.company.people.values() if p.state != DEPARTED]
    never = {user_id(p) for p in people if p.last_sign_in is None}
    later = {user_id(p) for p in people if p.snag and p.last_sign_in}

    assert {key for key, activity in rows.items() if activity is None} == never
    told = {
        key for key, a in rows.items() if a and a["lastSignInDateTime"] > a["lastSuccessfulSignInDateTime"]
    }
    assert told == later
    assert never
    assert later


def test_a_filter_names_up_to_fifteen_users(served: Running, graph: Tenant) -> None:
    """Those of them that live come, with all that a listing expands; more are refused."""
    people = list(served.world.company.people.values())
    ids = [user_id(p) for p in people[:16]]

    def named(some: list[str]) -> str:
        return f"/users?$select=id&$expand=manager&$filter=id in ({','.join(repr(key) for key in some)})"

    rows = graph.rows(named([*ids[:14], guid("user", 10**6)]))
    assert [row["id"] for row in rows] == [user_id(p) for p in people[:14] if p.present]
    assert any("manager" in row for row in rows)
    assert graph.call(named(ids)).status_code == 400


def test_what_a_user_is_tied_to(served: Running, graph: Tenant) -> None:
    """The groups a user is in directly, and those whose manager they are; strangers are not found."""
    people = served.world.company.people
    boss = next(
        p for p in people.values() if any(o.manager == p.number and o.present for o in people.values())
    )
    groups = graph.rows(f"/users/{user_id(boss)}/memberOf?$select=id,displayName")
    reports = graph.rows(f"/users/{user_id(boss)}/directReports?$select=id")

    assert {row["displayName"] for row in groups} == boss.groups
    assert {row["@odata.type"] for row in groups} == {"#microsoft.graph.group"}
    assert {r["id"] for r in reports} == {
        user_id(p) for p in people.values() if p.manager == boss.number and p.present
    }
    assert graph.call(f"/users/{guid('user', 10**6)}/memberOf").status_code == 404


def test_the_groups_around_a_group(graph: Tenant) -> None:
    """Every group that holds it, directly or through others, each once."""
    ids = graph.groups()
    inner = next(name for name in ids if name.startswith("team-engineering"))
    rows = graph.rows(f"/groups/{ids[inner]}/transitiveMemberOf?$select=id,displayName")

    assert sorted(row["displayName"] for row in rows) == ["all-engineering", "all-tech", "teams-engineering"]
    assert graph.rows(f"/groups/{ids['all-tech']}/transitiveMemberOf?$select=id") == []
