"""The scim source reads a server we did not write: scim2-server, over HTTP on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pandas as pd
import pytest
import requests

from provisioning.model import frames
from provisioning.model.merge import merged
from provisioning.model.snapshots import SourceSnapshot
from sources.scim.source import Scim, ScimOptions
from transport.door import Door

memory = pytest.importorskip("scim2_server.memory")
PEOPLE, TEAMS = 130, 9
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Quiet(WSGIRequestHandler):
    """Answers without a word on the terminal."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server:
    """One scim2-server with people and teams in it, filled through its own API."""

    def __init__(self, *, cursor: bool) -> None:
        """Start on a free port."""
        from scim2_models import Pagination
        from scim2_server.service import ScimService
        from scim2_server.testserver.application import BearerTokenApplication
        from scim2_server.testserver.cli import ThreadingWSGIServer
        from scim2_server.utils import load_default_provider

        provider = load_default_provider()
        if cursor:
            provider.config.pagination = Pagination(
                cursor=True, index=True, default_pagination_method="index", max_page_size=40
            )
        service = ScimService(provider, secret="a secret for cursors")
        app = BearerTokenApplication(memory.InMemoryStorage(), provider, service=service, bearer_tokens=["t"])
        self.http = make_server("127.0.0.1", 0, app, ThreadingWSGIServer, Quiet)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v2"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.ids = [self._post("/Users", _user(n)) for n in range(PEOPLE)]
        self.teams = [self._post("/Groups", self._team(n)) for n in range(TEAMS)]
        inner = [{"value": self.teams[0], "type": "Group"}, {"value": self.ids[-1], "type": "User"}]
        self.outer = self._post("/Groups", {"displayName": "outer", "members": inner})

    def _team(self, n: int) -> dict[str, Any]:
        return {
            "displayName": f"team-{n}",
            "members": [{"value": i, "type": "User"} for i in self.ids[n::TEAMS]],
        }

    def _post(self, path: str, body: dict[str, Any]) -> str:
        kind = "User" if path == "/Users" else "Group"
        schemas = [f"urn:ietf:params:scim:schemas:core:2.0:{kind}", *(name for name in body if ":" in name)]
        headers = {"Authorization": "Bearer t", "Connection": "close"}
        reply = requests.post(self.url + path, json={"schemas": schemas, **body}, headers=headers, timeout=10)
        reply.raise_for_status()
        made: str = reply.json()["id"]
        return made

    def change(self, path: str, operation: dict[str, Any]) -> None:
        """Patch a user or a group."""
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        headers = {"Authorization": "Bearer t", "Connection": "close"}
        body = {"schemas": schemas, "Operations": [operation]}
        requests.patch(self.url + path, json=body, headers=headers, timeout=10).raise_for_status()


def _user(n: int) -> dict[str, Any]:
    return {
        "userName": f"p{n}",
        "name": {"givenName": f"G{n}", "familyName": f"F{n}"},
        "emails": [
            {"value": f"home{n}@x.test", "type": "home"},
            {"value": f"p{n}@acme.test", "primary": True},
        ],
        "active": n % 5 != 0,
        ENTERPRISE: {"department": f"D{n % 3}", "costCenter": f"C{n}", "employeeNumber": str(n)},
    }


@pytest.fixture(scope="module", params=[False, True], ids=["index", "cursor"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Serve it by index alone, and with cursors."""
    running = Server(cursor=request.param)
    yield running
    running.http.shutdown()
    running.http.server_close()


def scim(server: Server, **options: Any) -> Scim:
    return Scim("foreign", ScimOptions(url=server.url, token="t", workers=2, **options), Door())


def people(source: Scim) -> pd.DataFrame:
    return frames.concat(frames.Identities, [page.frame for page in source.identities()])


def groups(source: Scim) -> pd.DataFrame:
    return frames.concat(frames.Memberships, [page.frame for page in source.memberships()])


@pytest.mark.parametrize("size", [1000, 25, 7])
def test_everybody_comes_on_pages_of_any_size(server: Server, size: int) -> None:
    """Each user once, with every attribute in its column."""
    found = people(scim(server, page_size=size)).set_index("user_name")

    assert set(found["source_id"]) == set(server.ids)
    row = found.loc["p6"]
    assert (row["email"], row["given_name"], row["family_name"]) == ("p6@acme.test", "G6", "F6")
    assert (row["department"], row["cost_center"], row["employee_number"]) == ("D0", "C6", "6")
    assert {"suspended"} == set(found.loc[[f"p{n}" for n in range(0, PEOPLE, 5)], "state"])
    assert found["created_on"].notna().all()


def test_a_filter_reads_a_part(server: Server) -> None:
    """The server's own filters are passed on."""
    found = people(scim(server, filter=f'{ENTERPRISE}:department eq "D1" and active eq true', page_size=10))

    assert set(found["user_name"]) == {f"p{n}" for n in range(PEOPLE) if n % 3 == 1 and n % 5}


@pytest.mark.parametrize("way", ["auto", "inline", "one_by_one"])
def test_groups_come_with_members_and_groups_inside(server: Server, way: str) -> None:
    """Direct members, and those through a group with its name as the path."""
    pages = list(scim(server, members=way, page_size=4).memberships())

    found = frames.concat(frames.Memberships, [page.frame for page in pages])
    direct = found[found["direct"]]
    for n in range(TEAMS):
        assert set(direct.loc[direct["group_name"] == f"team-{n}", "source_id"]) == set(server.ids[n::TEAMS])
    through = found[found["path"] == "team-0"]
    assert set(through["source_id"]) == set(server.ids[0::TEAMS]) - {server.ids[-1]}
    assert {"outer"} == set(through["group_name"])


def test_changes_are_told(server: Server) -> None:
    """The server filters by meta.lastModified: a delta laid over a whole read is a whole read."""
    source = scim(server, page_size=50)
    mark = source.checkpoint()
    assert mark is not None
    before = SourceSnapshot("foreign", datetime.now(UTC), True, people(source), groups(source))
    server.change(f"/Users/{server.ids[0]}", {"op": "replace", "path": "title", "value": "Chief"})
    member = {"value": server.ids[1], "type": "User"}
    server.change(f"/Groups/{server.outer}", {"op": "add", "path": "members", "value": [member]})

    after = merged(before, source.delta(mark, before), datetime.now(UTC))

    assert "Chief" in set(after.identities["title"])
    for found, key in ((people, ["source_id"]), (groups, ["group_id", "source_id"])):
        part = "identities" if found is people else "memberships"
        now = found(source).sort_values(key, ignore_index=True)
        told = getattr(after, part).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(now, told)


def test_check_tells_how_it_pages(server: Server) -> None:
    """The server's own configuration is understood."""
    findings = scim(server).check()

    assert {"ok"} == {finding.level for finding in findings}
    assert findings[0].message in ("speaks SCIM 2.0, pages by index", "speaks SCIM 2.0, pages by cursor")
