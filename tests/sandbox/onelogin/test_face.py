"""The OneLogin face: tokens, header cursors, fields, roles, errors, limits; judged by the vendor's files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.onelogin.rows import ROLES, USERS, user_id
from sandbox.running import Running
from tests.sandbox.specs import Spec

ID, SECRET = "sandbox-onelogin-id", "sandbox-onelogin-secret"
PAIR = {"Authorization": f"client_id:{ID}, client_secret:{SECRET}"}
GRANT = {"grant_type": "client_credentials"}


def token(sandbox: Running, headers: dict[str, str] | None = None, auth: Any = None) -> requests.Response:
    """Ask for a token, by default with the vendor's own header."""
    headers = PAIR if headers is None and auth is None else headers
    url = f"{sandbox.url}/onelogin/auth/oauth2/v2/token"
    return requests.post(url, json=GRANT, headers=headers, auth=auth, timeout=10)


class Api:
    """GETs below one account, with a token."""

    def __init__(self, sandbox: Running, given: str | None = None) -> None:
        """Get a token unless one is given."""
        self.base = f"{sandbox.url}/onelogin"
        self.token = given or token(sandbox).json()["access_token"]

    def __call__(self, path: str, **params: Any) -> requests.Response:
        """Return the answer to one GET."""
        headers = {"Authorization": f"bearer {self.token}"}
        return requests.get(self.base + path, params=params, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def api(acme: Running) -> Api:
    """Sign in at the shared sandbox."""
    return Api(acme)


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Load the vendor's OpenAPI file."""
    return Spec.named("idp-onelogin-openapi-3.1.1.yaml")


@pytest.fixture
def limited() -> Iterator[Running]:
    """Serve ten people under the documented limit of 5,000 calls an hour."""
    with Running(people=10, seed=1, limits="documented") as sandbox:
        yield sandbox


def test_a_pair_is_traded_for_a_token_in_both_forms(acme: Running) -> None:
    """The vendor's own header and HTTP Basic both prove the pair; a wrong secret proves nothing."""
    assert token(acme).json()["expires_in"] == 36_000
    assert token(acme, auth=(ID, SECRET)).json()["token_type"] == "bearer"

    refused = token(acme, auth=(ID, "wrong"))

    assert refused.status_code == 401
    assert refused.json()["status"]["message"] == "Authentication Failure"


def test_the_old_envelope_of_a_token(fresh: Running) -> None:
    """With `onelogin_wrapped` the same facts come in status and data."""
    fresh.world.options["onelogin_wrapped"] = True

    body = token(fresh).json()

    assert body["status"]["error"] is False
    assert Api(fresh, body["data"][0]["access_token"])("/api/2/users").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/api/2/users", 401, {"statusCode": 401, "name": "UnauthorizedError"}),
        ("/api/1/groups", 401, {"status": {"error": True, "code": 401, "type": "Unauthorized"}}),
    ],
)
def test_each_version_refuses_in_its_own_words(
    acme: Running, path: str, status: int, body: dict[str, Any]
) -> None:
    """Without a valid token version 2 answers flat, version 1 in its envelope."""
    answer = Api(acme, "no-token")(path)

    assert answer.status_code == status
    told = answer.json()
    flat = told["status"] if "status" in body else told
    assert flat.items() >= body.get("status", body).items()


def test_a_revoked_token_is_refused(acme: Running) -> None:
    """A token that was revoked or expired is worth nothing."""
    mine = Api(acme)
    url = f"{acme.url}/onelogin/auth/oauth2/revoke"

    requests.post(url, json={"access_token": mine.token}, headers=PAIR, timeout=10).raise_for_status()

    assert mine("/api/2/users").status_code == 401


def test_a_weak_pair_may_not_read(acme: Running) -> None:
    """Authentication alone does not read users."""
    weak = token(acme, auth=("sandbox-onelogin-weak-id", "sandbox-onelogin-weak-secret"))

    assert Api(acme, weak.json()["access_token"])("/api/2/users").status_code == 403


def test_cursors_in_headers_lead_to_the_end(acme: Running, api: Api) -> None:
    """Following after-cursor brings everybody once; the cursor is plain base64 of an offset page."""
    answer = api("/api/2/users", limit=50)
    pages = [answer.json()]
    assert base64.b64decode(answer.headers["after-cursor"]) == b"limit=50&sort=id&page=2&sort_direction=asc"
    while "after-cursor" in answer.headers:
        answer = api("/api/2/users", cursor=answer.headers["after-cursor"])
        pages.append(answer.json())

    numbers = [row["id"] - USERS for page in pages for row in page]
    assert numbers == list(acme.world.company.people)
    assert int(answer.headers["total-count"]) == len(numbers)
    assert int(answer.headers["total-pages"]) == int(answer.headers["current-page"]) == len(pages)


def test_a_page_may_be_asked_for_by_number(api: Api) -> None:
    """`page=2` is what the cursor of the first page leads to; the Link header says the same."""
    first = api("/api/2/users", limit=20)

    by_cursor = api("/api/2/users", cursor=first.headers["after-cursor"])
    by_link = requests.get(first.links["next"]["url"], headers=by_cursor.request.headers, timeout=10)

    assert api("/api/2/users", limit=20, page=2).json() == by_cursor.json() == by_link.json()


def test_a_limit_is_cut_to_a_hundred(api: Api) -> None:
    """No page is longer than a hundred, and fifty is usual."""
    assert len(api("/api/2/users", limit=1000).json()) == 100
    assert len(api("/api/2/users").json()) == 50


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"cursor": "bGltaXQ9MQ==", "limit": 5}, "cursor xor pagination"),
        ({"cursor": "bGltaXQ9MQ==", "page": 2}, "cursor xor pagination"),
        ({"cursor": "???"}, "Invalid pagination cursor"),
    ],
)
def test_arguments_that_contradict_are_refused(api: Api, params: dict[str, Any], word: str) -> None:
    """A cursor excludes limit and page, and a made-up one is told so."""
    answer = api("/api/2/users", **params)

    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"
    assert word in answer.json()["description"]


def test_pages_shift_when_somebody_is_deleted(fresh: Running) -> None:
    """Pages are offsets: who stood first on page two stands last on page one after a deletion."""
    mine = Api(fresh)
    before = mine("/api/2/users", limit=10, page=2).json()[0]["id"]

    fresh.world.company.leave(1, how="deleted")

    assert mine("/api/2/users", limit=10, page=1).json()[-1]["id"] == before


def test_rare_fields_come_when_asked_for(acme: Running, api: Api) -> None:
    """A listing leaves out roles and custom attributes unless `fields` names them; one user has all."""
    plain = api("/api/2/users", limit=1).json()[0]
    asked = api("/api/2/users", limit=1, fields="id,role_ids,custom_attributes").json()[0]
    whole = api(f"/api/2/users/{plain['id']}").json()

    assert not {"role_ids", "custom_attributes"} & set(plain)
    assert set(asked) == {"id", "role_ids", "custom_attributes"}
    assert {**plain, **asked} == whole
    person = acme.world.company.people[plain["id"] - USERS]
    assert len(asked["role_ids"]) == len(person.groups)


def test_state_and_status_are_integers(acme: Running, api: Api) -> None:
    """Each lifecycle state has its pair; who left is unlicensed and suspended."""
    pairs = {}
    for page in (1, 2):
        for row in api("/api/2/users", limit=100, page=page).json():
            person = acme.world.company.people[row["id"] - USERS]
            pairs.setdefault(person.state, set()).add((row["state"], row["status"]))

    assert pairs["departed"] == {(3, 2)}
    assert pairs["suspended"] == {(1, 2)}
    assert pairs["staged"] == {(1, 0)}
    assert (1, 1) in pairs["active"]


def test_updated_since_lists_what_changed(fresh: Running) -> None:
    """Only those changed since a moment are listed; a moment that is none is refused."""
    mine, company = Api(fresh), fresh.world.company
    since = company.now.isoformat()
    company.advance(1)
    company.move(3, {"title": "Chief"})

    found = mine("/api/2/users", updated_since=since, limit=100).json()

    assert {row["id"] for row in found} == {
        user_id(p.number) for p in company.people.values() if p.updated >= company.founded
    }
    assert mine("/api/2/users", updated_since="soon").status_code == 422


def test_filters_are_exact(acme: Running, api: Api) -> None:
    """An e-mail address or identifiers find exactly those users."""
    person = acme.world.company.people[5]

    assert [row["id"] for row in api("/api/2/users", email=person.email).json()] == [user_id(5)]
    both = api("/api/2/users", user_ids=f"{user_id(2)},{user_id(9)}").json()
    assert [row["id"] for row in both] == [user_id(2), user_id(9)]


def test_roles_tell_their_members_when_asked(acme: Running, api: Api) -> None:
    """`fields=id,name,users` gives identifiers of members; without it only names come."""
    plain = api("/api/2/roles", limit=100).json()
    asked = api("/api/2/roles", limit=100, fields="id,name,users").json()

    assert all(set(role) == {"id", "name"} for role in plain)
    groups = {g.number: set(g.members) for g in acme.world.company.groups.values()}
    assert {role["id"] - ROLES: {u - USERS for u in role["users"]} for role in asked} == groups
    one = asked[0]
    members = api(f"/api/2/roles/{one['id']}/users", limit=100).json()
    assert [m["id"] for m in members] == one["users"][:100]


def test_groups_come_in_the_envelope_of_version_1(api: Api) -> None:
    """Status, pagination and data, whether one is asked for or all."""
    body = api("/api/1/groups").json()

    assert set(body) == {"status", "pagination", "data"}
    one = api(f"/api/1/groups/{body['data'][0]['id']}").json()
    assert one["data"] == body["data"][:1]
    assert api("/api/1/groups/1").json()["status"]["code"] == 404


def test_the_hour_is_limited_and_told_in_seconds_left(limited: Running) -> None:
    """5,000 calls an hour; asking what is left is free, and the end is told in seconds left."""
    mine = Api(limited)
    for _ in range(3):
        mine("/api/2/users")

    told = mine("/auth/rate_limit").json()["data"]

    assert told["X-RateLimit-Limit"] == 5000
    assert told["X-RateLimit-Remaining"] == 4997
    assert 3590 < told["X-RateLimit-Reset"] <= 3600


def test_beyond_the_limit_there_is_a_429(limited: Running) -> None:
    """A used-up hour refuses; where only version 1 counts, version 2 goes on."""
    mine = Api(limited)
    limited.world.limits.take(("onelogin", ID), 5000, 3600.0, cost=5000)

    refused = mine("/api/2/users")

    assert refused.status_code == 429
    assert 3590 < int(refused.headers["x-ratelimit-reset"]) <= 3600
    limited.world.options["onelogin_v1_only"] = True
    assert mine("/api/2/users").status_code == 200
    assert mine("/api/1/groups").status_code == 429


def without_nulls(value: Any) -> Any:
    """Leave nulls out: the vendor's file does not mark what may be null, its samples show nulls."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/api/2/users", {"limit": 100}),
        ("/api/2/users", {"limit": 100, "fields": "id,role_ids,custom_attributes"}),
        (f"/api/2/users/{user_id(1)}", {}),
        ("/api/2/roles", {"fields": "id,name,users,apps,admins"}),
        ("/api/1/groups", {}),
        ("/api/1/events", {}),
        ("/api/1/events/types", {}),
        ("/auth/rate_limit", {}),
    ],
)
def test_answers_fit_the_specification(api: Api, spec: Spec, path: str, params: dict[str, Any]) -> None:
    """What is listed has the documented fields and types."""
    answer = api(path, **params)

    assert answer.status_code == 200
    spec.check("GET", path, 200, without_nulls(answer.json()))


def test_events_are_told_by_type_and_time(fresh: Running) -> None:
    """The log keeps who was deleted, fifty events a page behind a cursor, and only what was asked for."""
    company = fresh.world.company
    api = Api(fresh)
    fresh.world.advance(1)
    gone = company.present()[0]
    company.leave(gone.number, how="deleted")
    since = f"{company.now:%Y-%m-%dT%H:%M:%SZ}"

    deletions = api("/api/1/events", event_type_id=17, since=since).json()["data"]
    pages = [api("/api/1/events").json()]
    while after := pages[-1]["pagination"]["after_cursor"]:
        pages.append(api("/api/1/events", after_cursor=after).json())

    assert user_id(gone.number) in {event["user_id"] for event in deletions}
    assert {event["event_type_id"] for event in deletions} == {17}
    assert {len(page["data"]) for page in pages[:-1]} == {50}
    numbers = [event["id"] for page in pages for event in page["data"]]
    assert numbers == sorted(set(numbers), reverse=True)
    assert api("/api/1/events", after_cursor="?").status_code == 422


def test_odd_numbers_are_told_apart_by_the_specification(spec: Spec) -> None:
    """A status outside the documented ones, as real accounts have it, does not fit: the judge judges."""
    with Running(people=200, seed=7) as sandbox:
        users = [Api(sandbox)("/api/2/users", limit=100, page=n).json() for n in (1, 2, 3)]

    with pytest.raises(AssertionError, match="status"):
        spec.check("GET", "/api/2/users", 200, without_nulls([row for page in users for row in page]))
