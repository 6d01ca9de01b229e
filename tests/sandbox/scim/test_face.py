"""The SCIM 2.0 face, reading: lists, pages by index and cursor, filters, attributes, errors, misbehaviour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.running import Running
from sandbox.scim.rows import group_id, user_id
from tests.sandbox.scim.api import ENTERPRISE, Scim

LISTS = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]


@pytest.fixture(scope="module")
def scim(acme: Running) -> Scim:
    """Call the shared sandbox."""
    return Scim(acme)


@pytest.fixture
def odd(acme: Running) -> Iterator[Running]:
    """Serve the same people to a test that makes the server misbehave."""
    yield acme
    for name in [name for name in acme.world.options if name.startswith("scim_")]:
        del acme.world.options[name]


def logins(sandbox: Running) -> list[str]:
    return [person.login for person in sandbox.world.company.people.values()]


def test_pages_by_index_bring_everybody_once(acme: Running, scim: Scim) -> None:
    """Former staff included, in the order of their numbers."""
    assert [user["userName"] for user in scim.walk("/Users", 50)] == logins(acme)


def test_a_list_says_what_it_is(acme: Running, scim: Scim) -> None:
    """Schemas, total, start and size of the page; the media type is SCIM's own."""
    answer = scim("GET", "/Users", startIndex=11, count=5)

    body = answer.json()
    assert answer.headers["content-type"] == "application/scim+json"
    assert (body["schemas"], body["totalResults"]) == (LISTS, len(logins(acme)))
    assert (body["startIndex"], body["itemsPerPage"], len(body["Resources"])) == (11, 5, 5)


def test_no_page_is_longer_than_the_cap(odd: Running, scim: Scim) -> None:
    """Asking for more brings fewer; a hundred is usual."""
    assert len(scim("GET", "/Users").json()["Resources"]) == 100
    odd.world.options["scim_page_cap"] = 30

    assert len(scim("GET", "/Users", count=1000).json()["Resources"]) == 30
    assert scim("GET", "/ServiceProviderConfig").json()["filter"]["maxResults"] == 30


def test_a_count_of_nothing_tells_the_total(acme: Running, scim: Scim) -> None:
    """`count=0` is a question for the total alone, and a start before the first is the first."""
    body = scim("GET", "/Users", count=0).json()

    assert (body["totalResults"], body["Resources"]) == (len(logins(acme)), [])
    assert scim("GET", "/Users", startIndex=-5, count=1).json()["startIndex"] == 1
    assert scim("GET", "/Users", count="many").status_code == 400


FILTERS = [
    ('userName eq "{login}"', lambda p, q: p is q),
    ('userName eq "{LOGIN}"', lambda p, q: p is q),
    ('userName sw "a"', lambda p, _: p.login.startswith("a")),
    ("active eq false", lambda p, _: p.state != "active"),
    ('active eq "True"', lambda p, _: p.state == "active"),
    ('title pr and not (title co "e")', lambda p, _: "e" not in p.title.lower()),
    (
        'name.familyName gt "m" or userType ne "Employee"',
        lambda p, _: p.family_name.lower() > "m" or p.user_type != "Employee",
    ),
    ('emails[type eq "home"]', lambda p, _: p.personal_email is not None),
    (
        'emails[type eq "work" and primary eq true].value ew "{ending}"',
        lambda p, q: p.email.endswith(q.email[-12:]),
    ),
    ('emails co "mail.test"', lambda p, _: p.personal_email is not None),
    (f'{ENTERPRISE}:department eq "it"', lambda p, _: p.department == "IT"),
    ('meta.lastModified ge "{changed}"', lambda p, q: p.updated >= q.updated),
    ('meta.created lt "{born}"', lambda p, q: p.created < q.created),
]


@pytest.mark.parametrize(("text", "expected"), FILTERS, ids=[text for text, _ in FILTERS])
def test_filters_choose(acme: Running, scim: Scim, text: str, expected: Any) -> None:
    """Attributes, parts, lists, extensions and times are compared as the standard says."""
    people = acme.world.company.people
    one = people[9]
    filled = text.format(
        login=one.login,
        LOGIN=one.login.upper(),
        ending=one.email[-12:],
        changed=one.updated.isoformat(),
        born=one.created.isoformat(),
    )

    found = {user["id"] for user in scim.walk("/Users", 200, filter=filled)}

    assert found == {user_id(p.number) for p in people.values() if expected(p, one)}


@pytest.mark.parametrize(
    "text",
    ["nonsense", 'userName eq "x', "userName like 5", 'a eq "b" c', "(a pr", "emails[type pr", "a eq b"],
)
def test_a_filter_that_is_none_is_refused(scim: Scim, text: str) -> None:
    """400 with the word for it; the status is text."""
    answer = scim("GET", "/Users", filter=text)

    assert answer.status_code == 400
    assert (answer.json()["status"], answer.json()["scimType"]) == ("400", "invalidFilter")


def test_attributes_are_chosen(scim: Scim) -> None:
    """Only what is asked for, or all but what is excluded; id and schemas always come."""
    path = f"/Users/{user_id(1)}"
    whole = scim("GET", path).json()

    few = scim("GET", path, attributes=f"userName,name.givenName,{ENTERPRISE}:department").json()
    rest = scim("GET", path, excludedAttributes="emails,id").json()

    assert few == {
        "schemas": whole["schemas"],
        "id": whole["id"],
        "userName": whole["userName"],
        "name": {"givenName": whole["name"]["givenName"]},
        ENTERPRISE: {"department": whole[ENTERPRISE]["department"]},
    }
    assert rest == {name: value for name, value in whole.items() if name != "emails"}


def test_groups_come_with_their_members(acme: Running, scim: Scim) -> None:
    """Members are inline, unless excluded."""
    groups = acme.world.company.groups
    told = scim.walk("/Groups", 20)
    bare = scim("GET", "/Groups", excludedAttributes="members").json()["Resources"]

    assert {g["displayName"]: {m["value"] for m in g["members"]} for g in told} == {
        name: {user_id(n) for n in group.members} for name, group in groups.items()
    }
    assert not any("members" in group for group in bare)
    jira = groups["atl-jira-users"]
    found = scim("GET", "/Groups", filter='displayName eq "ATL-jira-users"').json()["Resources"]
    assert [group["id"] for group in found] == [group_id(jira.number)]


def test_a_search_may_be_posted(scim: Scim) -> None:
    """`/.search` in a body is the same as a query, and no write."""
    body = {"filter": 'userName sw "a"', "count": 3, "attributes": ["userName"]}

    posted = scim("POST", "/Users/.search", body).json()

    assert posted == scim("GET", "/Users", filter='userName sw "a"', count=3, attributes="userName").json()


def test_cursors_lead_to_the_end(odd: Running, scim: Scim) -> None:
    """Where they are offered, cursors of harmless letters bring everybody once."""
    odd.world.options["scim_cursor"] = True
    assert scim("GET", "/ServiceProviderConfig").json()["pagination"]["cursor"] is True

    page = scim("GET", "/Users", cursor="", count=40).json()
    found = page["Resources"]
    while cursor := page.get("nextCursor"):
        assert re.fullmatch(r"[A-Za-z0-9\-._~]+", cursor)
        page = scim("GET", "/Users", cursor=cursor, count=40).json()
        found = [*found, *page["Resources"]]

    assert [user["userName"] for user in found] == logins(odd)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"cursor": "made-up"}, "invalidCursor"),
        ({"filter": "title pr"}, "invalidCursor"),
        ({"count": 7}, "invalidCount"),
    ],
)
def test_a_cursor_belongs_to_its_query(odd: Running, scim: Scim, change: dict[str, Any], word: str) -> None:
    """A cursor that is made up, or used for another query or count, is refused."""
    odd.world.options["scim_cursor"] = True
    cursor = scim("GET", "/Users", cursor="", count=5).json()["nextCursor"]

    answer = scim("GET", "/Users", **{"cursor": cursor, "count": 5, **change})

    assert (answer.status_code, answer.json()["scimType"]) == (400, word)


def pages(scim: Scim, *starts: int) -> list[list[str]]:
    """Return the names of users on pages of ten."""
    return [
        [
            user["userName"]
            for user in scim("GET", "/Users", startIndex=n, count=10).json().get("Resources", [])
        ]
        for n in starts
    ]


def test_servers_misbehave_when_told_to(odd: Running, scim: Scim) -> None:
    """Short, repeated and ever the first pages, lies about the total, booleans as text."""
    options, whole = odd.world.options, logins(odd)

    options["scim_short_pages"] = True
    assert [len(page) for page in pages(scim, 1, 2, 3)] == [9, 8, 10]
    del options["scim_short_pages"]
    options["scim_repeats"] = True
    assert pages(scim, 1, 11, 21) == [whole[:10], whole[:10], whole[10:20]]
    del options["scim_repeats"]
    options["scim_ignores_start"] = True
    assert pages(scim, 11) == [whole[:10]]
    del options["scim_ignores_start"]
    options["scim_total"] = -3
    assert scim("GET", "/Users", count=1).json()["totalResults"] == len(whole) - 3
    options["scim_total"] = "page"
    assert scim("GET", "/Users", count=4).json()["totalResults"] == 4
    del options["scim_total"]
    options["scim_text_booleans"] = True
    user = scim("GET", "/Users", count=1).json()["Resources"][0]
    assert (user["active"], user["emails"][0]["primary"]) == ("True", "True")
    options["scim_no_resources"] = True
    assert "Resources" not in scim("GET", "/Users", filter='userName eq "nobody"').json()
    options["scim_no_config"] = True
    assert scim("GET", "/ServiceProviderConfig").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("/Users/nobody", 404), ("/Groups/nothing", 404), ("/nowhere", 404), ("/Schemas/x", 404)],
)
def test_what_is_not_there_is_told_in_scim(scim: Scim, path: str, status: int) -> None:
    """An error has SCIM's schema and its status as text."""
    answer = scim("GET", path)

    assert answer.status_code == status
    assert answer.json()["status"] == str(status)
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json()["detail"]


def test_a_credential_is_needed(acme: Running) -> None:
    """The token, or HTTP Basic with it as the password; anything else is 401."""
    url = f"{acme.url}/scim/v2/Users?count=1"

    assert requests.get(url, auth=("any", "sandbox-scim-token"), timeout=10).status_code == 200
    assert requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10).status_code == 401
    assert requests.get(url, timeout=10).json()["status"] == "401"


def test_an_etag_spares_what_is_known(scim: Scim) -> None:
    """If-None-Match with the present version brings 304 and no body."""
    first = scim("GET", f"/Users/{user_id(2)}")

    again = scim("GET", f"/Users/{user_id(2)}", headers={"If-None-Match": first.headers["etag"]})

    assert first.json()["meta"]["version"] == first.headers["etag"]
    assert (again.status_code, again.content) == (304, b"")


def test_limits_say_how_long_to_wait() -> None:
    """Beyond 600 requests a minute there is a 429 with Retry-After."""
    with Running(people=5, seed=1, limits="documented") as sandbox:
        sandbox.world.limits.take(("scim", "sandbox-scim-token"), 600, 60.0, cost=600)

        refused = Scim(sandbox)("GET", "/Users")

    assert refused.status_code == 429
    assert 50 < int(refused.headers["retry-after"]) <= 61
