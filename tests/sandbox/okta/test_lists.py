"""Okta's listings: pages, what is hidden, filters, errors, the log."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.okta.rows import group_id, user_id
from sandbox.running import Running
from tests.sandbox.okta.client import admin, call, rows, walk


def test_pages_hold_every_user_once(acme: Running) -> None:
    """The page size changes nothing but the number of pages."""
    whole = rows(acme, "/users")

    assert len(whole) == 120
    assert [len(page) for page in walk(acme, "/users", {"limit": 50})] == [50, 50, 20]
    assert rows(acme, "/users", {"limit": 7}) == whole


def test_links_are_two_lines_self_first(acme: Running) -> None:
    """Clients that keep the last of two equal headers see next."""
    raw = call(acme, "/users", {"limit": 50}).raw.headers.getlist("link")

    assert len(raw) == 2
    assert raw[0].endswith('rel="self"')
    assert raw[1].endswith('rel="next"')
    assert raw[1].startswith(f"<{acme.url}/okta/api/v1/users?after=")


def test_a_cursor_belongs_to_its_query(acme: Running) -> None:
    """A cursor taken to another query, or made up, is refused."""
    after = call(acme, "/users", {"limit": 50}).links["next"]["url"].split("after=")[1].split("&")[0]

    moved = call(acme, "/users", {"filter": 'status eq "ACTIVE"', "after": after})
    invented = call(acme, "/users", {"after": "200"})

    assert (moved.status_code, moved.json()["errorCode"]) == (400, "E0000001")
    assert invented.status_code == 400


def test_a_change_between_pages_shifts_nothing(fresh: Running) -> None:
    """Someone who leaves after page one takes nobody else off page two."""
    first = call(fresh, "/users", {"limit": 30})
    fresh.world.company.leave(first.json()[0]["profile"]["login"])

    after = first.links["next"]["url"].split("after=")[1].split("&")[0]
    second = call(fresh, "/users", {"limit": 30, "after": after})

    assert len({row["id"] for row in first.json() + second.json()}) == 60


def test_an_empty_last_page_can_be_asked_for() -> None:
    """With the option the last full page announces one more, which is empty and the end."""
    with Running(people=20, okta_empty_last_page=True) as sandbox:
        assert [len(page) for page in walk(sandbox, "/users", {"limit": 10})] == [10, 10, 0]


def test_the_deprovisioned_show_only_under_a_filter(acme: Running) -> None:
    """The plain list hides them; a filter on status or time lists them."""
    gone = rows(acme, "/users", {"filter": 'status eq "DEPROVISIONED"'})
    ever = rows(acme, "/users", {"filter": 'lastUpdated gt "1970-01-01T00:00:00.000Z"'})

    assert len(gone) == 7
    assert "DEPROVISIONED" not in {row["status"] for row in rows(acme, "/users")}
    assert len(ever) == 127
    assert len(rows(acme, "/users", {"search": "id pr"})) == 127


@pytest.mark.parametrize("parameter", ["filter", "search"])
def test_filters_choose(acme: Running, parameter: str) -> None:
    """Equality, and, or, parentheses and times choose the same rows as plain Python does."""
    everyone = rows(acme, "/users", {"filter": 'lastUpdated gt "1970-01-01T00:00:00.000Z"'})
    one, two = everyone[3], everyone[90]
    middle = sorted(row["lastUpdated"] for row in everyone)[60]

    def ids(expression: str) -> set[str]:
        return {row["id"] for row in rows(acme, "/users", {parameter: expression, "limit": 40})}

    login = one["profile"]["login"]
    assert ids(f'profile.login eq "{login}"') == {one["id"]}
    assert ids(f'id eq "{one["id"]}" or id eq "{two["id"]}"') == {one["id"], two["id"]}
    assert ids(f'status eq "STAGED" and profile.login eq "{login}"') == set()
    assert ids(f'lastUpdated ge "{middle}"') == {r["id"] for r in everyone if r["lastUpdated"] >= middle}
    assert ids(f'lastUpdated lt "{middle}" and (status eq "ACTIVE" or status eq "SUSPENDED")') == {
        r["id"] for r in everyone if r["lastUpdated"] < middle and r["status"] in ("ACTIVE", "SUSPENDED")
    }


@pytest.mark.parametrize(
    "expression",
    [
        "status",
        'status eq "ACTIVE" and',
        'shoe eq "9"',
        'status gt "A"',
        "status eq ACTIVE",
        '(status eq "A"',
        'id pr "x"',
    ],
)
def test_a_bad_filter_is_refused(acme: Running, expression: str) -> None:
    """What cannot be parsed or is not offered is E0000031."""
    answer = call(acme, "/users", {"filter": expression})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000031")
    assert set(answer.json()) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


def test_q_searches_ten_without_pages(acme: Running) -> None:
    """Autocompletion never has a next page."""
    answer = call(acme, "/users", {"q": "a"})

    assert 0 < len(answer.json()) <= 10
    assert "next" not in answer.links


def test_refusals_carry_their_codes(acme: Running) -> None:
    """401, 403, 404 and 400 each in Okta's words, with the number of the request."""
    wrong = call(acme, "/users", token="wrong")
    rightless = call(acme, "/groups", token="sandbox-okta-users-token")
    missing = call(acme, "/users/00unobody")
    unknown = call(acme, "/nonsense")
    large = call(acme, f"/apps/{rows(acme, '/apps')[0]['id']}/users", {"limit": 501})

    assert (wrong.status_code, wrong.json()["errorCode"]) == (401, "E0000011")
    assert (rightless.status_code, rightless.json()["errorCode"]) == (403, "E0000006")
    assert (missing.status_code, missing.json()["errorCode"]) == (404, "E0000007")
    assert "00unobody (User)" in missing.json()["errorSummary"]
    assert unknown.status_code == 404
    assert (large.status_code, large.json()["errorCode"]) == (400, "E0000001")
    assert all("X-Okta-Request-Id" in r.headers for r in (wrong, rightless, missing, unknown, large))
    assert call(acme, "/users", token="sandbox-okta-users-token").status_code == 200


def test_members_and_groups_agree(acme: Running) -> None:
    """A group's members, a user's groups, the counts and the company say the same."""
    company = acme.world.company
    groups = {row["profile"]["name"]: row for row in rows(acme, "/groups", {"expand": "stats", "limit": 9})}

    assert set(groups) == set(company.groups)
    for name in ("atl-jira-users", "everyone", "zz-empty"):
        members = rows(acme, f"/groups/{groups[name]['id']}/users", {"limit": 50})
        assert {row["id"] for row in members} == {user_id(n) for n in company.groups[name].members}
        assert groups[name]["_embedded"]["stats"]["usersCount"] == len(members)
    person = company.present()[0]
    mine = call(acme, f"/users/{user_id(person.number)}/groups").json()
    assert {row["profile"]["name"] for row in mine} == person.groups
    assert groups["everyone"]["type"] == "BUILT_IN"
    assert groups["zz-empty"]["_embedded"]["stats"]["hasAdminPrivlege"] is False


def test_groups_filter_by_change_of_members(fresh: Running) -> None:
    """The delta of memberships is the groups whose members changed since."""
    since = "2026-11-23T08:00:00.001Z"
    fresh.world.company.advance(1)
    company = fresh.world.company
    company.join(company.present()[0], ["fresh-group"])

    changed = rows(fresh, "/groups", {"filter": f'lastMembershipUpdated gt "{since}"'})

    assert "fresh-group" in {row["profile"]["name"] for row in changed}
    assert "zz-empty" not in {row["profile"]["name"] for row in changed}
    built_in = rows(fresh, "/groups", {"filter": 'type eq "BUILT_IN"'})
    assert [row["profile"]["name"] for row in built_in] == ["everyone"]


def test_an_application_lists_its_people(acme: Running) -> None:
    """Assignments are the members of the application's groups; expand embeds the user."""
    company = acme.world.company
    app = company.apps[0]
    found = {row["label"]: row for row in rows(acme, "/apps", {"limit": 2})}
    path = f"/apps/{found[app.label]['id']}"

    people = rows(acme, f"{path}/users", {"limit": 30, "expand": "user"})

    assert {row["id"] for row in people} == {user_id(p.number) for p in company.assigned(app)}
    assert all(row["_embedded"]["user"]["id"] == row["id"] for row in people)
    groups = rows(acme, f"{path}/groups")
    assert {row["id"] for row in groups} == {group_id(company.groups[name]) for name in app.groups}
    assert [row["priority"] for row in groups] == [0, 1, 2]
    jira = group_id(company.groups["atl-jira-users"])
    assert app.label in {row["label"] for row in rows(acme, f"/groups/{jira}/apps")}
    active = rows(acme, "/apps", {"filter": 'status eq "ACTIVE"'})
    assert {row["label"] for row in active} == {a.label for a in company.apps if a.active}


def test_polling_the_log_always_has_a_next_page(fresh: Running) -> None:
    """An empty page keeps the cursor; what happens later appears behind it, once."""
    answer = call(fresh, "/logs", {"since": "2026-11-23T08:00:00Z", "filter": 'eventType sw "user."'})
    seen: list[dict[str, Any]] = answer.json()
    assert seen == []
    assert "next" in answer.links

    admin(fresh, "POST", "/people", {"do": "hire", "email": "log@acme.test"})
    path = answer.links["next"]["url"].split("/api/v1")[1]
    later = call(fresh, path)
    after = call(fresh, later.links["next"]["url"].split("/api/v1")[1])

    assert [row["eventType"] for row in later.json()] == ["user.lifecycle.create", "user.lifecycle.activate"]
    assert after.json() == []
    assert "next" in after.links


def test_memberships_can_be_read_from_the_log(fresh: Running) -> None:
    """Joining and leaving a group name the user and the group."""
    company = fresh.world.company
    person = company.present()[0]
    company.join(person, ["loggers"])
    company.quit(person, ["loggers"])

    events = call(
        fresh,
        "/logs",
        {"filter": 'eventType sw "group.user_membership"', "since": "2026-11-23T08:00:00Z"},
    ).json()

    pairs = [(e["eventType"], [t["id"] for t in e["target"]]) for e in events]
    both = [user_id(person.number), group_id(company.groups["loggers"])]
    assert pairs == [("group.user_membership.add", both), ("group.user_membership.remove", both)]


def test_the_log_tells_what_became_of_groups_and_who_was_refused(fresh: Running) -> None:
    """Deleted groups are named by identifier, imported ones in another event; a failure is a sign-in too."""
    company = fresh.world.company
    person = company.present()[0]
    company.join(person, ["short-lived"])
    company.add_group("CN=Imported,DC=acme", kind="app")
    gone = [group_id(company.groups[name]) for name in ("short-lived", "CN=Imported,DC=acme")]
    company.remove_group("short-lived")
    company.remove_group("CN=Imported,DC=acme")
    company.record("failed_sign_in", person)

    removed = 'eventType eq "group.lifecycle.delete" or eventType eq "system.import.group.delete"'
    since = {"since": "2026-11-23T08:00:00Z"}
    events = call(fresh, "/logs", since | {"filter": removed}).json()
    refused = 'eventType eq "user.session.start" and outcome.result eq "FAILURE"'

    assert [[(t["type"], t["id"]) for t in e["target"]] for e in events] == [[("UserGroup", g)] for g in gone]
    failures = call(fresh, "/logs", since | {"filter": refused}).json()
    assert [e["actor"]["id"] for e in failures] == [user_id(person.number)]


def test_a_bounded_log_query_is_finite_and_in_order(acme: Running) -> None:
    """With until the pages end, newest first when asked."""
    bounds = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-24T00:00:00Z", "limit": 20}

    up = rows(acme, "/logs", bounds)
    down = rows(acme, "/logs", bounds | {"sortOrder": "DESCENDING"})

    times = [row["published"] for row in up]
    assert len(up) > 20
    assert times == sorted(times)
    assert [row["uuid"] for row in down] == [row["uuid"] for row in reversed(up)]


def test_odd_records_are_there_as_in_real_directories() -> None:
    """A status outside the enum, an integer, a long country code, no first name, explicit nulls."""
    with Running(people=200, seed=7) as sandbox:
        profiles = rows(sandbox, "/users")

    assert [r for r in profiles if r["status"] == "ACTIVATING"]
    assert [r for r in profiles if isinstance(r["profile"].get("employeeNumber"), int)]
    assert [r for r in profiles if r["profile"].get("countryCode") == "USA"]
    assert [r for r in profiles if r["profile"]["firstName"] == ""]
    assert [r for r in profiles if r["profile"]["firstName"] is None]


def test_a_changed_person_is_serialised_anew(fresh: Running) -> None:
    """Rows are kept between requests, but never past a change."""
    before = rows(fresh, "/users")
    login = before[5]["profile"]["login"]

    fresh.world.company.move(login, {"title": "Changed"})

    after = rows(fresh, "/users")
    assert [row["profile"].get("title") for row in after].count("Changed") == 1
    assert after[6] == before[6]
