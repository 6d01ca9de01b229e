"""Jira Data Center: what each version lists, writes and refuses, in the shapes of its specifications."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from atlassian import Jira as AtlassianJira
from jira import JIRA, JIRAError

from sandbox.kit.datacenter_drift import CALLER, DOUBLE, LEAD, SYNCED
from sandbox.running import Running
from tests.sandbox.kit.datacenter_api import PASSWORD, READER, TOKEN, Api

HOME = "/rest/api/2"
SPECS = {"10.3.24": "atlassian-jira-dc-10.3.24.json", "11.2.1": "atlassian-jira-dc-11.2.1.json"}


@pytest.fixture(params=SPECS)
def api(request: pytest.FixtureRequest, fresh: Running) -> Api:
    """Return a client of a server of one's own, in each version that has a specification."""
    fresh.world.options["jira_dc_version"] = request.param
    return Api(fresh, "jira", SPECS[request.param])


def _old(sandbox: Running, version: str) -> Api:
    sandbox.world.options["jira_dc_version"] = version
    return Api(sandbox, "jira")


def _everybody(api: Api, size: int) -> Iterator[dict[str, Any]]:
    page = api.get(f"{HOME}/user/list", maxResults=size)
    while True:
        yield from page["values"]
        if page["isLast"]:
            return
        page = api.get(f"{HOME}/user/list", maxResults=size, cursor=page["nextCursor"])


def _names(api: Api, group: str) -> set[str]:
    page = api.get(f"{HOME}/group/member", groupname=group, includeInactiveUsers="true")
    return {row["name"] for row in page["values"]}


# Reading


def test_the_list_shows_everybody_once(api: Api) -> None:
    """By cursor, whatever the size of a page; the cursor is a text."""
    whole, small = list(_everybody(api, 2000)), list(_everybody(api, 7))

    assert whole == small
    assert len({row["key"] for row in whole}) == len(whole) == api.state()["accounts"]
    assert isinstance(api.get(f"{HOME}/user/list", maxResults=1)["nextCursor"], str)


def test_an_unknown_cursor_is_the_end(api: Api) -> None:
    """There is no 404."""
    page = api.get(f"{HOME}/user/list", cursor=999_999_999)

    assert (page["values"], page["isLast"]) == ([], True)


def test_the_last_sign_in_has_an_offset_without_a_colon(api: Api) -> None:
    """It is absent where there was none."""
    stamps = [row.get("lastLoginTime") for row in _everybody(api, 2000)]

    assert any(stamp is None for stamp in stamps)
    assert all(stamp.endswith("+1000") for stamp in stamps if stamp)


def test_a_search_ends_at_the_hundredth(fresh: Running) -> None:
    """From 10.0 on, whatever start and size are asked; before that pages go on."""
    fresh.world.renew(people=200)
    new, old = _old(fresh, "10.1.0"), {}
    old["first"] = new.get(f"{HOME}/user/search", username=".", maxResults=1000)
    old["last"] = new.get(f"{HOME}/user/search", username=".", startAt=98, maxResults=20)
    old["none"] = new.get(f"{HOME}/user/search", username=".", startAt=100, maxResults=20)
    nine = _old(fresh, "9.12.5").get(f"{HOME}/user/search", username=".", startAt=98, maxResults=20)

    assert [len(old[name]) for name in ("first", "last", "none")] == [100, 2, 0]
    assert len(nine) == 20


@pytest.mark.parametrize("version", ["9.12.5", "10.2.1"])
def test_old_versions_list_nobody(version: str, fresh: Running) -> None:
    """`user/list` came with 10.3, and with it the last sign-in."""
    api = _old(fresh, version)

    assert api.call("GET", f"{HOME}/user/list").status_code == 404
    assert "lastLoginTime" not in api.get(f"{HOME}/user", username=CALLER)


def test_members_come_fifty_at_most(fresh: Running) -> None:
    """A larger page is not given, and the whole number is told."""
    fresh.world.renew(people=120)
    api = Api(fresh, "jira", SPECS["10.3.24"])

    page = api.get(f"{HOME}/group/member", groupname="all-staff", maxResults=1000)

    assert (len(page["values"]), page["maxResults"], page["isLast"]) == (50, 50, False)
    assert page["total"] > 50


def test_application_roles_count_active_members(api: Api) -> None:
    """An account that is deactivated gives its seat back; the groups tell which seats there are."""
    roles = {role["key"]: role for role in api.get(f"{HOME}/applicationrole")}
    member = next(iter(_names(api, "jsm-agents")))
    api.call("PUT", f"{HOME}/user", {"active": False}, params={"username": member})
    after = api.get(f"{HOME}/applicationrole/jira-servicedesk")

    assert roles["jira-servicedesk"]["groups"] == ["jsm-agents"]
    assert after["userCount"] == roles["jira-servicedesk"]["userCount"] - 1
    assert after["remainingSeats"] == roles["jira-servicedesk"]["remainingSeats"] + 1


def test_the_picker_says_how_many_it_left_out(api: Api) -> None:
    """`total` counts also what is not shown; labels tell what a group opens."""
    page = api.get(f"{HOME}/groups/picker", query="", maxResults=2)

    assert len(page["groups"]) == 2 < page["total"]
    assert {label["type"] for label in page["groups"][0]["labels"]} == {"ADMIN", "SINGLE"}


def test_names_in_two_directories_are_told(api: Api) -> None:
    """By name, with their directories by priority."""
    listed = api.get(f"{HOME}/user/duplicated/list")

    assert list(listed) == [DOUBLE]
    assert [place["directoryId"] for place in listed[DOUBLE]] == [1, 10000]
    assert api.get(f"{HOME}/user/duplicated/count") == {"count": 1}


# Writing


def test_an_account_is_made_without_applications(api: Api) -> None:
    """201 with its key; an empty list of applications gives no seat, none given gives the usual one."""
    facts = {"name": "ada.new", "emailAddress": "ada.new@acme.test", "displayName": "Ada New"}
    made = api.call("POST", f"{HOME}/user", {**facts, "applicationKeys": []})
    usual = api.call("POST", f"{HOME}/user", {**facts, "name": "bob.new"})
    again = api.call("POST", f"{HOME}/user", facts)

    assert (made.status_code, usual.status_code, again.status_code) == (201, 201, 400)
    assert made.json()["key"].startswith("JIRAUSER")
    assert (made.json()["applicationRoles"]["size"], usual.json()["applicationRoles"]["size"]) == (0, 1)
    assert "already exists" in again.json()["errors"]["username"]


def test_memberships_change_once(api: Api) -> None:
    """201 and 200; the second time 400 in words."""
    query, body = {"groupname": "developers"}, {"name": LEAD}

    first = [api.call("POST", f"{HOME}/group/user", body, params=query) for _ in range(2)]
    last = [api.call("DELETE", f"{HOME}/group/user", params={**query, "username": LEAD}) for _ in range(2)]

    assert [answer.status_code for answer in (*first, *last)] == [201, 400, 200, 400]
    assert "already a member" in first[1].json()["errorMessages"][0]


def test_a_lead_cannot_be_deactivated(api: Api) -> None:
    """400, in the field's own words; the account stays active."""
    answer = api.call("PUT", f"{HOME}/user", {"active": False}, params={"username": LEAD})

    assert answer.status_code == 400
    assert "lead" in answer.json()["errors"]["active"]
    assert api.get(f"{HOME}/user", username=LEAD)["active"] is True


def test_a_read_only_directory_refuses(api: Api) -> None:
    """400 that says so, whatever is changed."""
    answer = api.call("PUT", f"{HOME}/user", {"displayName": "New"}, params={"username": SYNCED})

    assert answer.status_code == 400
    assert "read-only" in answer.json()["errorMessages"][0]


def test_deleting_takes_the_memberships_along(api: Api) -> None:
    """204, then 404, and no group knows the name any more."""
    member = next(iter(_names(api, "jsm-agents")))

    gone = [api.call("DELETE", f"{HOME}/user", params={"username": member}).status_code for _ in range(2)]

    assert gone == [204, 404]
    assert member not in _names(api, "jsm-agents")


def test_anonymising_is_done_one_at_a_time(api: Api) -> None:
    """202, a second one has to wait, and when it is done nothing tells who it was."""
    first, second = (row["key"] for row in list(_everybody(api, 2000))[:2])
    begun = api.call("POST", f"{HOME}/user/anonymization", {"userKey": first})
    waits = api.call("POST", f"{HOME}/user/anonymization", {"userKey": second})
    progress = begun.json()["progressUrl"]
    states = [api.call("GET", progress).json()["status"] for _ in range(2)]
    account = api.get(f"{HOME}/user", key=first)

    assert (begun.status_code, waits.status_code) == (202, 409)
    assert states == ["IN_PROGRESS", "COMPLETED"]
    assert account["active"] is False
    assert account["emailAddress"].endswith("@jira.invalid")


# Credentials and limits


def test_passwords_end_with_11(fresh: Running) -> None:
    """A name and password are let in up to 10.x; nobody without a credential ever is."""
    url, pair = f"{fresh.url}/jira{HOME}/myself", (CALLER, PASSWORD)
    before = requests.get(url, auth=pair, timeout=30)
    fresh.world.options["jira_dc_version"] = "11.2.1"
    after = requests.get(url, auth=pair, timeout=30)
    nobody = requests.get(url, timeout=30)

    assert (before.status_code, after.status_code, nobody.status_code) == (200, 401, 401)


def test_who_does_not_administer_may_only_look(acme: Running) -> None:
    """403 for administration, in Jira's dialect."""
    api = Api(acme, "jira", SPECS["10.3.24"], token=READER)

    answer = api.call("GET", f"{HOME}/applicationrole")

    assert (answer.status_code, set(answer.json())) == (403, {"errorMessages", "errors"})
    assert api.call("GET", f"{HOME}/user", params={"username": CALLER}).status_code == 200


def test_the_bucket_runs_dry_and_fills_again() -> None:
    """Every answer tells the bucket; at 0 left comes 429, and after an interval new requests are allowed."""
    with Running(people=20, seed=7, limits="documented") as sandbox:
        clock = [1000.0]
        sandbox.world.limits.clock = lambda: clock[0]
        api = Api(sandbox, "jira")
        answers = [api.call("GET", f"{HOME}/myself") for _ in range(61)]
        clock[0] += 1
        later = api.call("GET", f"{HOME}/myself")

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert answers[0].headers["X-RateLimit-Remaining"] == "59"
    assert answers[0].headers["Retry-After"] == "0"
    assert answers[60].headers["Retry-After"] == "1"
    assert (later.status_code, later.headers["X-RateLimit-Remaining"]) == (200, "4")
    assert later.headers["X-RateLimit-FillRate"] == "5"


# Clients of others


def test_the_jira_client_works(fresh: Running) -> None:
    """`jira` reads, creates, groups and deletes."""
    client = JIRA(server=f"{fresh.url}/jira", token_auth=TOKEN)

    assert client.server_info()["versionNumbers"] == [10, 3, 24]
    assert client.myself()["name"] == CALLER
    assert "all-staff" in client.groups()
    assert client.add_user("eve.new", "eve.new@acme.test", fullname="Eve New")
    assert client.add_user_to_group("eve.new", "developers")["name"] == "developers"
    assert client.remove_user_from_group("eve.new", "developers")
    assert [user.name for user in client.search_users(user="eve.new@acme.test")] == ["eve.new"]
    assert client.delete_user("eve.new")
    with pytest.raises(JIRAError):
        client.user("eve.new")


def test_the_atlassian_client_works(fresh: Running) -> None:
    """`atlassian-python-api` reads, updates, deactivates and removes."""
    client = AtlassianJira(url=f"{fresh.url}/jira", token=TOKEN)
    member = client.get_all_users_from_group("jsm-agents")["values"][0]["name"]

    client.user_update(member, {"displayName": "Renamed Person"})
    client.user_deactivate(member)

    seen = client.user(member)
    assert (seen["displayName"], seen["active"]) == ("Renamed Person", False)
    assert {role["key"] for role in client.get_all_application_roles()} == {
        "jira-software",
        "jira-servicedesk",
    }
    assert client.get_groups(limit=100)["total"] == 6
    client.user_remove(member)
    assert member not in {row["name"] for row in client.user_find_by_user_string(username=member)}
