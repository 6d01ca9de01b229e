"""What is Google's own: 1970 for never, pages without a list, counts as proof, reasons under one status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pandas as pd
import pytest

from provisioning.model.frames import Identities, Memberships
from provisioning.model.intake import gathered
from provisioning.model.screening import Screened
from sandbox.google_workspace import CONNECTIONS
from sandbox.google_workspace.key import KEY
from sandbox.google_workspace.rows import CUSTOMER, user_id
from sandbox.running import Running
from sources.google_workspace.auth import SCOPES
from sources.google_workspace.source import GoogleWorkspace, GoogleWorkspaceOptions
from transport.door import Door
from transport.errors import CredentialRefused, Forbidden, Malformed
from transport.retry_policy import RetryPolicy

API = "/google/admin/directory/v1"
GROUP, INNER = "atl-jira-users", "atl-jira-dev"


def google(sandbox: Running, door: Door | None = None, **options: Any) -> GoogleWorkspace:
    stated = CONNECTIONS[0].resolved(sandbox.url)
    return GoogleWorkspace("google", GoogleWorkspaceOptions(**{**stated, **options}), door or Door())


def held(sandbox: Running, **options: Any) -> Screened:
    return gathered(Memberships, google(sandbox, **options).memberships())


@pytest.fixture
def shaped(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets options of the face."""
    yield faulty
    for name in [name for name in faulty.world.options if name.startswith("google_")]:
        del faulty.world.options[name]


def test_who_never_signed_in_is_not_idle_since_1970() -> None:
    """The beginning of time stands for nothing; everybody else keeps the moment."""
    with Running(people=60, seed=2) as sandbox:
        people = gathered(Identities, google(sandbox).identities()).frame
        company = sandbox.world.company.people.values()

    never = {user_id(person.number) for person in company if person.last_sign_in is None}
    assert never
    assert never == set(people["source_id"][people["last_sign_in"].isna()])
    assert never == set(people["source_id"][people["never_signed_in"].fillna(value=False)])


def test_who_was_deleted_is_told_for_twenty_days_and_whoever_comes_back_counts_as_there() -> None:
    with Running(people=30, seed=2) as sandbox:
        person = sandbox.world.company.present()[5]
        sandbox.world.company.leave(person.number, how="deleted")
        told = [_state(sandbox, person.number), _state(sandbox, person.number, deleted=False)]
        sandbox.world.company.people[person.number] = person
        told.append(_state(sandbox, person.number))
        del sandbox.world.company.people[person.number]
        sandbox.world.advance(21)
        told.append(_state(sandbox, person.number))

    # Brought back, but still archived here, which is departed as well and another word.
    assert told == ["deleted", None, "archived", None]


def _state(sandbox: Running, number: int, **options: Any) -> str | None:
    people = gathered(Identities, google(sandbox, **options).identities()).frame
    words = people.set_index("source_id")["source_state"]
    return words.get(user_id(number))


def test_members_of_groups_in_groups_are_the_same_people_with_their_way(shaped: Running) -> None:
    flat = held(shaped, groups=[GROUP]).frame
    shaped.world.options["google_children"] = {GROUP: [INNER]}

    deep = held(shaped, groups=[GROUP]).frame
    direct = held(shaped, groups=[GROUP], nested=False).frame

    inner = {user_id(number) for number in shaped.world.company.groups[INNER].members}
    assert set(flat["source_id"]) == set(deep["source_id"])
    assert {INNER} == set(deep["path"].dropna())
    assert inner == set(deep["source_id"][~deep["direct"]])
    assert set(flat["source_id"]) - inner == set(direct["source_id"])


def test_a_group_of_the_whole_customer_is_everyone_who_has_not_left(shaped: Running) -> None:
    everyone = held(shaped, groups=["everyone"]).frame

    assert {user_id(n) for n in shaped.world.company.groups["everyone"].members} == set(everyone["source_id"])


def test_a_user_without_an_identifier_is_no_part_of_the_whole_customer(shaped: Running) -> None:
    shaped.world.faults.add(path=f"{API}/users", kind="reshape", shape="nameless", times=0)

    with pytest.raises(Malformed, match="lacks `id`"):
        held(shaped, groups=["everyone"])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"google_counts": {GROUP: 999}}, "Google counts 999 members and lists"),
        ({"google_members": {GROUP: [{"id": "C0other", "type": "CUSTOMER"}]}}, "another customer"),
        ({"google_members": {GROUP: [{"id": "1", "type": "ROBOT"}]}}, "unknown type ROBOT"),
        ({"google_members": {GROUP: [{"type": "USER"}]}}, "without an id"),
        ({"google_members": {GROUP: [{"id": "0lost", "type": "GROUP"}]}}, "no list of groups"),
    ],
)
def test_a_group_that_is_not_known_whole_is_not_read(
    shaped: Running, options: dict[str, Any], problem: str
) -> None:
    """It is one of the rejects, with what is wrong; the group beside it is read."""
    shaped.world.options.update(options)

    found = held(shaped, groups=[GROUP, INNER]).rejects

    assert list(found["value"]) == [GROUP]
    assert problem in found["problem"].iloc[0]


def test_members_from_elsewhere_are_known_as_such_and_left_out(shaped: Running) -> None:
    plain = held(shaped, groups=[GROUP]).frame
    shaped.world.options["google_members"] = {GROUP: [{"id": "7", "email": "a@b.test", "type": "EXTERNAL"}]}

    told = held(shaped, groups=[GROUP])

    pd.testing.assert_frame_equal(plain, told.frame)
    assert told.rejects.empty


def test_a_page_without_rows_that_names_a_next_one_is_no_page(faulty: Running) -> None:
    """An empty list is left out by Google as well, so the end alone may be empty."""
    body = {"kind": "admin#directory#users", "nextPageToken": "more"}
    faulty.world.faults.add(path=f"{API}/users", status=200, skip=1, body=body)

    with pytest.raises(Malformed, match="no `users`"):
        list(google(faulty, Door(retry_policy=RetryPolicy(attempts=1))).identities())


def _refuse(reason: str) -> dict[str, Any]:
    return {"error": {"code": 403, "message": reason, "errors": [{"reason": reason}]}}


@pytest.mark.parametrize("reason", ["userRateLimitExceeded", "quotaExceeded"])
def test_a_403_that_means_too_soon_is_asked_again(faulty: Running, reason: str) -> None:
    faulty.world.faults.add(path=f"{API}/groups", status=403, times=2, body=_refuse(reason))
    door = Door()

    assert len(gathered(Memberships, google(faulty, door).memberships()).frame)
    assert [counts["retried"] for counts in door.meter.counts().values()] == [2]


@pytest.mark.parametrize("reason", ["accessNotConfigured", "domainCannotUseApis", "forbidden"])
def test_a_403_that_means_never_says_what_to_do(faulty: Running, reason: str) -> None:
    faulty.world.faults.add(path=f"{API}/users", status=403, times=0, body=_refuse(reason))
    door = Door()
    source = google(faulty, door)

    finding = source.check()[0]

    assert finding.level == "error"
    assert finding.remedy != Forbidden.remedy
    assert [counts["retried"] for counts in door.meter.counts().values()] == [0]


def test_a_refused_token_says_which_scopes_were_asked_for(
    faulty: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.google_workspace.auth.DELEGATED", frozenset(SCOPES[:1]))

    with pytest.raises(CredentialRefused, match="unauthorized_client") as refused:
        list(google(faulty).identities())

    assert all(scope in refused.value.remedy for scope in SCOPES)


def test_somebody_who_is_no_administrator_cannot_be_acted_as(faulty: Running) -> None:
    with pytest.raises(CredentialRefused, match="Invalid email") as refused:
        list(google(faulty, subject="nobody@acme.test").identities())

    assert "subject" in refused.value.remedy


@pytest.mark.parametrize("key", ["no json", "[]", orjson.dumps({"private_key": "hidden"}).decode()])
def test_half_a_key_is_refused_without_being_shown(acme: Running, key: str) -> None:
    with pytest.raises(CredentialRefused, match="lacks") as refused:
        list(google(acme, key=key).identities())

    assert "hidden" not in str(refused.value)
    assert "JSON file" in refused.value.remedy


def test_a_key_that_cannot_sign_is_refused_in_words(acme: Running) -> None:
    broken = orjson.dumps({**orjson.loads(KEY), "private_key": "-----BEGIN NOTHING-----"}).decode()

    with pytest.raises(CredentialRefused, match="cannot be read"):
        list(google(acme, key=broken).identities())


def test_the_customer_can_be_named(acme: Running) -> None:
    assert len(gathered(Identities, google(acme, customer=CUSTOMER).identities()).frame)
