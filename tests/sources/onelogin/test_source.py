"""What is OneLogin's own: tokens in two shapes, pages side by side, totals, integers for states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr, ValidationError

from provisioning.model import frames
from provisioning.model.screening import Screened
from sandbox.onelogin.rows import ROLES, USERS, user_id
from sandbox.running import Running
from sources.onelogin.pages import follow_numbers
from sources.onelogin.source import OneLogin, OneLoginOptions
from transport.auth import Bearer
from transport.door import Door
from transport.errors import CredentialRefused, Forbidden, Malformed, PageLoop
from transport.retry_policy import RetryPolicy

PAIR = {"client_id": "sandbox-onelogin-id", "client_secret": "sandbox-onelogin-secret"}
USERS_PATH = "/onelogin/api/2/users"
TOKENS = "/onelogin/auth/oauth2/v2/token"


def onelogin(sandbox: Running, door: Door | None = None, **options: Any) -> OneLogin:
    settings = OneLoginOptions(url=f"{sandbox.url}/onelogin", **{**PAIR, **options})
    return OneLogin("one", settings, door or Door())


def people(source: OneLogin) -> pd.DataFrame:
    return frames.concat(frames.Identities, [page.frame for page in source.identities()])


def roles(source: OneLogin) -> pd.DataFrame:
    return frames.concat(frames.Memberships, [page.frame for page in source.memberships()])


@pytest.fixture
def shaped(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets options of the face."""
    faulty.world.counters.clear()
    yield faulty
    for name in [name for name in faulty.world.options if name.startswith("onelogin_")]:
        del faulty.world.options[name]


def truth(sandbox: Running) -> set[tuple[str, str]]:
    groups = sandbox.world.company.groups
    return {(str(user_id(n)), name) for name, group in groups.items() for n in group.members}


@pytest.mark.parametrize("sign_in", ["basic", "header"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_every_way_to_a_token_reads_the_same(shaped: Running, sign_in: str, wrapped: bool) -> None:
    """The pair goes as HTTP Basic or in OneLogin's header, the token comes flat or in an envelope."""
    whole = people(onelogin(shaped))
    shaped.world.options["onelogin_wrapped"] = wrapped

    again = people(onelogin(shaped, sign_in=sign_in))

    pd.testing.assert_frame_equal(whole, again)


def test_one_token_serves_all_pages(shaped: Running) -> None:
    """Pages read side by side share one token, and a second listing still uses it."""
    source = onelogin(shaped, page_size=5, workers=6)

    people(source), roles(source)

    assert shaped.world.counters.total(TOKENS) == 1


def test_an_expired_token_is_renewed_midway(shaped: Running) -> None:
    """A token that dies between two pages is replaced, and no row is lost."""
    whole = people(onelogin(shaped))
    shaped.world.counters.clear()
    shaped.world.faults.add(path=USERS_PATH, skip=2, times=1, kind="expire_token")

    again = people(onelogin(shaped, page_size=6, workers=3))

    pd.testing.assert_frame_equal(whole, again)
    assert shaped.world.counters.total(TOKENS) == 2


def test_pages_cost_one_request_each(shaped: Running) -> None:
    """Nothing is asked twice: as many requests as there are pages."""
    count = len(shaped.world.company.people)

    people(onelogin(shaped, page_size=10))

    assert shaped.world.counters.total(USERS_PATH) == -(-count // 10)


def test_an_account_without_totals_is_read_by_cursor(shaped: Running) -> None:
    """Where the headers tell only cursors, pages follow each other and bring the same."""
    whole, held = people(onelogin(shaped)), roles(onelogin(shaped))
    shaped.world.options["onelogin_bare"] = True

    pd.testing.assert_frame_equal(whole, people(onelogin(shaped, page_size=9)))
    pd.testing.assert_frame_equal(held, roles(onelogin(shaped, page_size=9)))


def pages(sandbox: Running, limit: int = 10) -> Iterator[list[dict[str, Any]]]:
    """Walk the pages of users one by one."""
    source = onelogin(sandbox)
    return follow_numbers(source._client, "/api/2/users", {"fields": "id"}, limit, 1, list)


def test_a_removal_midway_raises() -> None:
    """Who is removed shifts the pages, and somebody may be on none: that is no whole listing."""
    with Running(people=40, seed=3) as sandbox:
        walk = pages(sandbox)
        next(walk)
        sandbox.world.company.leave(2, how="deleted")

        with pytest.raises(Malformed, match="are left") as failure:
            list(walk)

    assert "removed while the list was read" in failure.value.remedy


def test_an_addition_midway_does_no_harm() -> None:
    """Who is added comes last, on a page more if need be."""
    with Running(people=37, seed=3, odd=False) as sandbox:
        company = sandbox.world.company
        before = len(company.people)
        walk = pages(sandbox, limit=13)
        found = next(walk)
        for _ in range(14):
            company.hire()
        found += [row for page in walk for row in page]

    assert [row["id"] - USERS for row in found] == list(company.people)
    assert len(found) == before + 14


def test_fewer_than_promised_raises(faulty: Running) -> None:
    """A listing that says 50 and brings 2 is not whole."""
    headers = {"total-pages": "1", "total-count": "50", "current-page": "1"}
    faulty.world.faults.add(
        path=USERS_PATH, status=200, times=0, headers=headers, body=[{"id": 1}, {"id": 2}]
    )

    with pytest.raises(Malformed, match="50 rows were promised and 2 came"):
        people(onelogin(faulty))


def test_another_page_than_asked_for_raises(faulty: Running) -> None:
    """An account that ignores the number of the page would bring its first page for ever."""
    headers = {"total-pages": "4", "total-count": "40", "current-page": "1"}
    faulty.world.faults.add(path=USERS_PATH, status=200, times=0, headers=headers, body=[{"id": 1}])

    with pytest.raises(PageLoop, match=r"page \d was asked for and page 1 came"):
        people(onelogin(faulty))


def test_pages_that_never_end_raise(faulty: Running) -> None:
    """An account that promises a million pages of one row is not asked for all of them."""
    headers = {"total-pages": "1000000", "total-count": "1"}
    faulty.world.faults.add(path=USERS_PATH, status=200, times=0, headers=headers, body=[{"id": 1}])

    with pytest.raises(PageLoop, match="still names a next one"):
        people(onelogin(faulty))


def test_states_come_from_both_numbers(acme: Running) -> None:
    """State and status together say where somebody stands."""
    found = people(onelogin(acme)).set_index("source_id")
    company = acme.world.company
    expected = {str(user_id(p.number)): p.state for p in company.people.values() if p.flaw != "activating"}

    assert expected == found.loc[list(expected), "state"].to_dict()
    assert set(found.loc[found["state"] == "departed", "source_state"]) == {"unlicensed suspended"}


def one_page(faulty: Running, *users: dict[str, Any]) -> Screened:
    """Read a listing of these users alone."""
    rows = [
        {"id": n, "state": 1, "status": 1, "email": f"p{n}@acme.test"} | user for n, user in enumerate(users)
    ]
    headers = {"total-pages": "1", "total-count": str(len(rows)), "current-page": "1"}
    faulty.world.faults.add(path=USERS_PATH, status=200, times=0, headers=headers, body=rows)
    return next(onelogin(faulty).identities())


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        (0, 1, "staged"),
        (2, 1, "departed"),
        (3, 1, "suspended"),
        (3, 2, "departed"),
        (1, 0, "staged"),
        (1, 2, "suspended"),
        (1, 3, "active"),
        (1, 7, "active"),
    ],
)
def test_each_pair_has_a_meaning(faulty: Running, state: int, status: int, expected: str) -> None:
    """The account's own state comes before the sign-in status."""
    page = one_page(faulty, {"state": state, "status": status})

    assert page.frame["state"].tolist() == [expected]
    assert page.rejects.empty


def test_an_unknown_status_is_reported_and_kept(faulty: Running) -> None:
    """A number nobody documented costs no page and no row."""
    page = one_page(faulty, {}, {"status": 6}, {"status": None})

    assert page.frame["state"].tolist() == ["active", "staged", "staged"]
    assert page.rejects["value"].tolist() == ["approved status 6", "approved status None"]
    assert page.rejects["key"].tolist() == ["1", "2"]


def test_the_connection_may_say_what_words_mean(acme: Running) -> None:
    """An account that keeps its leavers unlicensed says so."""
    source = onelogin(acme, states={"unlicensed suspended": "suspended", "status 6": "staged"})
    pages = list(source.identities())

    assert "departed" not in set(pages[0].frame["state"])
    assert "source_state" not in set(pages[0].rejects["field"])


def test_custom_attributes_fill_columns(acme: Running) -> None:
    """A column may come from any field of a user; only the fields in use are asked for."""
    source = onelogin(acme, attributes={"organization": "custom_attributes.cost_center", "title": "phone"})

    found = people(source)

    assert found["organization"].equals(found["cost_center"])
    assert found["title"].isna().any()


def test_roles_are_groups(acme: Running) -> None:
    """Each role brings its members; a pattern chooses roles by name."""
    whole = roles(onelogin(acme))
    few = roles(onelogin(acme, roles=["atl-*", "dept-it"]))

    assert set(zip(whole["source_id"], whole["group_name"], strict=True)) == truth(acme)
    assert whole["direct"].all()
    assert set(few["group_name"]) == {
        name for _, name in truth(acme) if name.startswith("atl-") or name == "dept-it"
    }
    jira = acme.world.company.groups["atl-jira-users"]
    assert set(few.loc[few["group_name"] == jira.name, "group_id"]) == {str(ROLES + jira.number)}


def test_roles_that_tell_no_members_are_asked_one_by_one(shaped: Running) -> None:
    """An account that ignores `fields=users` costs a listing a role and brings the same."""
    whole = roles(onelogin(shaped))
    shaped.world.options["onelogin_no_users"] = True

    again = roles(onelogin(shaped, page_size=10))

    pd.testing.assert_frame_equal(whole, again)
    assert shaped.world.counters.total("/onelogin/api/2/roles/") >= len(shaped.world.company.groups)


def test_a_pair_that_may_not_read_is_told(acme: Running) -> None:
    """A pair for authentication alone raises, and check says what it lacks."""
    weak = {"client_id": "sandbox-onelogin-weak-id", "client_secret": "sandbox-onelogin-weak-secret"}
    source = onelogin(acme, **weak)

    with pytest.raises(Forbidden):
        people(source)

    assert [finding.level for finding in source.check()] == ["error", "error", "ok"]


def test_check_tells_what_is_left_of_the_hour() -> None:
    """A nearly used-up hour is a warning with numbers."""
    with Running(people=5, seed=1, limits="documented") as sandbox:
        sandbox.world.limits.take(("onelogin", PAIR["client_id"]), 5000, 3600.0, cost=4900)

        last = onelogin(sandbox).check()[-1]

    assert last.level == "warning"
    assert re.search(r"98 of 5,000 calls left for 3(600|59\d) s", last.message)


@pytest.mark.parametrize("silent", [False, True])
def test_a_used_up_hour_is_waited_for(silent: bool) -> None:
    """A 429 is obeyed whether it says how long to wait or not."""
    with Running(people=30, seed=1, limits="documented", onelogin_silent=silent) as sandbox:
        sandbox.world.limits.take(("onelogin", PAIR["client_id"]), 5000, 3600.0, cost=4998)
        door = Door(retry_policy=RetryPolicy(attempts=2, refusals=3))
        opened = sandbox.world.limits.clock()
        times = iter([0.0] * 8)
        sandbox.world.limits.clock = lambda: opened + next(times, 3700.0)

        found = people(onelogin(sandbox, door, page_size=5))

    assert len(found) == len(sandbox.world.company.people)


def test_a_wrong_secret_is_told_and_not_shown(acme: Running) -> None:
    """A refused pair ends with the credential's error; no text says the secret."""
    source = onelogin(acme, client_secret="very-secret-indeed")

    with pytest.raises(CredentialRefused) as failure:
        people(source)

    assert {"error", "ok"} >= {finding.level for finding in source.check()}
    assert "very-secret-indeed" not in f"{failure.value} {source._options!r} {source.check()}"


def test_an_answer_without_a_token_is_told(faulty: Running) -> None:
    """A proxy's friendly page in place of a token is no token."""
    faulty.world.faults.add(path=TOKENS, status=200, times=0, body={"data": []})

    with pytest.raises(Malformed, match="holds no `access_token`"):
        people(onelogin(faulty))


def test_columns_that_do_not_exist_are_refused() -> None:
    """A mapping for a column nobody knows is a mistake."""
    with pytest.raises(ValidationError, match="nickname"):
        OneLoginOptions(url="https://a.onelogin.com", **PAIR, attributes={"nickname": "x"})


def test_the_token_goes_to_its_own_host_alone(acme: Running) -> None:
    """What signs is bound to the account; another client of the door does not sign with it."""
    other = Door().client(f"{acme.url}/onelogin", Bearer(SecretStr("nothing")), token_id="x")

    with pytest.raises(CredentialRefused):
        other.get("/api/2/users")
