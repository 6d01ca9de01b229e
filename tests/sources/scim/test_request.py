"""Servers that tell some things on request alone, or not at all: Oracle's identity domains, AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from sandbox.running import Running
from sources.scim.source import Scim, ScimOptions
from tests.sources.cases import HR
from tests.sources.scim.test_source import TOKEN, members, people, scim
from transport.door import Door
from transport.errors import CredentialRefused, Malformed

EVERYTHING = {"users": {"attributeSets": "all"}, "groups": {"attributes": "displayName,members"}}
LAST_SIGN_IN = {"last_sign_in": f"{HR['2.0']}:lastLogin"}


@pytest.fixture
def oracle(faulty: Running) -> Iterator[Running]:
    """Serve the same people by a server that keeps members and sign-ins to itself until it is asked."""
    faulty.world.options["scim_on_request"] = ["members", HR["2.0"]]
    yield faulty
    del faulty.world.options["scim_on_request"]


def test_what_is_told_on_request_is_asked_for(oracle: Running) -> None:
    plain, asking = (
        scim(oracle, attributes=LAST_SIGN_IN),
        scim(oracle, attributes=LAST_SIGN_IN, query=EVERYTHING),
    )
    oracle.world.options["scim_on_request"] = []
    whole = scim(oracle, attributes=LAST_SIGN_IN)
    known, held = people(whole), members(whole)
    oracle.world.options["scim_on_request"] = ["members", HR["2.0"]]

    assert known["last_sign_in"].notna().any()
    assert people(plain)["last_sign_in"].isna().all()
    pd.testing.assert_frame_equal(known, people(asking))
    assert members(plain).empty
    pd.testing.assert_frame_equal(held, members(asking))


@pytest.mark.parametrize("way", ["one_by_one", "auto"])
def test_members_that_nobody_is_told_leave_every_group_unread(oracle: Running, way: str) -> None:
    """As at AWS, whose groups show no member, alone or in a list."""
    rejects = [row for page in scim(oracle, members=way).memberships() for row in page.rejects["problem"]]

    assert rejects
    assert {"the server shows no member of any group"} == set(rejects)


def test_a_list_that_ends_at_a_hundred_is_no_whole_list() -> None:
    """A server that shows a hundred, counts them as all and begins again cannot show that they are all."""
    with Running(people=130, seed=1) as sandbox:
        options = sandbox.world.options
        options.update(scim_page_cap=100, scim_total="page", scim_ignores_start=True)

        with pytest.raises(Malformed, match="begins again"):
            people(scim(sandbox, page_size=100))


def _client(sandbox: Running, secret: str) -> Scim:
    url = f"{sandbox.url}/scim/v2"
    pair: dict[str, Any] = {"client_id": "sandbox-scim-client", "client_secret": secret}
    return Scim("dir", ScimOptions(url=url, token_url=f"{url}/oauth2/v1/token", **pair), Door())


def test_a_client_gets_its_token_by_itself(acme: Running) -> None:
    pd.testing.assert_frame_equal(people(scim(acme)), people(_client(acme, "sandbox-scim-secret")))

    with pytest.raises(CredentialRefused):
        people(_client(acme, "another"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"client_id": "a", "client_secret": "b"}, "token_url"),
        ({"token": TOKEN, "query": {"Users": {}}}, "users and groups"),
    ],
)
def test_half_a_connection_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ScimOptions(url="https://idp.test", **options)


def test_an_address_to_recover_an_account_by_is_nobodys_address(faulty: Running) -> None:
    emails = [{"value": "ada@home.test", "type": "recovery"}, {"value": "ada@acme.test", "type": "other"}]
    rows = [
        {"id": "1", "userName": "ada", "emails": emails},
        {"id": "2", "userName": "bo", "emails": emails[:1]},
    ]
    body = {"totalResults": 2, "Resources": rows}
    faulty.world.faults.add(path="/scim/v2/Users", status=200, times=1, body=body)

    assert people(scim(faulty, version="2.0", paging="index"))["email"].fillna("").tolist() == [
        "ada@acme.test",
        "",
    ]
