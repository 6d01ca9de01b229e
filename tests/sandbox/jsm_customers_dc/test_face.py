"""The server as a client of others' making sees it: atlassian-python-api, with its experimental header."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from atlassian import ServiceDesk
from requests import HTTPError

from sandbox.jsm_customers_dc.state import server
from sandbox.kit.datacenter_wire import TOKEN
from sandbox.running import Running


@pytest.fixture
def site() -> Iterator[Running]:
    """Serve thirty people to a test that may change them."""
    with Running(people=30, seed=4) as sandbox:
        yield sandbox


@pytest.fixture
def client(site: Running) -> ServiceDesk:
    """Return a client that signs in as the administrator."""
    return ServiceDesk(url=f"{site.url}/desk", token=TOKEN)


def test_a_customer_is_made_put_in_and_taken_out(site: Running, client: ServiceDesk) -> None:
    """By user name, in desks and in organisations; what a listing shows follows."""
    made = client.create_customer("Nina New", "nina@partner.test")
    desk = next(one["id"] for one in client.get_service_desks() if one["projectKey"] == "SUP")
    organisation = client.create_organization("Newcomers")["id"]

    client.add_customers(desk, [made["name"]])
    client.add_users_to_organization(organisation, [made["name"]])
    client.add_organization(desk, int(organisation))

    assert [made["key"]] == [one["key"] for one in client.get_customers(desk, query="nina")["values"]]
    assert [made["key"]] == [one["key"] for one in client.get_users_in_organization(organisation)["values"]]
    assert "Newcomers" in [one["name"] for one in client.get_organisations(desk)["values"]]
    client.remove_customers(desk, [made["name"]])
    client.remove_users_from_organization(organisation, [made["name"]])
    client.remove_organization(desk, int(organisation))
    assert client.get_customers(desk, query="nina")["values"] == []
    assert client.get_users_in_organization(organisation)["values"] == []
    assert "Newcomers" not in [one["name"] for one in client.get_organisations(desk)["values"]]


def test_refusals(site: Running, client: ServiceDesk) -> None:
    """A known address, an unknown user, an open desk; and an experiment asks to be named as such."""
    known = next(iter(server(site.world).jira.accounts.values())).email
    desks = {one["projectKey"]: one["id"] for one in client.get_service_desks()}
    with pytest.raises(HTTPError):
        client.create_customer("Again", known)
    with pytest.raises(HTTPError):
        client.add_customers(desks["SUP"], ["nobody"])
    with pytest.raises(HTTPError):
        client.remove_customers(desks["IT"], [known])

    url = f"{site.url}/desk/rest/servicedeskapi/servicedesk/{desks['SUP']}/customer"
    plain = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert plain.status_code == 412
    assert requests.get(url, timeout=10).status_code == 401
