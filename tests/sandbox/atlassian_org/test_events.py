"""The audit log: what is done is told, in the order of processing, to whoever polls."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.running import Running
from tests.sandbox.kit.atlassian_api import HOME, SCOPED, V1, Api, code


@pytest.fixture
def api(fresh: Running) -> Api:
    """Return a client of an organisation of its own."""
    return Api(fresh)


def poll(api: Api, token: str | None = None, limit: int = 200) -> tuple[list[dict[str, Any]], str]:
    """What is new since a cursor, and the cursor of the next poll."""
    rows: list[dict[str, Any]] = []
    while True:
        query = {"cursor": token} if token else {"limit": limit}
        page = api.get(f"{V1}/events-stream", params=query)
        rows += page["data"]
        assert page["links"]["next"].endswith(page["meta"]["next"])
        token = page["meta"]["next"]
        if not page["data"]:
            return rows, token


def told(row: dict[str, Any]) -> tuple[str, list[str]]:
    """Action and what it was performed on."""
    return row["attributes"]["action"], [o["id"] for o in row["attributes"]["context"]]


def put_in(api: Api, email: str, group: str) -> tuple[str, str]:
    """Put someone into a group; identifiers of both."""
    account, group_id = api.user(email)["accountId"], api.group(group)["id"]
    answer = api.call("POST", f"{HOME}/groups/{group_id}/memberships", {"accountId": account})
    assert answer.status_code == 204, answer.text
    return account, group_id


def outsider(api: Api) -> str:
    """Address of someone active outside the developers."""
    return next(
        row["email"]
        for row in api.users(expand=["groups"])
        if row["status"] == "active" and "developers" not in [g["name"] for g in row["groups"]]
    )


def test_a_change_is_told_once_to_who_polls(api: Api) -> None:
    """A poll goes on where the last one ended, with account and group of each membership."""
    before, token = poll(api)
    account, group_id = put_in(api, outsider(api), "developers")

    (row,), token = poll(api, token)

    assert before == []
    assert told(row) == ("user_added_to_group", [account, f"ari:cloud:identity::group/{group_id}"])
    assert api.get(f"{V1}/events/{row['id']}")["data"]["id"] == row["id"]
    assert poll(api, token)[0] == []


def test_pages_and_orders_tell_the_same(api: Api) -> None:
    """Small pages bring every event once; the other listing brings the newest first."""
    poll(api)
    api.sandbox.world.advance(30)
    api.users()
    rows, _ = poll(api, limit=500)
    small, _ = poll(api, limit=1)
    newest = api.get(f"{V1}/events", params={"limit": 500})["data"]
    backwards = api.get(f"{V1}/events-stream", params={"limit": 500, "sortOrder": "desc"})["data"]

    assert small == rows
    assert len(rows) > 1
    assert [row["id"] for row in newest] == [row["id"] for row in reversed(rows)]
    assert backwards == list(reversed(rows))


def test_what_is_late_comes_later_and_is_not_lost(api: Api) -> None:
    """Every third event is processed late; a cursor that was given before still leads to it."""
    api.sandbox.world.options["atlassian_log_lag"] = 30
    _, token = poll(api)
    for name in ("one", "two", "three"):
        assert api.call("POST", f"{HOME}/groups", {"name": name}).status_code == 201
    at_once, token = poll(api, token)
    api.sandbox.world.advance(2)
    later, _ = poll(api, token)

    late = [row for row in later if row["attributes"]["action"] == "group_created"]
    assert (len(at_once), len(late)) == (2, 1)
    assert late[0]["attributes"]["processedAt"] > late[0]["attributes"]["time"]


def test_half_a_year_is_kept(api: Api) -> None:
    """What is older is told no more, and a cursor that was given before goes on as if nothing had been."""
    _, token = poll(api)
    put_in(api, outsider(api), "developers")
    api.sandbox.world.advance(200)

    assert "user_added_to_group" not in {told(row)[0] for row in poll(api, token)[0]}


def test_refusals_are_those_of_the_specification(api: Api) -> None:
    """A cursor nobody gave, a date that is none, a plan without a log; a key with the scope may read."""
    assert code(api.call("GET", f"{V1}/events-stream?cursor=nonsense")) == (400, "ADMIN-400-1")
    assert code(api.call("GET", f"{V1}/events-stream?from=yesterday")) == (400, "ADMIN-400-3")
    assert code(api.call("GET", f"{V1}/events/none")) == (404, "ADMIN-404-4")
    assert Api(api.sandbox, SCOPED).get(f"{V1}/events-stream")["data"] == []
    api.sandbox.world.options["atlassian_log"] = "refused"
    assert code(api.call("GET", f"{V1}/events-stream")) == (400, "ADMIN-400-19")


def test_each_action_has_a_name(api: Api) -> None:
    """Whatever the log tells is in the listing of actions."""
    poll(api)
    api.sandbox.world.advance(30)
    api.users()
    names = {row["id"] for row in api.get(f"{V1}/event-actions")["data"]}

    assert {told(row)[0] for row in poll(api)[0]} <= names
