"""The service in a thread, over real HTTP, with a token for each of its connections."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Self

import requests

from ledger import Inbox
from receive import Connection, make_app
from receive.server import Server

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Service:
    """A running service; requests go to the first connection with its token unless told otherwise.

    Attributes:
        inbox: what it keeps.
        tokens: by connection.
        url: scheme, host and port.
    """

    def __init__(self, ledger: str, *connections: Connection) -> None:
        self.inbox = Inbox.open(ledger)
        self.connections = connections or (Connection("idp"),)
        now = datetime.now(UTC)
        self.tokens = {one.name: self.inbox.make_token(one.name, now) for one in self.connections}
        self._server = Server(make_app(self.inbox, self.connections))
        self.url = f"http://{self._server.address}"
        self.session = requests.Session()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.run, name="receive", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        self._server.stop()
        self._thread.join(20)
        self.inbox.close()

    def base(self, name: str | None = None, version: int = 2) -> str:
        return f"{self.url}/{name or self.connections[0].name}/scim/v{version}"

    def send(
        self, method: str, path: str, body: Any = None, *, version: int = 2, **more: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens[self.connections[0].name]}"}
        headers |= more.pop("headers", {})
        return self.session.request(
            method, self.base(version=version) + path, json=body, headers=headers, timeout=30, **more
        )

    def patch(self, path: str, *operations: dict[str, Any]) -> requests.Response:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def add_user(self, user_name: str = "ada@acme.test", **more: Any) -> str:
        reply = self.send("POST", "/Users", {"schemas": [CORE], "userName": user_name, **more})
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def add_group(self, name: str = "atl-jira", *members: str) -> str:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": one} for one in members]}
        reply = self.send("POST", "/Groups", body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def user(self, identifier: str) -> dict[str, Any]:
        return dict(self.send("GET", f"/Users/{identifier}").json())

    def members(self, group: str) -> list[str]:
        return [one["value"] for one in self.send("GET", f"/Groups/{group}").json().get("members", [])]

    def count(self, kind: str, filter_: str, **more: str) -> int:
        reply = self.send("GET", f"/{kind}", params={"filter": filter_, **more})
        assert reply.status_code == 200, reply.text
        return int(reply.json()["totalResults"])
