"""Graph's change feeds: whoever follows them knows what a full read knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sandbox.company.people import ACTIVE
from sandbox.entra.auth import BASIC
from sandbox.entra.face import FACE
from sandbox.entra.rows import user_id
from sandbox.running import Running
from tests.sandbox.entra.client import Tenant

USERS = "/users/delta?$select=id,displayName,department,accountEnabled"
GROUPS = "/groups/delta?$select=id,displayName,members"


@pytest.fixture
def tenant() -> Iterator[Running]:
    with Running(people=60, seed=7, faces=(FACE,)) as sandbox:
        yield sandbox


def follow(graph: Tenant, path: str) -> tuple[list[dict[str, Any]], str]:
    """Return the items of one round and the delta link it ends in."""
    pages = graph.walk(path)
    assert all("@odata.deltaLink" not in page for page in pages[:-1])
    return [item for page in pages for item in page["value"]], pages[-1]["@odata.deltaLink"]


def merge_users(known: dict[str, Any], items: list[dict[str, Any]]) -> None:
    for item in items:
        if "@removed" in item:
            known.pop(item["id"], None)
        else:
            known[item["id"]] = item


def merge_members(known: dict[str, set[str]], items: list[dict[str, Any]]) -> None:
    for item in items:
        members = known.setdefault(item["id"], set())
        for member in item.get("members@delta", ()):
            (members.discard if "@removed" in member else members.add)(member["id"])


def _full_users(graph: Tenant) -> dict[str, Any]:
    path = USERS.replace("/delta", "")
    return {row["id"]: row for row in graph.rows(f"{path}&$top=999")}


def _full_members(graph: Tenant) -> dict[str, set[str]]:
    return {
        key: {row["id"] for row in graph.rows(f"/groups/{key}/members?$select=id&$top=999")}
        for key in graph.groups().values()
    }


def test_following_the_feeds_equals_reading_all(tenant: Running) -> None:
    """After two hundred days of life, read every few days, both feeds lead to what a full read shows."""
    graph, people, members = Tenant(tenant), dict[str, Any](), dict[str, set[str]]()
    users, groups = USERS, GROUPS
    for _ in range(40):
        items, users = follow(graph, users)
        merge_users(people, items)
        items, groups = follow(graph, groups)
        merge_members(members, items)
        tenant.world.advance(5)
        graph = Tenant(tenant)
    merge_users(people, follow(graph, users)[0])
    merge_members(members, follow(graph, groups)[0])

    assert people == _full_users(graph)
    assert members == _full_members(graph)


def test_nothing_changed_is_one_empty_page(tenant: Running) -> None:
    """Sign-ins change no user; a round without news is one request."""
    graph = Tenant(tenant)
    _, users = follow(graph, USERS)
    person = next(p for p in tenant.world.company.people.values() if p.state == ACTIVE)
    tenant.world.company.sign_in(person, tenant.world.company.now)

    answer = graph.call(users).json()

    assert answer["value"] == []
    assert "@odata.deltaLink" in answer


def test_the_removed_say_whether_they_can_come_back(tenant: Running) -> None:
    """A leaver can be restored for thirty days, one deleted for good cannot; then the first is gone too."""
    company, graph = tenant.world.company, Tenant(tenant)
    # Whose manager is deleted gets another one, which is a change as well.
    bosses = {p.manager for p in company.people.values()}
    staff = [p for p in company.people.values() if p.state == ACTIVE and p.number not in bosses]
    _, link = follow(graph, USERS)
    company.leave(staff[0].number)
    company.leave(staff[1].number, how="deleted")
    items, link = follow(graph, link)
    for _ in range(5):
        company.now += timedelta(days=6)
        _, link = follow(graph, link)
    company.now += timedelta(days=6)
    purged, _ = follow(graph, link)

    assert {i["id"]: i["@removed"]["reason"] for i in items} == {
        user_id(staff[0]): "changed",
        user_id(staff[1]): "deleted",
    }
    assert {"id": user_id(staff[0]), "@removed": {"reason": "deleted"}} in purged


def test_a_large_group_comes_in_parts(tenant: Running) -> None:
    """Members are limited a page, so a group recurs with the rest; the sum is right."""
    tenant.world.options |= {"entra_delta_members": 7, "entra_delta_size": 3}
    graph, members = Tenant(tenant), dict[str, set[str]]()
    pages = graph.walk(GROUPS)
    for page in pages:
        merge_members(members, page["value"])
        assert sum(len(item.get("members@delta", ())) for item in page["value"]) <= 7

    everyone = graph.groups()["everyone"]
    assert sum(item["id"] == everyone for page in pages for item in page["value"]) == 9
    assert members == _full_members(graph)


def test_pages_may_repeat(tenant: Running) -> None:
    """With the option a page begins with the last object of the one before; merging takes it for one."""
    tenant.world.options |= {"entra_delta_size": 10, "entra_delta_repeats": True}
    graph, people = Tenant(tenant), dict[str, Any]()
    pages = graph.walk(USERS)
    for page in pages:
        merge_users(people, page["value"])

    assert [page["value"][0] for page in pages[1:]] == [page["value"][-1] for page in pages[:-1]]
    assert people == _full_users(graph)


def test_what_happens_during_a_round_is_told_in_the_next(tenant: Running) -> None:
    """The delta link stands for the moment the round started."""
    tenant.world.options["entra_delta_size"] = 10
    company, graph = tenant.world.company, Tenant(tenant)
    first = graph.call(USERS).json()
    person = next(p for p in company.people.values() if p.state == ACTIVE)
    company.move(person.number, {"department": "Legal", "title": "Counsel"})
    _, link = follow(graph, first["@odata.nextLink"])

    items, _ = follow(graph, link)

    assert [item["department"] for item in items if item["id"] == user_id(person)] == ["Legal"]


@pytest.mark.parametrize(
    ("gone", "status", "code"), [(False, 400, "syncStateNotFound"), (True, 410, "resyncRequired")]
)
def test_a_delta_token_lives_seven_days(tenant: Running, gone: bool, status: int, code: str) -> None:
    """Within seven days it works, later it is 400 or 410; 410 says where to start afresh."""
    tenant.world.options["entra_delta_gone"] = gone
    graph = Tenant(tenant)
    _, link = follow(graph, USERS)
    tenant.world.company.now += timedelta(days=7)
    assert graph.call(link).status_code == 200
    tenant.world.company.now += timedelta(minutes=1)

    late = graph.call(link)

    assert (late.status_code, late.json()["error"]["code"]) == (status, code)
    if gone:
        assert len(follow(graph, late.headers["Location"])[0]) == 60


def test_a_token_without_data(tenant: Running) -> None:
    """`$deltatoken=latest` gives a delta link and no rows; from there on changes are told."""
    company, graph = tenant.world.company, Tenant(tenant)
    items, link = follow(graph, f"{USERS}&$deltatoken=latest")
    person = company.hire({"given_name": "Ada", "family_name": "New"})

    assert items == []
    assert [item["id"] for item in follow(graph, link)[0]] == [user_id(person)]


def test_delta_refuses_what_it_does_not_know(tenant: Running) -> None:
    """Page sizes, expansions and tokens of the other feed."""
    graph = Tenant(tenant)
    _, link = follow(graph, USERS)

    assert graph.call(f"{USERS}&$top=5").status_code == 400
    assert graph.call(link.replace("/users/", "/groups/")).status_code == 400
    assert graph.call(f"{USERS}&$skiptoken=x").status_code == 400


def test_new_names_and_ends_of_groups_are_told(tenant: Running) -> None:
    """A renamed group comes with its name, a deleted one as removed, and a group that lost one says so."""
    company, graph = tenant.world.company, Tenant(tenant)
    teams = [name for name in company.groups if name.startswith("team-")]
    first, second = teams[0], next(name for name in teams if name[:10] != teams[0][:10])
    ids = graph.groups()
    _, link = follow(graph, GROUPS)
    company.rename_group(first, "pilots")
    company.remove_group(second)

    told = {item["id"]: item for item in follow(graph, link)[0]}

    assert told[ids[first]]["displayName"] == "pilots"
    assert told[ids[second]] == {"id": ids[second], "@removed": {"reason": "deleted"}}
    for name in (first, second):
        outer = told[ids[name.rpartition("-")[0].replace("team-", "teams-")]]
        assert [(m["id"], m["@removed"]) for m in outer["members@delta"]] == [
            (ids[name], {"reason": "deleted"})
        ]
    assert graph.groups().keys() >= {"pilots"}


def test_deletions_may_leave_groups_without_a_word(tenant: Running) -> None:
    """With the option a group says nothing of members that were deleted, nor of those restored."""
    tenant.world.options["entra_delta_silent"] = True
    company, graph = tenant.world.company, Tenant(tenant)
    staff = [p for p in company.people.values() if p.state == ACTIVE]
    _, link = follow(graph, GROUPS)
    company.leave(staff[0].number)
    company.quit(staff[1], ["everyone"])
    left, link = follow(graph, link)
    company.rehire(staff[0].number)
    back, _ = follow(graph, link)

    named = {m["id"] for item in left for m in item.get("members@delta", ())}
    assert named == {user_id(staff[1])}
    assert all(
        m["id"] != user_id(staff[0])
        for item in back
        for m in item.get("members@delta", ())
        if "@removed" in m
    )
    assert graph.groups()["everyone"] not in {item["id"] for item in back}


def test_managers_come_as_a_relation(tenant: Running) -> None:
    """Selected, the manager is named by identifier beside the properties; unselected, not at all."""
    people, graph = tenant.world.company.people, Tenant(tenant)
    items, _ = follow(graph, f"{USERS},manager")
    plain, _ = follow(graph, USERS)

    known = {item["id"]: item.get("manager@delta") for item in items}
    person = next(p for p in people.values() if p.manager and people[p.manager].present)
    boss = {"@odata.type": "#microsoft.graph.user", "id": user_id(people[person.manager or 0])}
    assert known[user_id(person)] == [boss]
    assert not any("manager@delta" in item for item in plain)


def test_delta_asks_for_the_right_a_property_needs(tenant: Running) -> None:
    """Last working days are guarded in the feed as they are in a listing."""
    path = "/users/delta?$select=id,employeeLeaveDateTime"

    assert Tenant(tenant, BASIC).call(path).status_code == 403
    assert Tenant(tenant).call(path).status_code == 200
