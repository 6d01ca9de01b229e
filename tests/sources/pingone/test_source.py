"""What is PingOne's own: rows in an envelope, pages shorter than asked for, groups named by their members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.model.frames import Identities, Memberships
from provisioning.model.intake import gathered
from provisioning.model.screening import Screened
from sandbox.pingone import CONNECTIONS
from sandbox.pingone.face import user_id
from sandbox.running import Running
from sources.pingone.source import PingOne, PingOneOptions
from transport.door import Door
from transport.errors import CredentialRefused, ForeignHost, Malformed

USERS = "/pingone/v1/environments"


def pingone(sandbox: Running, **options: Any) -> PingOne:
    stated = CONNECTIONS[0].resolved(sandbox.url)
    return PingOne("pingone", PingOneOptions(**{**stated, **options}), Door())


def held(sandbox: Running, **options: Any) -> Screened:
    return gathered(Memberships, pingone(sandbox, **options).memberships())


@pytest.fixture
def shaped(faulty: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets options of the face."""
    yield faulty
    for name in [name for name in faulty.world.options if name.startswith("pingone_")]:
        del faulty.world.options[name]


def test_pages_may_be_shorter_than_asked_for(shaped: Running) -> None:
    shaped.world.options["pingone_page_size"] = 9
    people = gathered(Identities, pingone(shaped).identities()).frame

    assert sorted(map(user_id, shaped.world.company.people)) == sorted(people["source_id"])


def test_an_environment_where_no_user_names_a_group_tells_of_none(shaped: Running) -> None:
    """What PingOne does not know it leaves out without a word; that is not everybody leaving."""
    shaped.world.options["pingone_silent"] = True

    told = held(shaped, groups=["atl-*"])

    assert told.frame.empty
    assert {"no user of the environment names a group it is in"} == set(told.rejects["problem"])


def test_a_group_that_counts_more_than_name_it_is_not_read(faulty: Running) -> None:
    body = {
        "_embedded": {"groups": [{"id": "g", "name": "atl-x", "directMemberCounts": {"users": 3}}]},
        "count": 1,
    }
    faulty.world.faults.add(path=USERS, status=200, times=1, body=body)

    told = held(faulty)

    assert list(told.rejects["value"]) == ["atl-x"]


def test_fewer_rows_than_are_counted_are_no_whole_read(faulty: Running) -> None:
    body = {"_embedded": {"users": [{"id": "1"}]}, "count": 2}
    faulty.world.faults.add(path=USERS, status=200, times=1, body=body)

    with pytest.raises(Malformed, match="2 rows were promised"):
        list(pingone(faulty).identities())


def test_a_next_page_elsewhere_is_not_asked_for(faulty: Running) -> None:
    link = {"next": {"href": "https://elsewhere.test/users?cursor=x"}}
    faulty.world.faults.add(
        path=USERS, status=200, times=1, body={"_embedded": {"users": []}, "_links": link}
    )

    with pytest.raises(ForeignHost):
        list(pingone(faulty).identities())


def test_a_wrong_secret_is_refused(acme: Running) -> None:
    with pytest.raises(CredentialRefused):
        list(pingone(acme, client_secret="another").identities())
