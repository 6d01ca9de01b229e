"""A client we did not write reads and writes the SCIM 2.0 face: scim2-client, which checks every answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.running import Running
from tests.sandbox.scim.api import TOKEN
from tests.scim_over_requests import ForeignClient

scim2_models = pytest.importorskip("scim2_models")


@pytest.fixture
def tidy() -> Iterator[Running]:
    """Serve 60 well-formed people; the client fails a page for one odd record."""
    with Running(people=60, seed=7, odd=False) as sandbox:
        yield sandbox


@pytest.fixture
def client(tidy: Running) -> ForeignClient:
    """Discover a sandbox of one's own."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
    client = ForeignClient(f"{tidy.url}/scim/v2", headers, requests.Session())
    client.discover()
    return client


def test_it_discovers_and_lists_everybody(tidy: Running, client: ForeignClient) -> None:
    """Schemas make models, and every user and group fits its model."""
    user, group = client.get_resource_model("User"), client.get_resource_model("Group")
    found: list[Any] = []
    while True:
        search = scim2_models.SearchRequest(start_index=len(found) + 1, count=25)
        page = client.query(user, query_parameters=search)
        found += page.resources
        if len(found) >= page.total_results:
            break

    assert [row.user_name for row in found] == [p.login for p in tidy.world.company.people.values()]
    groups = client.query(group).resources
    assert {row.display_name: len(row.members or []) for row in groups} == {
        name: len(held.members) for name, held in tidy.world.company.groups.items()
    }


def test_it_writes(tidy: Running, client: ForeignClient) -> None:
    """Create, replace, refuse a duplicate, delete: every answer is checked by the client's models."""
    user = client.get_resource_model("User")
    made = client.create(user.model_validate({"userName": "zed@acme.test", "active": True}))
    made.title = "Captain"

    assert client.replace(made).title == "Captain"
    assert tidy.world.company.find("zed@acme.test").title == "Captain"
    with pytest.raises(scim2_models.UniquenessException):
        client.create(user.model_validate({"userName": "zed@acme.test"}))
    client.delete(user, made.id)
    with pytest.raises(LookupError):
        tidy.world.company.find("zed@acme.test")
