"""The SCIM 1.1 face: its schemas, errors, partial changes and XML; judged by a vendor's suite."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
import requests

from sandbox.running import Running
from sandbox.scim.rows import user_id, user_number
from tests.sandbox.scim.api import TOKEN, Scim
from tests.sandbox.scim.okta_suite import CHECKS, run
from tests.sandbox.specs import FOLDER

CORE = "urn:scim:schemas:core:1.0"
ENTERPRISE = "urn:scim:schemas:extension:enterprise:1.0"
SUITE = FOLDER / "idp-okta-scim11-spec-test.json"
NS = {"s": CORE, "e": ENTERPRISE}


@pytest.fixture(scope="module")
def suite() -> dict[str, Any]:
    """Load the vendor's suite."""
    if not SUITE.exists():
        pytest.skip(f"the suite {SUITE.name} is not beside the project")
    loaded: dict[str, Any] = orjson.loads(SUITE.read_bytes())
    return loaded


@pytest.fixture
def scim(fresh: Running) -> Scim:
    """Call a sandbox of one's own."""
    return Scim(fresh, "v1")


@pytest.fixture
def ada(scim: Scim) -> str:
    """Hire Ada and return her path."""
    body = {
        "schemas": [CORE, ENTERPRISE],
        "userName": "ada@acme.test",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@acme.test", "type": "work", "primary": True}],
        "title": "Countess",
        "nickName": "Al",
        ENTERPRISE: {"department": "IT", "division": "X"},
    }
    return f"/Users/{scim('POST', '/Users', body).json()['id']}"


def test_the_vendors_suite_holds(fresh: Running, suite: dict[str, Any]) -> None:
    """Every step of the suite, every assertion of it."""
    told = run(suite, f"{fresh.url}/scim/v1", f"Bearer {TOKEN}")

    assert told.failures == []
    assert told.steps == sum(step["step_type"] == "request" for step in suite["steps"])
    assert told.assertions > 80


def test_the_suite_judges(fresh: Running, suite: dict[str, Any]) -> None:
    """A server of SCIM 2.0 fails it in many places, and each comparison it uses is known."""
    told = run(suite, f"{fresh.url}/scim/v2", f"Bearer {TOKEN}")

    assert len(told.failures) > 10
    used = {check["comparison"] for step in suite["steps"] for check in step.get("assertions", [])}
    assert used <= set(CHECKS)


def test_lists_and_errors_have_the_old_shape(scim: Scim) -> None:
    """Core schemas on lists and users; errors in a list, the code as text."""
    body = scim("GET", "/Users", count=1).json()
    error = scim("GET", "/Users/nobody")

    assert CORE in body["schemas"]
    assert body["Resources"][0]["schemas"][:2] == [CORE, ENTERPRISE]
    assert "resourceType" not in body["Resources"][0]["meta"]
    assert error.json()["Errors"] == [{"description": "Resource nobody not found.", "code": "404"}]
    assert scim("GET", "/ServiceProviderConfig").status_code == 404
    assert scim("GET", "/ServiceProviderConfigs").json()["etag"] == {"supported": True}


def test_a_partial_user_changes_what_it_says(scim: Scim, ada: str) -> None:
    """What is present replaces, complex attributes merge, `meta.attributes` deletes."""
    change = {
        "schemas": [CORE],
        "meta": {"attributes": ["nickName", "name.givenName", f"{ENTERPRISE}:division"]},
        "title": "Lady",
        "name": {"familyName": "King"},
        "emails": [{"value": "lady@acme.test", "type": "work", "primary": True}],
        ENTERPRISE: {"department": "Legal"},
        "active": False,
    }

    changed = scim("PATCH", ada, change).json()

    assert (changed["title"], changed["active"]) == ("Lady", False)
    assert changed["name"] == {"formatted": "King", "familyName": "King"}
    assert "nickName" not in changed
    assert (changed[ENTERPRISE]["department"], "division" in changed[ENTERPRISE]) == ("Legal", False)
    assert changed["emails"] == [{"value": "lady@acme.test", "type": "work", "primary": True}]


def test_members_are_added_and_deleted_one_by_one(scim: Scim) -> None:
    """A member alone is added, one with `operation: delete` removed; the others stay."""
    members = [{"value": user_id(n)} for n in (1, 2, 3)]
    made = scim("POST", "/Groups", {"displayName": "crew", "members": members}).json()
    change = {"members": [{"value": user_id(2), "operation": "delete"}, {"value": user_id(9)}]}

    changed = scim("PATCH", f"/Groups/{made['id']}", change)

    assert changed.status_code == 200
    assert {user_number(m["value"]) for m in changed.json()["members"]} == {1, 3, 9}


def test_the_same_name_is_a_conflict(scim: Scim, ada: str) -> None:
    """A second user of a name is 409 in the old shape."""
    answer = scim("POST", "/Users", {"userName": "ada@acme.test"})

    assert (answer.status_code, answer.json()["Errors"][0]["code"]) == (409, "409")


def test_a_user_in_xml(scim: Scim, ada: str) -> None:
    """Accept decides; extensions have a namespace, lists have elements of one."""
    answer = scim("GET", ada, headers={"Accept": "application/xml"})

    top = ET.fromstring(answer.content)
    assert answer.headers["content-type"] == "application/xml"
    assert top.tag == f"{{{CORE}}}User"
    assert top.findtext("s:name/s:givenName", namespaces=NS) == "Ada"
    assert top.findtext("s:emails/s:email/s:value", namespaces=NS) == "ada@acme.test"
    assert top.findtext("e:department", namespaces=NS) == "IT"
    assert top.findtext("s:active", namespaces=NS) == "true"


def test_lists_and_errors_in_xml(scim: Scim) -> None:
    """A response of resources, and one of errors."""
    xml = {"Accept": "application/xml"}
    users = ET.fromstring(scim("GET", "/Users", headers=xml, count=3).content)
    group = ET.fromstring(scim("GET", "/Groups", headers=xml, count=1).content)
    error = ET.fromstring(scim("GET", "/Users/nobody", headers=xml).content)

    assert len(users.findall("s:Resources/s:Resource", NS)) == 3
    assert int(users.findtext("s:totalResults", "0", NS)) > 60
    assert group.findall("s:Resources/s:Resource/s:members/s:member/s:value", NS)
    assert error.findtext("s:Errors/s:Error/s:code", namespaces=NS) == "404"


def test_a_user_sent_in_xml(scim: Scim, fresh: Running) -> None:
    """What is sent as XML is made like what is sent as JSON; what is no XML is refused."""
    document = (
        f'<User xmlns="{CORE}" xmlns:e="{ENTERPRISE}"><userName>zed@acme.test</userName>'
        "<name><givenName>Zed</givenName></name><active>false</active>"
        "<emails><email><value>zed@acme.test</value></email></emails><e:department>IT</e:department></User>"
    )
    url, headers = (
        f"{fresh.url}/scim/v1/Users",
        {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/xml"},
    )

    made = requests.post(url, data=document, headers=headers, timeout=10).json()

    assert (made["name"]["givenName"], made["active"]) == ("Zed", False)
    assert made[ENTERPRISE]["department"] == "IT"
    assert requests.post(url, data="<User", headers=headers, timeout=10).status_code == 400
