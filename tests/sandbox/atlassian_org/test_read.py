"""Reading the organisation: searches, pages, filters, roles, capacity, activity."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import requests

from sandbox.kit.cloud_model import CLOUD_ID, DIRECTORY_ID, JIRA, JSM, ORG_ID
from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import (
    ALL,
    HOME,
    KEY,
    ORG,
    SCOPED,
    V1,
    Api,
    code,
    management,
    organizations,
)

NINE_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


@pytest.fixture
def api(acme: Running) -> Api:
    """Return a client of an organisation nobody changes."""
    return Api(acme)


def test_the_specifications_judge() -> None:
    """Every answer of these tests is validated; here the judge itself is shown to refuse."""
    path = f"{HOME}/users/search".removeprefix("/admin")
    organizations().check("POST", path, 200, {"data": []})
    with pytest.raises(AssertionError, match="documented"):
        organizations().check("POST", path, 418, {})
    with pytest.raises(AssertionError, match="claimStatus"):
        organizations().check("POST", path, 200, {"data": [{"claimStatus": "perhaps"}]})
    with pytest.raises(AssertionError, match="oneOf"):
        management().check("GET", "/users/a:b/manage", 403, {"key": "perhaps"})


def test_the_narrow_directory_is_valid_to_the_letter() -> None:
    """With `atlassian_narrow` no row needs to be left out of the validation."""
    with Running(people=40, seed=7, atlassian_narrow=True) as sandbox:
        api = Api(sandbox)
        rows = api.users(expand=ALL)
        organizations().check("POST", f"{HOME}/users/search".removeprefix("/admin"), 200, {"data": rows})

    assert {row["accountType"] for row in rows} == {"atlassian"}


# Pages


def test_next_is_a_bare_cursor_that_holds_the_query(api: Api) -> None:
    """A cursor is no URL, needs nothing beside it, and whatever comes beside it is discarded."""
    first = api.search(limit=7, claimStatus="managed", expand=["groups"])
    token = first["links"]["next"]
    assert not token.startswith("http")

    second = api.search(cursor=token)
    again = api.search(cursor=token, limit=50, claimStatus="unmanaged", emails=["a@b.test"], searchTerm="x")

    assert second == again
    assert len(second["data"]) == 7
    assert all("groups" in row for row in second["data"])


@pytest.mark.parametrize("limit", [1, 9, 100])
def test_page_size_changes_nothing(api: Api, limit: int) -> None:
    """All accounts come once, whatever the page."""
    expected = api.state()["accounts"]

    ids = [row["accountId"] for row in api.users(limit=limit)]

    assert len(ids) == len(set(ids)) == expected


def test_the_last_page_has_no_next(api: Api) -> None:
    """The default page holds 50; the last one says nothing of a next."""
    pages = list(api.pages())

    assert [len(page["data"]) for page in pages[:-1]] == [50] * (len(pages) - 1)
    assert "next" not in pages[-1]["links"]


def test_a_cursor_of_another_operation_is_refused(api: Api) -> None:
    """A broken or foreign cursor is ADMIN-400-1."""
    foreign = api.search("groups", limit=1)["links"]["next"]

    for token in ("rubbish", foreign, "é"):
        assert code(api.call("POST", f"{HOME}/users/search", {"cursor": token})) == (400, "ADMIN-400-1")


def test_a_write_between_two_pages_hides_nobody(fresh: Running) -> None:
    """An account that leaves the first page does not shift the second."""
    api = Api(fresh)
    everyone = [row["accountId"] for row in api.users()]
    first = api.search(limit=10)
    gone = first["data"][0]["accountId"]
    assert api.call("DELETE", f"{HOME}/users/{gone}").status_code == 204

    rest = api.search(cursor=first["links"]["next"])

    assert [row["accountId"] for row in rest["data"]] == everyone[10:20]


def test_sorted_pages_are_sorted(api: Api) -> None:
    """`sortBy` orders by nickname over all pages."""
    names = [
        row["nickname"].lower()
        for row in api.users(limit=20, sortBy=[{"field": "nick_name", "direction": "desc"}])
    ]

    assert names == sorted(names, reverse=True)
    assert len(names) == api.state()["accounts"]


# Filters


def test_emails_are_found_exactly_and_whatever_their_case(api: Api) -> None:
    """Addresses match whole; unknown ones are simply not there."""
    email = api.search(limit=1)["data"][0]["email"]

    found = api.search(emails=[email.upper(), "nobody@acme.test", email[1:]])["data"]

    assert [row["email"] for row in found] == [email]


@pytest.mark.parametrize(
    "body",
    [
        {"emails": ["a@b.test"], "searchTerm": "a"},
        {"emails": [f"{n}@b.test" for n in range(101)]},
        {"accountIds": ["x"] * 11},
        {"groupIds": ["x"] * 11},
        {"accountIds": []},
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"expand": ["seats"]},
        {"status": ["gone"]},
        {"claimStatus": "perhaps"},
        {"sortBy": [{"field": "email", "direction": "asc"}]},
        ["no object"],
    ],
)
def test_what_is_no_query_of_users_is_refused(api: Api, body: Any) -> None:
    """Limits and exclusions of the filters are held."""
    assert code(api.call("POST", f"{HOME}/users/search", body)) == (400, "ADMIN-400-24")


def test_broken_json_is_refused(acme: Running) -> None:
    """A body that is not JSON is a 400 in the application's form."""
    url = f"{acme.url}/atlassian{HOME}/users/search"

    answer = requests.post(url, data="{", headers={"Authorization": f"Bearer {KEY}"}, timeout=30)

    assert code(answer) == (400, "ADMIN-400-24")


def test_members_of_groups_are_found_by_search(api: Api) -> None:
    """There is no list of members; `groupIds` finds those of any of the groups."""
    jira, agents = api.group("jira-software-users"), api.group("jsm-agents")

    rows = api.users(groupIds=[jira["id"], agents["id"]], expand=["groups"])

    names = [{group["name"] for group in row["groups"]} for row in rows]
    assert sum("jira-software-users" in held for held in names) == jira["counts"]["users"]
    assert sum("jsm-agents" in held for held in names) == agents["counts"]["users"]
    assert all(held & {"jira-software-users", "jsm-agents"} for held in names)


def test_resources_and_roles_find_their_holders(api: Api) -> None:
    """`resourceIds` finds every role on a product, `roleIds` narrows it to one."""
    all_of_jsm = {row["email"] for row in api.users(resourceIds=[JSM.resource])}
    customers = {
        row["email"] for row in api.users(resourceIds=[JSM.resource], roleIds=["atlassian/customer"])
    }

    assert customers == {"tessa.client@client.test", "ugo.client@client.test"}
    assert len(all_of_jsm) > len(customers)
    assert api.users(resourceIds=[f"ari:cloud:jira::site/{CLOUD_ID}"]) == api.users(
        resourceIds=[JIRA.resource]
    )


def test_states_claim_domain_and_words_filter(api: Api) -> None:
    """Filters agree with the rows they return, and combine."""
    everyone = api.users()
    for name, value in (
        ("status", "deactivated"),
        ("accountStatus", "inactive"),
        ("membershipStatus", "active"),
    ):
        expected = [row for row in everyone if row[name] == value]
        assert api.users(**{name: [value]}) == expected != []
    unmanaged = api.users(claimStatus="unmanaged")
    assert unmanaged == [row for row in everyone if not row["email"].endswith("@acme.test")]
    partners = api.users(emailDomains=["Partner.test"], claimStatus="unmanaged", searchTerm="vendor")
    assert [row["email"] for row in partners] == ["vendor.desk@partner.test"]
    assert api.get(f"{HOME}/users/count?claimStatus=unmanaged") == {"count": len(unmanaged)}
    assert api.get(f"{HOME}/users/count")["count"] == len(everyone)


def test_the_deprecated_lists_still_answer(api: Api) -> None:
    """GET lists have smaller pages, repeated parameters and no expansion."""
    page = api.get(f"{HOME}/users")
    assert len(page["data"]) == 20
    assert "groups" not in page["data"][0]
    ids = [row["accountId"] for row in page["data"]][:2]
    picked = api.get(f"{HOME}/users?accountIds={ids[0]}&accountIds={ids[1]}")
    assert [row["accountId"] for row in picked["data"]] == ids
    second = api.get(f"{HOME}/users?cursor={page['links']['next']}&limit=3")
    assert len(second["data"]) == 20

    groups = api.get(f"{HOME}/groups?searchTerm=jira")
    assert [group["name"] for group in groups["data"]] == ["jira-administrators", "jira-software-users"]
    assert api.get(f"{HOME}/groups/count?searchTerm=jira") == {"count": 2}


# Rows


def test_group_ids_have_two_forms(api: Api) -> None:
    """Inside an account a group is an ARI, in the Groups API a bare UUID."""
    group = api.group("all-staff")
    row = api.search(limit=1, groupIds=[group["id"]], expand=["groups"])["data"][0]

    inside = next(held["id"] for held in row["groups"] if held["name"] == "all-staff")

    assert inside == f"ari:cloud:identity::group/{group['id']}"
    assert ":" not in group["id"]


def test_use_has_nine_digits_or_no_time_at_all(api: Api) -> None:
    """A product in use has a time with nanoseconds, one never used has none."""
    access = [product for row in api.users(expand=["productAccess"]) for product in row["productAccess"]]
    times = [product.get("lastActiveTimestamp") for product in access]

    assert None in times
    assert all(NINE_DIGITS.fullmatch(at) for at in times if at)


def test_expansions_come_only_when_asked(api: Api) -> None:
    """Without `expand` a row tells neither groups nor products nor roles."""
    assert not {"groups", "productAccess", "platformRoles", "counts"} & api.search(limit=1)["data"][0].keys()


def test_the_administrators_are_known_by_their_role(api: Api) -> None:
    """`platformRoles` names the two administrators of the organisation."""
    admins = [
        row for row in api.users(expand=["platformRoles"]) if "atlassian/org-admin" in row["platformRoles"]
    ]

    assert len(admins) == 2
    assert api.state()["caller"] in {row["email"] for row in admins}
    stats = {row["roleId"]: row["count"] for row in api.get(f"{HOME}/users/stats")["roles"]}
    assert stats["atlassian/org-admin"] == 2


def test_synced_accounts_and_groups_say_so(api: Api) -> None:
    """A synced group is external and cannot be modified; its members are synced."""
    group = api.group("scim-contractors")

    assert (group["externalSynced"], group["managedBy"]) == (True, "external")
    assert group["managementAccess"]["modifiable"] is False
    members = api.users(groupIds=[group["id"]])
    assert {row["managementSource"] for row in members} == {"synced"}
    assert api.get(f"{HOME}/groups/stats")["totals"]["synced"] == 1


def test_what_the_bill_says_follows_from_groups_and_direct_roles(api: Api) -> None:
    """Seats derived from groups' roles and direct ones, of working people, equal the truth."""
    groups = api.search("groups", limit=100)["data"]
    opens = {
        group["id"]: {
            row["resourceOwner"]
            for row in api.get(f"{HOME}/groups/{group['id']}/role-assignments")["data"]
            if {"atlassian/user", "atlassian/admin"} & set(row["roles"])
        }
        for group in groups
    }
    seats: Counter[str] = Counter()
    for row in api.users(expand=["groups", "productAccess"]):
        if (row["accountType"], row["status"]) != ("atlassian", "active"):
            continue
        held = {product for group in row["groups"] for product in opens[group["id"].rpartition("/")[2]]}
        if not row["groups"]:
            assignments = api.get(f"{HOME}/users/{row['accountId']}/role-assignments")["data"]
            assert [a["roleAssignments"][0]["roleAssignmentMethods"] for a in assignments] == [["direct"]]
            held = {assignment["resourceOwner"] for assignment in assignments}
        seats.update(held)

    assert dict(seats) == api.state()["seats"]


def test_an_account_by_itself(api: Api) -> None:
    """One account tells when it was deactivated and what gives it its roles."""
    inactive = api.users(status=["deactivated"])[0]["accountId"]
    assert api.get(f"{HOME}/users/{inactive}")["data"]["deactivatedOn"]

    active = api.users(groupIds=[api.group("jsm-agents")["id"]], status=["active"])[0]["accountId"]
    roles = {row["resourceOwner"]: row for row in api.get(f"{HOME}/users/{active}/role-assignments")["data"]}
    assert roles["jira-servicedesk"]["roleAssignments"] == [
        {"role": "atlassian/user", "roleAssignmentMethods": ["group_direct"]}
    ]


# Groups, directories, workspaces, domains


def test_group_names_match_exactly_and_exclude_other_searches(api: Api) -> None:
    """Names match whole, in any case; a term or ids beside them are refused."""
    names = [g["name"] for g in api.search("groups", groupNames=["JIRA-software-USERS", "jira"])["data"]]
    assert names == ["jira-software-users"]
    for other in ({"searchTerm": "a"}, {"groupIds": ["x"]}):
        answer = api.call("POST", f"{HOME}/groups/search", {"groupNames": ["a"], **other})
        assert code(answer) == (400, "ADMIN-400-24")


def test_groups_that_grant_a_product_are_found_by_it(api: Api) -> None:
    """`resourceIds` finds the groups that hold a role on the product."""
    found = api.search("groups", resourceIds=[JIRA.resource])["data"]

    assert [group["name"] for group in found] == ["jira-administrators", "jira-software-users"]
    everywhere = f"{ORG}/directories/-/groups/search"
    assert api.call("POST", everywhere, {"accountIds": ["nobody"]}).json()["data"] == []


def test_all_directories_are_for_reading_alone(api: Api) -> None:
    """`-` reads every directory, but a write must name one; another one is not there."""
    path = f"{ORG}/directories/-/users"
    row = api.call("POST", f"{path}/search", {"limit": 1}).json()["data"][0]

    assert code(api.call("POST", f"{path}/{row['accountId']}/suspend")) == (404, "ADMIN-404-1")
    assert code(api.call("POST", f"{ORG}/directories/{ORG_ID}/users/search", {})) == (404, "ADMIN-404-1")
    assert code(api.call("GET", "/admin/v1/orgs/another")) == (404, "ADMIN-404-2")
    assert [row["directoryId"] for row in api.get(f"{ORG}/directories")["data"]] == [DIRECTORY_ID]


def test_workspaces_tell_capacity_where_it_is_known(api: Api) -> None:
    """Jira and Confluence tell how many seats were bought; a cursor comes alone."""
    found = api.call("POST", f"{ORG}/workspaces", {"limit": 2}).json()
    rest = api.call("POST", f"{ORG}/workspaces", {"cursor": found["links"]["next"]}).json()
    rows = {
        row["attributes"]["typeKey"]: row["attributes"]["capacity"] for row in found["data"] + rest["data"]
    }

    assert rows == api.state()["capacity"]
    assert rows["jira-servicedesk"] is None
    wiki = {"query": {"and": [{"field": {"name": "attributes.type", "values": ["confluence"]}}]}}
    assert len(api.call("POST", f"{ORG}/workspaces", wiki).json()["data"]) == 1
    assert api.call("POST", f"{ORG}/workspaces", {"cursor": "a", "limit": 2}).status_code == 400


def test_the_first_version_knows_the_organisation_and_its_domains(api: Api) -> None:
    """Organisation, claimed and unverified domain."""
    assert [row["id"] for row in api.get("/admin/v1/orgs")["data"]] == [ORG_ID]
    assert api.get(V1)["data"]["attributes"]["name"] == "Acme"
    claims = {
        d["attributes"]["name"]: d["attributes"]["claim"]["status"] for d in api.get(f"{V1}/domains")["data"]
    }
    assert claims == {"acme.test": "verified", "old-acme.test": "unverified"}
    assert code(api.call("GET", f"{V1}/domains/nothing")) == (404, "ADMIN-404-3")


def test_managed_accounts_come_in_pages_whose_next_is_a_url(api: Api) -> None:
    """The older list has managed accounts alone, 50 a page, with its own names of products."""
    page = api.get(f"{V1}/users")
    rows = page["data"]
    assert len(rows) == 50
    while url := page["links"].get("next"):
        assert url.startswith(f"{api.sandbox.url}/atlassian{V1}/users?cursor=")
        page = api.get(url.removeprefix(f"{api.sandbox.url}/atlassian"))
        rows += page["data"]

    assert len(rows) == len({row["account_id"] for row in rows}) == page["meta"]["total"]
    assert {row["account_id"] for row in rows} == {r["accountId"] for r in api.users(claimStatus="managed")}
    keys = {product["key"] for row in rows for product in row["product_access"]}
    assert keys == {"jira-software", "confluence", "jira-service-desk"}
    assert {row["access_billable"] for row in rows} == {True, False}


def test_last_active_dates_agree_with_the_search(api: Api) -> None:
    """What was never used has no entry; the rest has the day the search tells."""
    rows = [row for row in api.users(expand=["productAccess"]) if len(row["productAccess"]) > 1]
    for row in rows[:10]:
        told = api.get(f"{V1}/directory/users/{row['accountId']}/last-active-dates")["data"]["product_access"]
        seen = {
            p["id"]: p["lastActiveTimestamp"][:10] for p in row["productAccess"] if "lastActiveTimestamp" in p
        }
        assert seen.items() <= {p["id"]: p["last_active"] for p in told}.items()
    nobody = f"{V1}/directory/users/nobody/last-active-dates"
    assert code(api.call("GET", nobody)) == (404, "ADMIN-404-8")


def test_history_keeps_products_whose_access_is_gone() -> None:
    """With `atlassian_history` a used product stays listed after the group that gave it."""
    for history in (False, True):
        with Running(people=40, seed=7, atlassian_history=history) as sandbox:
            api = Api(sandbox)
            group = api.group("jira-software-users")
            rows = api.users(groupIds=[group["id"]], status=["active"], expand=["productAccess"])
            used = next(
                r for r in rows if any(p["key"] == JIRA.key and len(p) == 3 for p in r["productAccess"])
            )
            api.call("DELETE", f"{HOME}/groups/{group['id']}/memberships/{used['accountId']}")

            keys = {product["key"] for product in api.user(used["email"])["productAccess"]}

            assert (JIRA.key in keys) is history


# Keys and limits


def test_no_key_or_a_wrong_one_is_refused_in_both_shapes(acme: Running) -> None:
    """The first version answers in the gateway's shape, the second in the application's."""
    for key in (None, "wrong", "sandbox-okta-token"):
        api = Api(acme, key)
        assert api.call("GET", "/admin/v1/orgs").json() == {"code": 401, "message": "Unauthorized"}
        assert api.call("GET", f"{HOME}/users").json()["errors"][0]["status"] == "401"
        assert api.call("GET", "/users/a/manage").json() == {"key": "unauthorized"}


def test_a_key_with_scopes_reads_little_and_writes_nothing(acme: Running) -> None:
    """What has no scope is 401 ADMIN-401-2 for reads and 403 ADMIN-UAM-403-1 for writes."""
    api = Api(acme, SCOPED)

    for path in (
        f"{ORG}/directories",
        f"{HOME}/users",
        f"{HOME}/groups",
        f"{V1}/users",
        f"{HOME}/users/stats",
    ):
        assert api.call("GET", path).status_code == 200
    assert api.call("POST", f"{ORG}/workspaces", {}).status_code == 200
    assert code(api.call("POST", f"{HOME}/users/search", {})) == (401, "ADMIN-401-2")
    assert code(api.call("GET", f"{HOME}/users/count")) == (401, "ADMIN-401-2")
    assert code(api.call("POST", f"{HOME}/users/x/suspend")) == (403, "ADMIN-UAM-403-1")
    assert code(api.call("POST", f"{V1}/users/x/roles/assign", {})) == (403, "ADMIN-UAM-403-1")
    assert api.call("GET", "/users/x/manage").json()["key"] == "forbidden"


def test_what_does_not_exist_is_said_in_the_dialect(acme: Running) -> None:
    """An unknown path is 404 ADMIN-404-1; the retired first version is among them."""
    headers = {"Authorization": f"Bearer {KEY}"}
    for path in (f"{V1}/directory/groups", f"{HOME}/nothing"):
        answer = requests.get(f"{acme.url}/atlassian{path}", headers=headers, timeout=30)
        assert code(answer) == (404, "ADMIN-404-1")


def test_limits_are_told_and_enforced() -> None:
    """Last-active dates: 200 a minute; the reset is a time in UTC; others count on their own."""
    with Running(people=30, seed=7, limits="documented") as sandbox:
        api = Api(sandbox)
        row = api.search(limit=1)["data"][0]
        path = f"{V1}/directory/users/{row['accountId']}/last-active-dates"
        answers = [api.call("GET", path) for _ in range(201)]

        told = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
        assert told[:200] == list(range(199, -1, -1))
        assert [answer.status_code for answer in answers[-2:]] == [200, 429]
        assert answers[-1].json() == {"code": 429, "message": "Too Many Requests"}
        assert answers[-1].headers["X-RateLimit-Limit"] == "200"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answers[-1].headers["X-RateLimit-Reset"])
        assert "Retry-After" not in answers[-1].headers
        assert api.call("POST", f"{HOME}/users/search", {}).status_code == 200
