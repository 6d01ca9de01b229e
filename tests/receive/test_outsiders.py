"""Judges we did not write: a validator, a client, a server with the same requests, and Okta's own suites."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from scim2_models import SearchRequest, UniquenessException
from scim2_tester import Status, check_server

from tests.receive.service import Service
from tests.sandbox.scim.okta_suite import run
from tests.scim_over_requests import ForeignClient

SHARED = Path(__file__).resolve().parents[3] / "shared"


def foreign_client(service: Service) -> ForeignClient:
    """scim2-client with the token of a connection."""
    headers = {"Authorization": f"Bearer {service.tokens['idp']}"}
    return ForeignClient(service.base(), headers, service.session)


def test_scim2_tester_finds_nothing(service: Service) -> None:
    """Its checks of discovery, of every verb and of every attribute's add, replace and remove."""
    client = foreign_client(service)
    client.discover()

    results = check_server(client)

    assert [f"{one.title}: {one.reason}" for one in results if one.status is Status.ERROR] == []
    assert sum(one.status is Status.SUCCESS for one in results) > 100


def test_scim2_client_works_with_it(service: Service) -> None:
    """It checks every answer against the schemas the service tells."""
    client = foreign_client(service)
    client.discover()
    user, group = client.get_resource_model("User"), client.get_resource_model("Group")
    made = client.create(user.model_validate({"userName": "zed@acme.test", "title": "Mate"}))
    team = client.create(group.model_validate({"displayName": "crew", "members": [{"value": made.id}]}))
    made.title = "Captain"

    assert client.replace(made).title == "Captain"
    assert [one.value for one in client.query(group, team.id).members] == [made.id]
    found = client.query(user, query_parameters=SearchRequest(filter='userName eq "ZED@acme.test"'))
    assert [one.id for one in found.resources] == [made.id]
    with pytest.raises(UniquenessException):
        client.create(user.model_validate({"userName": "zed@acme.test"}))
    client.delete(user, made.id)
    assert client.query(group, team.id).members in (None, [])


@pytest.mark.parametrize(
    ("version", "name"), [(2, "idp-okta-scim20-spec-test"), (1, "idp-okta-scim11-spec-test")]
)
def test_okta_s_suites(service: Service, version: int, name: str) -> None:
    """The vendor's own lists of requests and assertions; the first test wants somebody to be there."""
    path = SHARED / "specs" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the suite {name} is not beside the project")
    service.add_user(
        name={"givenName": "Ada", "familyName": "Byron"},
        emails=[{"value": "ada@acme.test", "primary": True, "type": "work"}],
    )
    service.add_group()

    told = run(json.loads(path.read_text()), service.base(version=version), f"Bearer {service.tokens['idp']}")

    assert told.failures == []
    assert told.assertions > 40


class _Replay:
    """What the replay of real requests takes for an application: it is asked over HTTP."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        names = {"HTTP_IF_MATCH": "If-Match", "CONTENT_TYPE": "Content-Type"}
        headers = {header: environ[key] for key, header in names.items() if environ.get(key)}
        headers["Authorization"] = f"Bearer {self._service.tokens['idp']}"
        reply = requests.request(
            environ["REQUEST_METHOD"],
            f"{self._service.url}/idp/scim{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}",
            data=environ["wsgi.input"].read(),
            headers=headers,
            timeout=30,
        )
        # waitress writes the names of headers in its own case, which means nothing.
        told = [("ETag" if name == "Etag" else name, value) for name, value in reply.headers.items()]
        start(f"{reply.status_code} {reply.reason}", told)
        return [reply.content]


def test_the_replay_of_real_requests(service: Service) -> None:
    """Each of the 61 shapes is answered as its sender expects, with its effect."""
    path = SHARED / "scim-inbound" / "replay.py"
    if not path.exists():
        pytest.skip("the replay of real requests is not beside the project")
    replay = runpy.run_path(str(path))
    replay["run"].__globals__["app"] = lambda _policy: (_Replay(service), None)

    with redirect_stdout(StringIO()) as said:
        replay["run"](None, "service")

    assert said.getvalue() == "== service: 61/61\n"


@pytest.fixture
def oracle() -> Iterator[str]:
    """Address of a scim2-server of our own, which takes what the standard allows."""
    from wsgiref.simple_server import make_server

    from scim2_server.memory import InMemoryStorage
    from scim2_server.testserver.application import BearerTokenApplication
    from scim2_server.testserver.cli import ThreadingWSGIServer
    from scim2_server.utils import load_default_provider

    from tests.sources.scim.test_foreign import Quiet

    app = BearerTokenApplication(InMemoryStorage(), load_default_provider(), bearer_tokens=["t"])
    server = make_server("127.0.0.1", 0, app, ThreadingWSGIServer, Quiet)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v2"
    server.shutdown()
    server.server_close()


def test_scim2_server_keeps_the_same(service: Service, oracle: str) -> None:
    """The same requests, all within the standard, leave the same users and members in both."""
    ours = _drive(service.base(), service.tokens["idp"])
    theirs = _drive(oracle, "t")

    assert len(ours["Users"]) == 19
    assert theirs == ours


def _drive(base: str, token: str) -> dict[str, Any]:
    """Send a life of users and groups; return what is there, identifiers replaced by names."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"})

    def send(method: str, path: str, body: Any = None) -> Any:
        reply = session.request(method, base + path, data=json.dumps(body) if body else None, timeout=30)
        assert reply.ok, reply.text
        return reply.json() if reply.content else None

    people = [send("POST", "/Users", _person(number))["id"] for number in range(20)]
    team = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]}
    groups = [
        send("POST", "/Groups", {**team, "displayName": f"g{number}", "members": _named(people[number::3])})[
            "id"
        ]
        for number in range(3)
    ]
    for path, operations in _changes(people, groups):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
        send("PATCH", path, body)
    send("PUT", f"/Users/{people[7]}", {**_person(7), "title": "Master", "active": False})
    send("DELETE", f"/Groups/{groups[2]}")
    for group in groups[:2]:
        send("PATCH", f"/Groups/{group}", _leave(people[19]))
    send("DELETE", f"/Users/{people[19]}")
    names = {identifier: number for number, identifier in enumerate(people)}
    told = {kind: send("GET", f"/{kind}?count=100")["Resources"] for kind in ("Users", "Groups")}
    session.close()
    return {
        kind: {row.get("userName") or row["displayName"]: _comparable(row, names) for row in rows}
        for kind, rows in told.items()
    }


def _leave(member: str) -> dict[str, Any]:
    operations = [{"op": "remove", "path": f'members[value eq "{member}"]'}]
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}


def _person(number: int) -> dict[str, Any]:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
        "userName": f"p{number}@acme.test",
        "active": True,
        "name": {"givenName": f"G{number}", "familyName": f"F{number}"},
        "emails": [{"value": f"p{number}@acme.test", "type": "work", "primary": True}],
        enterprise: {"department": f"D{number % 3}", "employeeNumber": str(number)},
    }


def _named(ids: list[str]) -> list[dict[str, str]]:
    return [{"value": one} for one in ids]


def _changes(people: list[str], groups: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """PATCHes of every form that the standard itself has."""
    yield f"/Users/{people[0]}", [{"op": "replace", "value": {"active": False, "title": "Sir"}}]
    yield f"/Users/{people[1]}", [{"op": "replace", "path": "name.givenName", "value": "Gina"}]
    yield (
        f"/Users/{people[2]}",
        [
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "two@acme.test"},
            {"op": "add", "path": "emails", "value": [{"value": "home@acme.test", "type": "home"}]},
        ],
    )
    yield f"/Users/{people[3]}", [{"op": "remove", "path": "name.familyName"}]
    yield f"/Users/{people[4]}", [{"op": "remove", "path": 'emails[type eq "work"]'}]
    yield (
        f"/Users/{people[5]}",
        [
            {
                "op": "replace",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "value": "D9",
            }
        ],
    )
    yield f"/Groups/{groups[0]}", [{"op": "add", "path": "members", "value": _named(people[:5])}]
    yield f"/Groups/{groups[0]}", [{"op": "remove", "path": f'members[value eq "{people[0]}"]'}]
    yield f"/Groups/{groups[1]}", [{"op": "replace", "path": "members", "value": _named(people[10:13])}]
    yield f"/Groups/{groups[1]}", [{"op": "replace", "path": "displayName", "value": "renamed"}]


def _comparable(row: dict[str, Any], names: dict[str, int]) -> dict[str, Any]:
    left = {
        key: value for key, value in row.items() if key not in ("id", "meta", "groups", "schemas", "members")
    }
    return {**left, "members": sorted(names[one["value"]] for one in row.get("members", []))}
