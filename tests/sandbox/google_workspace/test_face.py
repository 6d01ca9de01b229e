"""The Google face as Google's own library sees it: signed claims, pages, errors with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from sandbox.google_workspace.auth import ADMIN, GROUPS, USERS
from sandbox.google_workspace.key import KEY
from sandbox.google_workspace.rows import user_id
from sandbox.running import Running


def session(sandbox: Running, *scopes: str) -> AuthorizedSession:
    info = {**orjson.loads(KEY), "token_uri": f"{sandbox.url}/google-oauth/token"}
    return AuthorizedSession(
        Credentials.from_service_account_info(info, scopes=scopes, subject=ADMIN), refresh_timeout=20
    )


@pytest.fixture
def google(fresh: Running) -> Iterator[AuthorizedSession]:
    with session(fresh, USERS, GROUPS) as opened:
        yield opened


def test_pages_bring_everybody_once_and_the_last_names_none(
    fresh: Running, google: AuthorizedSession
) -> None:
    url = f"{fresh.url}/google/admin/directory/v1/users"
    params = {"customer": "my_customer", "maxResults": 25}
    pages = [google.get(url, params=params).json()]
    while token := pages[-1].get("nextPageToken"):
        pages.append(google.get(url, params={**params, "pageToken": token}).json())

    listed = [user["id"] for page in pages for user in page["users"]]
    assert [user_id(number) for number in fresh.world.company.people] == listed
    assert [25] * (len(pages) - 1) == [len(page["users"]) for page in pages[:-1]]


def test_a_token_of_a_page_is_good_for_three_days(fresh: Running, google: AuthorizedSession) -> None:
    url = f"{fresh.url}/google/admin/directory/v1/users?customer=my_customer&maxResults=25"
    token = google.get(url).json()["nextPageToken"]
    fresh.world.advance(4)

    answer = google.get(f"{url}&pageToken={token}")

    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (400, "invalid")


def test_an_empty_list_is_left_out(fresh: Running, google: AuthorizedSession) -> None:
    answer = google.get(f"{fresh.url}/google/admin/directory/v1/users?customer=my_customer&showDeleted=true")

    assert {"kind", "etag"} == set(answer.json())


def test_a_scope_that_was_not_asked_for_is_refused_with_a_reason(fresh: Running) -> None:
    with session(fresh, GROUPS) as narrow:
        answer = narrow.get(f"{fresh.url}/google/admin/directory/v1/users?customer=my_customer")

    assert answer.status_code == 403
    assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"


def test_the_limit_of_a_minute_is_a_403(fresh: Running, google: AuthorizedSession) -> None:
    fresh.world.limits.mode = "documented"
    url = f"{fresh.url}/google/admin/directory/v1/groups?customer=my_customer"
    fresh.world.limits.take(("google", "user"), 2_400, cost=2_399)

    answers = [google.get(url) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[1].json()["error"]["errors"][0]["reason"] == "userRateLimitExceeded"
    assert "retry-after" not in answers[1].headers
