"""Answers that succeed and are wrong: as asked for, on a listing of any vendor, and told when unknown."""

from __future__ import annotations

import pytest
import requests

from sandbox.kit.shapes import SHAPES, reshape
from sandbox.running import Running

OKTA = {"Authorization": "SSWS sandbox-okta-token"}
SCIM = {"Authorization": "Bearer sandbox-scim-token"}
LISTING = {
    "totalResults": 3,
    "Resources": [{"id": "a", "name": "A"}, {"id": "b"}, {"id": "c"}],
    "schemas": ["s"],
}


@pytest.fixture
def sandbox():
    with Running(people=12, seed=1) as running:
        yield running


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("object", {}),
        ("null", None),
        ("rowless", {"totalResults": 3, "schemas": ["s"]}),
        ("null_rows", LISTING | {"Resources": None}),
        ("empty", LISTING | {"Resources": [], "totalResults": 0}),
        ("half", LISTING | {"Resources": [{"id": "a", "name": "A"}]}),
        ("more", LISTING | {"totalResults": 4}),
        ("fewer", LISTING | {"totalResults": 2}),
        ("text", LISTING | {"Resources": ["a row"] * 3}),
        ("nameless", LISTING | {"Resources": [{}, {}, {}]}),
    ],
)
def test_a_listing_takes_another_shape(shape, expected):
    assert reshape(LISTING, shape) == expected


def test_strangers_are_as_many_and_nobody_knows_them():
    rows = reshape([{"id": "a", "login": "x"}, {"id": "b", "login": "y"}], "strangers")

    assert rows == [{"id": "stranger-a", "login": "x"}, {"id": "stranger-b", "login": "y"}]


def test_a_listing_without_totals_is_not_halved():
    """Nobody could tell half of it from the whole."""
    assert reshape([{"id": "a"}, {"id": "b"}], "half") == [{"id": "a"}, {"id": "b"}]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_an_answer_of_success(sandbox, shape):
    requests.post(f"{sandbox.url}/_sandbox/faults", json={"kind": "reshape", "shape": shape}, timeout=5)

    reply = requests.get(f"{sandbox.url}/scim/v2/Users", headers=SCIM, timeout=5)

    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/html" if shape == "login" else "application/")


def test_an_answer_keeps_its_headers(sandbox):
    """The link to the next page is still there, as it is when a gateway swallows a body."""
    fault = {"kind": "reshape", "shape": "empty", "path": "/okta/api/v1/users"}
    requests.post(f"{sandbox.url}/_sandbox/faults", json=fault, timeout=5)

    reply = requests.get(f"{sandbox.url}/okta/api/v1/users?limit=2", headers=OKTA, timeout=5)

    assert reply.json() == []
    assert "next" in reply.links


def test_a_shape_nobody_knows_is_refused(sandbox):
    reply = requests.post(f"{sandbox.url}/_sandbox/faults", json={"shape": "round"}, timeout=5)

    assert reply.status_code == 400
    assert "rowless" in reply.json()["error"]


def test_what_was_written_is_told_even_if_its_answer_was_lost(sandbox):
    person = {"userName": "new@acme.test", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
    requests.post(f"{sandbox.url}/_sandbox/faults", json={"kind": "lost_write", "method": "POST"}, timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{sandbox.url}/scim/v2/Users", json=person, headers=SCIM, timeout=5)

    written = requests.get(f"{sandbox.url}/_sandbox/written", timeout=5).json()

    assert [(one["method"], one["path"]) for one in written] == [("POST", "/scim/v2/Users")]
